/** Proxies by the hundred. A child process (see remote.ts). */
import { openProxy } from "./proxy-stream.ts";
import { answer } from "./remote.ts";

export type ProxiesCalls = {
  /** Resolves when each has acknowledged everything there is. */
  readonly open: (what: {
    readonly xdsPort: number;
    readonly count: number;
    readonly layout: "rds" | "scoped";
  }) => Promise<void>;
};

/** Connected at a time: a thousand at once would measure this process. */
const AT_ONCE = 20;

answer<ProxiesCalls>({
  open: async ({ xdsPort, count, layout }) => {
    for (let from = 0; from < count; from += AT_ONCE)
      await Promise.all(
        Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, i) =>
          openProxy(xdsPort, `proxy-${from + i}`, layout),
        ),
      );
  },
});
