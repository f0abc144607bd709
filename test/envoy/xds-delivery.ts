/** Resources handed to an Envoy by the real xDS server, over any transport. */
import type { Resource, ResourceChange } from "../../src/codec/resource.ts";
import { type BootstrapTransport, bootstrapOf } from "../../src/envoy/bootstrap.ts";
import { rewordedScope } from "../../src/envoy/reworded-scope.ts";
import { XdsServer } from "../../src/xds/server.ts";
import { ResourceStore } from "../../src/xds/store.ts";
import type { Delivery } from "./file-delivery.ts";

/** Removed clusters go at once (no grace), so that rows which take something away need not wait. */
export async function xdsDelivery(transport: BootstrapTransport): Promise<Delivery> {
  const store = new ResourceStore();
  const server = new XdsServer({ assign: () => ({ fleet: "test", store }), graceMs: 0, reword: rewordedScope });
  const listening = await server.listen("127.0.0.1:0");
  if ("cause" in listening) throw new Error(listening.cause);
  let held: readonly Resource[] = [];
  return {
    bootstrap: bootstrapOf({
      fleet: "test",
      nodeId: "test",
      nodeCluster: "test",
      xdsAddress: `127.0.0.1:${listening.port}`,
      adminAddress: "127.0.0.1:0",
      transport,
      tls: undefined,
      probeAddress: undefined,
    }),
    deliver: async (resources) => {
      const now = new Set(resources.map(keyOf));
      const gone = held.filter((resource) => !now.has(keyOf(resource)));
      const changes: ResourceChange[] = [
        ...resources.map((put) => ({ put })),
        ...gone.map(({ type, name, ...more }) => ({
          remove: { type, name, ...("of" in more ? { of: more.of } : {}) },
        })),
      ];
      held = resources;
      store.apply(changes);
      if (!store.complete) store.markComplete();
    },
    stop: () => server.close(0),
  };
}

const keyOf = ({ type, name, ...more }: Resource): string => `${type} ${"of" in more ? more.of : ""} ${name}`;
