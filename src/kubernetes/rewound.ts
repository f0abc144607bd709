/** A position in the future: etcd was put back to a backup whose revisions count on from then. */
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError } from "./failure.ts";
import { versionNow } from "./list.ts";
import type { WatchSource } from "./watch.ts";

/** Until the API server is asked again, where it did not answer, in ms. */
const AGAIN_MS = 5_000;

/**
 * Calls `rewound` if the resource is older now than `position`. An API server takes a watch from there with 200, and tells nothing of what happens before its revisions have
 * caught up with it, be that days (seen on 1.36.3); etcd's own remedy, to raise revisions when it is restored, has to be asked for. Positions are compared as numbers, which they
 * are (KEP-5504); where one is none, nothing is learnt. Ends with the signal of `source`.
 */
export async function lookForRewound(
  source: WatchSource,
  position: string,
  rewound: (failure: ApiError) => void,
): Promise<void> {
  while (!source.signal.aborted)
    try {
      const now = await versionNow(source);
      if (NUMBER.test(now) && NUMBER.test(position) && BigInt(now) < BigInt(position))
        rewound(rewoundFrom(source, position, now));
      return;
    } catch {
      // The watch itself tells of an API server that does not answer.
      await sleep(AGAIN_MS, undefined, { signal: source.signal }).catch(() => undefined);
    }
}

const NUMBER = /^\d+$/;

function rewoundFrom({ client, resource }: WatchSource, position: string, now: string): ApiError {
  return new ApiError({
    code: "expired",
    cause: `${resource.plural} at ${client.server} were at ${position} and are at ${now} now: its etcd was put back to an earlier time`,
    remedy: "Wait: a new list is under way",
  });
}
