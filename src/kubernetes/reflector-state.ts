/** Where a reflector stands, and who moves it. */

/**
 * - `idle`: made, not started. Left by `start`, `stop` (the owner).
 * - `listing`: a complete list is under way; the last complete one still counts. Left by `listed`, `expired`, `failed` (the API server),
 *   `relist` (ourselves, when it cannot stream lists), `stop`.
 * - `watching`: one watch is open, or being opened, from the last known position. Left by `ended` (the API server, at its timeout), `expired`
 *   (also by ourselves, when its end says that its position is not to be trusted), `failed`, `relist` (the owner), `stop`.
 * - `list-due`: a wait before the next list, since a list failed or the position is lost. Left by `elapsed` (the clock), `stop`.
 * - `watch-due`: a wait before the next watch; the position is good. Left by `elapsed`, `relist`, `stop`.
 * - `stopped`: final.
 */
export type ReflectorState = "idle" | "listing" | "watching" | "list-due" | "watch-due" | "stopped";

export type ReflectorEvent = "start" | "listed" | "ended" | "expired" | "failed" | "elapsed" | "relist" | "stop";

/** "bug" throws: only we can put it right. */
// biome-ignore format: a table is read by its columns
export const NEXT: Readonly<Record<ReflectorState, Readonly<Record<ReflectorEvent, ReflectorState | "bug">>>> = {
  idle:        { start: "listing", listed: "bug",      ended: "bug",       expired: "bug",      failed: "bug",       elapsed: "bug",      relist: "idle",     stop: "stopped" },
  listing:     { start: "bug",     listed: "watching", ended: "bug",       expired: "list-due", failed: "list-due",  elapsed: "bug",      relist: "listing",  stop: "stopped" },
  watching:    { start: "bug",     listed: "bug",      ended: "watch-due", expired: "list-due", failed: "watch-due", elapsed: "bug",      relist: "listing",  stop: "stopped" },
  "list-due":  { start: "bug",     listed: "bug",      ended: "bug",       expired: "bug",      failed: "bug",       elapsed: "listing",  relist: "list-due", stop: "stopped" },
  "watch-due": { start: "bug",     listed: "bug",      ended: "bug",       expired: "bug",      failed: "bug",       elapsed: "watching", relist: "list-due", stop: "stopped" },
  stopped:     { start: "bug",     listed: "bug",      ended: "bug",       expired: "bug",      failed: "bug",       elapsed: "bug",      relist: "stopped",  stop: "stopped" },
};
