/** Who holds the Lease, as one candidate sees it, and what moves that. */

/**
 * - `idle`: made, not started. Left by `start`, `stop` (the owner).
 * - `following`: somebody else holds it, or may. Left by `won` (the API server took our name), `stop`.
 * - `leading`: the API server took our name, and the renewal is not overdue. Left by `lost` (somebody else's name is in it), `expired` (by our
 *   own clock: no renewal for as long as we may go without), `stop`.
 * - `stopped`: final. What was under way may still come in.
 */
export type LeaseState = "idle" | "following" | "leading" | "stopped";

/** `failed`: the API server could not be asked, or refused; nothing is known that was not known before. */
export type LeaseEvent = "start" | "won" | "lost" | "failed" | "expired" | "stop";

/** "bug" throws: only we can put it right. */
// biome-ignore format: a table is read by its columns
export const NEXT: Readonly<Record<LeaseState, Readonly<Record<LeaseEvent, LeaseState | "bug">>>> = {
  idle:      { start: "following", won: "bug",     lost: "bug",       failed: "bug",       expired: "bug",       stop: "stopped" },
  following: { start: "bug",       won: "leading", lost: "following", failed: "following", expired: "following", stop: "stopped" },
  leading:   { start: "bug",       won: "leading", lost: "following", failed: "leading",   expired: "following", stop: "stopped" },
  stopped:   { start: "bug",       won: "stopped", lost: "stopped",   failed: "stopped",   expired: "stopped",   stop: "stopped" },
};
