/** A request that no correct client sends. Its stream is ended with these words; the process and the other streams go on. */
import type { LimitName } from "../limits.ts";

export class Garbage extends Error {}

/** A request that asks for more than one client may have. */
export class OverLimit extends Garbage {
  readonly limit: LimitName;

  constructor(limit: LimitName, message: string) {
    super(message);
    this.limit = limit;
  }
}
