// The garbage collector of kube-controller-manager, by itself: the same code with the same rates, without the other controllers, whose
// compilation takes minutes. What a ReplicaSet leaves behind is deleted by it, in its order and with its delays.
package main

import (
	"context"
	"flag"
	"log"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/controller-manager/pkg/informerfactory"
	"k8s.io/kubernetes/pkg/controller/garbagecollector"
)

// kube-controller-manager's defaults: 20 workers, and twice its 20 requests per second (burst 30).
const (
	workers = 20
	qps     = 40
	burst   = 30
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "path of a kubeconfig")
	sync := flag.Duration("sync", 30*time.Second, "time between two looks for new kinds; kube-controller-manager's is 30s")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, *kubeconfig, *sync); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, kubeconfig string, sync time.Duration) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = qps, burst
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	objects, err := metadata.NewForConfig(config)
	if err != nil {
		return err
	}
	typed := informers.NewSharedInformerFactory(client, 0)
	untyped := metadatainformer.NewSharedInformerFactory(objects, 0)
	factory := informerfactory.NewInformerFactory(typed, untyped)
	started := make(chan struct{})
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client.Discovery()))
	collector, err := garbagecollector.NewGarbageCollector(
		ctx, client, objects, mapper, garbagecollector.DefaultIgnoredResources(), factory, started)
	if err != nil {
		return err
	}
	go collector.Run(ctx, workers, time.Minute)
	go collector.Sync(ctx, client.Discovery(), sync)
	factory.Start(ctx.Done())
	close(started)
	<-ctx.Done()
	return nil
}
