// An xDS client on grpc-go that tries what another gRPC implementation may see of a server, and writes one line for each.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

func main() {
	connection, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	must(err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := discoveryv3.NewAggregatedDiscoveryServiceClient(connection)
	node := &corev3.Node{Id: "grpc-go", Cluster: "test"}

	stream, err := client.DeltaAggregatedResources(ctx)
	must(err)
	must(stream.Send(&discoveryv3.DeltaDiscoveryRequest{Node: node, TypeUrl: resource.ClusterType}))
	response, err := stream.Recv()
	must(err)
	bytes := 0
	for _, one := range response.GetResources() {
		bytes += len(one.GetResource().GetValue())
	}
	fmt.Printf("delta: %d resources, %d bytes\n", len(response.GetResources()), bytes)
	must(stream.Send(&discoveryv3.DeltaDiscoveryRequest{TypeUrl: resource.ClusterType, ResponseNonce: response.GetNonce()}))
	must(stream.CloseSend())
	_, err = stream.Recv()
	fmt.Printf("half-closed: %v\n", err == io.EOF)

	sotw, err := client.StreamAggregatedResources(ctx)
	must(err)
	must(sotw.Send(&discoveryv3.DiscoveryRequest{Node: node, TypeUrl: resource.ClusterType}))
	whole, err := sotw.Recv()
	must(err)
	fmt.Printf("state of the world: %d resources\n", len(whole.GetResources()))

	cancelled, leave := context.WithCancel(ctx)
	left, err := client.DeltaAggregatedResources(cancelled)
	must(err)
	must(left.Send(&discoveryv3.DeltaDiscoveryRequest{Node: node, TypeUrl: resource.ListenerType}))
	_, err = left.Recv()
	must(err)
	leave()
	_, err = left.Recv()
	fmt.Printf("cancelled: %v\n", status.Code(err))

	err = connection.Invoke(ctx, "/test.Unknown/Method", &discoveryv3.DeltaDiscoveryRequest{}, &discoveryv3.DeltaDiscoveryResponse{})
	fmt.Printf("unknown method: %v\n", status.Code(err))

	bad, err := client.DeltaAggregatedResources(ctx)
	must(err)
	must(bad.Send(&discoveryv3.DeltaDiscoveryRequest{TypeUrl: resource.ClusterType})) // no node
	_, err = bad.Recv()
	fmt.Printf("garbage: %v\n", status.Code(err))

	large, err := client.DeltaAggregatedResources(ctx)
	must(err)
	if err := large.Send(&discoveryv3.DeltaDiscoveryRequest{Node: &corev3.Node{Id: strings.Repeat("x", 2_000_000)}, TypeUrl: resource.ClusterType}); err != nil && err != io.EOF {
		log.Fatal(err)
	}
	_, err = large.Recv()
	fmt.Printf("too large: %v\n", status.Code(err))

	must(sotw.Send(&discoveryv3.DiscoveryRequest{TypeUrl: resource.ListenerType}))
	whole, err = sotw.Recv()
	must(err)
	fmt.Printf("still served: %d resources\n", len(whole.GetResources()))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
