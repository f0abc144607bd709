/** The process of an abused server: an XdsServer with as many hostnames as asked for, which does and tells what the test says. Run by abused-server.ts. */
import { XdsServer, type XdsServerOptions } from "../../../src/xds/server.ts";
import { ResourceStore } from "../../../src/xds/store.ts";
import { assignment, fleet, hostname } from "../resources.ts";
import type { Order, Report } from "./abused-server.ts";

const { hostnames, options }: { hostnames: number; options: Partial<XdsServerOptions> } = JSON.parse(
  process.argv[2] ?? "{}",
);
const store = new ResourceStore();
store.apply([...fleet(), ...Array.from({ length: hostnames }, (_, at) => hostname(`h${at}.test`)).flat()]);
store.markComplete();

const counts = { sent: 0, refused: 0, rejected: 0, garbage: 0, faults: 0 };
const limited: Record<string, number> = {};
const watched = new Set<(node: string) => void>();
const server = new XdsServer({
  assign: ({ node }) => (node.cluster === "stranger" ? undefined : { fleet: "edge", store }),
  observer: {
    sent: ({ node }) => {
      counts.sent += 1;
      for (const tell of watched) tell(node.id);
    },
    refused: () => {
      counts.refused += 1;
    },
    rejected: () => {
      counts.rejected += 1;
    },
    garbage: () => {
      counts.garbage += 1;
    },
    limited: (limit) => {
      limited[limit] = (limited[limit] ?? 0) + 1;
    },
    fault: (error) => {
      counts.faults += 1;
      process.stderr.write(`${String(error)}\n`);
    },
  },
  ...options,
});

/** Longer than changes that come fast are gathered (100 ms): the turns of such a wait would say nothing. */
const QUIET_MS = 150;

/** Changes one assignment, after a pause; gives the turns of the event loop until it was handed to the socket of this node, which stands for all. */
function change(content: string, node: string): Promise<number> {
  return new Promise((settle) => {
    let turns = 0;
    let done = false;
    const tell = (to: string): void => {
      if (to !== node) return;
      done = true;
      watched.delete(tell);
      settle(turns);
    };
    watched.add(tell);
    const turn = (): void => {
      turns += 1;
      if (!done) setImmediate(turn);
    };
    setImmediate(turn);
    store.apply([{ put: assignment("h0.test", content) }]);
  });
}

async function report(collected: boolean): Promise<Report> {
  // Twice, with a turn between: what a finalizer lets go of is garbage only then.
  for (let round = 0; collected && round < 2; round++) {
    await new Promise((settle) => setImmediate(settle));
    globalThis.gc?.();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    ...{ ...counts, limited, rss, retainedBytes: heapUsed + external, cpuMs: (user + system) / 1_000 },
    ...{ inFlightBytes: server.inFlightBytes, proxies: server.snapshot().length, types: store.types().length },
  };
}

process.on("message", async (order: Order) => {
  if (order.kind === "change") {
    await new Promise((settle) => setTimeout(settle, QUIET_MS));
    process.send?.({ turns: await change(order.content, order.node) });
  } else process.send?.(await report(order.collected));
});
process.on("disconnect", () => process.exit());

const bound = await server.listen("127.0.0.1:0");
process.send?.(bound);
