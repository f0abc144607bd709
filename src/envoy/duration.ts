/** Times as Envoy takes them. */
import type { Duration } from "../codec/generated/messages.ts";

/** A time in ms, whole or not, as protobuf's Duration. 0 is an explicit zero, which most of Envoy's timeouts read as "never". */
export function durationOf(ms: number): Duration {
  const seconds = Math.trunc(ms / 1_000);
  return { seconds, nanos: Math.round((ms - seconds * 1_000) * 1e6) };
}
