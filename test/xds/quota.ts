/** A quota that no test comes up against unless it means to. */
import { Quota } from "../../src/xds/quota.ts";

/** Of names that no resource has. */
export const quota = (most = 20_000): Quota => new Quota("unknownNames", most, "names that no resource has");
