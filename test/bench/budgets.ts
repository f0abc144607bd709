/** What was promised before it was measured (ARCHITECTURE, budgets): with a cluster, on two cores. */

/** p50, p95 and p99 in ms; undefined where nothing is promised. */
export type Budget = readonly [p50: number | undefined, p95: number | undefined, p99: number | undefined];

/** From the API write to the first answer from the new place. */
export const MOVE_IDLE: Budget = [6, 10, 20];
export const MOVE_LOADED: Budget = [6, 15, 40];
/** From the write that makes it ready; layout scoped (rds has Envoy's rebuild of all virtual hosts on top). */
export const NEW_IDLE: Budget = [undefined, 20, undefined];
export const NEW_LOADED: Budget = [undefined, 40, undefined];
/** 1,000 new hostnames at once: from the last write until all are served, in ms. */
export const BURST_MS = 3_000;
/** The longest that anything may hold the event loop, in ms. */
export const BLOCK_MS = 50;
/** Of the control plane with 5,000 hostnames, in bytes: to ten proxies, and to a thousand. */
export function rssBudget(proxies: number): number {
  return (proxies > 10 ? 400 : 150) * 1024 ** 2;
}
/** Of the control plane with 5,000 hostnames and 1,000 proxies under 25 changes/s, 1 is one core. */
export const CORES = 0.5;
