// A small xDS server on go-control-plane, as its users write one, to be measured beside Signalbox: delta ADS over a MuxCache of LinearCaches.
//
// LinearCache and not SnapshotCache, since that is kinder to it here: a new snapshot has its versions compared resource by resource for every stream.
//
// Records come on standard input: four bytes of length, one of kind, then a resource as Envoy's protobuf. Kinds c, e, l and s hold a resource that is
// there at the start, E an assignment that changed, and G says that all of the start was told. Lines on standard output answer: "port N" after G,
// "at NANOSECONDS" (CLOCK_MONOTONIC) when a change is given to the cache.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"os"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

var typeOf = map[byte]string{
	'c': resource.ClusterType,
	'e': resource.EndpointType,
	'l': resource.ListenerType,
	's': resource.ScopedRouteType,
}

func messageOf(kind byte) types.Resource {
	switch kind {
	case 'c':
		return &clusterv3.Cluster{}
	case 'e', 'E':
		return &endpointv3.ClusterLoadAssignment{}
	case 'l':
		return &listenerv3.Listener{}
	default:
		return &routev3.ScopedRouteConfiguration{}
	}
}

func main() {
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	start := map[byte]map[string]types.Resource{'c': {}, 'e': {}, 'l': {}, 's': {}}
	for {
		kind, body := next(input)
		if kind == 'G' {
			break
		}
		message := decoded(kind, body)
		start[kind][cache.GetResourceName(message)] = message
	}
	caches := map[string]cache.Cache{}
	linear := map[byte]*cache.LinearCache{}
	for kind, url := range typeOf {
		linear[kind] = cache.NewLinearCache(url, cache.WithInitialResources(start[kind]))
		caches[url] = linear[kind]
	}
	start = nil
	mux := &cache.MuxCache{
		Classify:      func(request *cache.Request) string { return request.GetTypeUrl() },
		ClassifyDelta: func(request *cache.DeltaRequest) string { return request.GetTypeUrl() },
		Caches:        caches,
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	grpcServer := grpc.NewServer(grpc.MaxRecvMsgSize(64 << 20))
	discoveryv3.RegisterAggregatedDiscoveryServiceServer(grpcServer, server.NewServer(context.Background(), mux, nil))
	go func() { must(grpcServer.Serve(listener)) }()
	fmt.Printf("port %d\n", listener.Addr().(*net.TCPAddr).Port)
	for {
		kind, body := next(input)
		message := decoded(kind, body)
		var now unix.Timespec
		must(unix.ClockGettime(unix.CLOCK_MONOTONIC, &now))
		fmt.Printf("at %d\n", now.Nano())
		must(linear['e'].UpdateResource(cache.GetResourceName(message), message))
	}
}

// Ends the process when there is no more: whoever started it is gone.
func next(input io.Reader) (byte, []byte) {
	var head [5]byte
	if _, err := io.ReadFull(input, head[:]); err != nil {
		os.Exit(0)
	}
	body := make([]byte, binary.BigEndian.Uint32(head[:4]))
	_, err := io.ReadFull(input, body)
	must(err)
	return head[4], body
}

func decoded(kind byte, body []byte) types.Resource {
	message := messageOf(kind)
	must(proto.Unmarshal(body, message))
	return message
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
