/** Whether a hostname is served yet, and by whom. */
import { setTimeout as sleep } from "node:timers/promises";
import { rawRequest } from "../../envoy/raw-request.ts";
import { doorsOf } from "../gateway/gateway.ts";
import type { Laboratory } from "../laboratory.ts";

const BOUND_MS = 60_000;

/** Between two questions, in ms: the resolution of what is measured by it. */
const CLOSE_MS = 5;

/** Fulfilled when every proxy has answered so for it. @throws when that takes a minute. */
export async function answersEverywhere(
  lab: Pick<Laboratory, "gateway">,
  hostname: string,
  status = 200,
): Promise<void> {
  await firstAnswers(lab, { hostname, isAwaited: (answer) => answer.status === status, everyMs: 50 });
}

/** Fulfilled when every proxy has said that nobody has it; the plain proxy says of such a hostname what it says of one without replicas. */
export async function forgottenEverywhere(lab: Pick<Laboratory, "gateway">, hostname: string): Promise<void> {
  await answersEverywhere(lab, hostname, lab.gateway.name === "signalbox" ? 404 : 503);
}

/** For each proxy the ms from now on until this replica or one like it has answered. @throws when that takes a minute. */
export async function answeredBy(
  lab: Pick<Laboratory, "gateway">,
  hostname: string,
  isLike: (replica: string) => boolean,
): Promise<readonly number[]> {
  return await firstAnswers(lab, {
    hostname,
    isAwaited: ({ headers }) => isLike(headers["lab-served-by"] ?? ""),
    everyMs: CLOSE_MS,
  });
}

interface Question {
  readonly hostname: string;
  readonly isAwaited: (answer: Awaited<ReturnType<typeof rawRequest>>) => boolean;
  readonly everyMs: number;
}

async function firstAnswers(
  { gateway }: Pick<Laboratory, "gateway">,
  { hostname, isAwaited, everyMs }: Question,
): Promise<readonly number[]> {
  const asking = `GET / HTTP/1.1\nHost: ${hostname}\nUser-Agent: lab/probe\nConnection: close\n\n`;
  return await Promise.all(
    doorsOf(gateway).map(async (door) => {
      const began = performance.now();
      for (; ; await sleep(everyMs)) {
        const answer = await rawRequest(door.port, asking);
        const tookMs = performance.now() - began;
        if (isAwaited(answer)) return tookMs;
        if (tookMs > BOUND_MS)
          throw new Error(`${door.name} answers ${answer.status} for ${hostname} after a minute: ${answer.body}`);
      }
    }),
  );
}
