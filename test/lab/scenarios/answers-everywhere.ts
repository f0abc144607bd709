/** Whether a hostname is served yet. */
import { setTimeout as sleep } from "node:timers/promises";
import { rawRequest } from "../../envoy/raw-request.ts";
import { doorsOf } from "../gateway/gateway.ts";
import type { Laboratory } from "../laboratory.ts";

const BOUND_MS = 60_000;

/** Fulfilled when every proxy has answered 200 for it. @throws when that takes a minute. */
export async function answersEverywhere({ gateway }: Pick<Laboratory, "gateway">, hostname: string): Promise<void> {
  await Promise.all(
    doorsOf(gateway).map(async (door) => {
      const asking = `GET / HTTP/1.1\nHost: ${hostname}\nUser-Agent: lab/probe\nConnection: close\n\n`;
      for (const end = performance.now() + BOUND_MS; ; await sleep(50)) {
        const { status } = await rawRequest(door.port, asking);
        if (status === 200) return;
        if (performance.now() > end) throw new Error(`${door.name} answers ${status} for ${hostname} after a minute`);
      }
    }),
  );
}
