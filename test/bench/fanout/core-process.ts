/** The xDS server of src/xds alone, told of changes by function calls. A child process (see remote.ts). */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Resource } from "../../../src/codec/resource.ts";
import { keepYoungGenerationSmall } from "../../../src/serve/young-generation.ts";
import { XdsServer } from "../../../src/xds/server.ts";
import { ResourceStore } from "../../../src/xds/store.ts";
import { monotonicMs } from "../clock.ts";
import { answer } from "../remote.ts";

export type CoreCalls = {
  /** Gives the port. */
  readonly start: (resources: readonly Resource[]) => Promise<number>;
  /** Gives the time of the call, on the machine's clock. */
  readonly put: (resources: readonly Resource[]) => number;
  /** Longest block of the event loop since the last question, in ms. */
  readonly blockMs: (argument: undefined) => number;
};

keepYoungGenerationSmall(); // as `signalbox serve` does
const store = new ResourceStore();
const delay = monitorEventLoopDelay({ resolution: 10 });

answer<CoreCalls>({
  start: async (resources) => {
    store.apply(resources.map((put) => ({ put })));
    store.markComplete();
    delay.enable();
    const server = new XdsServer({ assign: () => ({ fleet: "bench", store }) });
    const bound = await server.listen("127.0.0.1:0");
    if (!("port" in bound)) throw new Error(bound.cause);
    return bound.port;
  },
  put: (resources) => {
    const at = monotonicMs();
    store.apply(resources.map((put) => ({ put })));
    return at;
  },
  blockMs: () => {
    const longest = Math.max(0, delay.max / 1e6 - 10);
    delay.reset();
    return longest;
  },
});
