/** What decides over one type at one proxy. */
import type { TypeUrl } from "../../codec/resource.ts";
import type { Quota } from "../quota.ts";
import type { ResourceStore } from "../store.ts";
import type { Gate } from "./gate.ts";
import type { Bounds } from "./leaving.ts";
import type { Reword } from "./reword.ts";

/** What every pump is made of. */
export interface PumpParts {
  readonly store: ResourceStore;
  readonly gate: Gate;
  readonly bounds: Bounds;
  readonly type: TypeUrl;
  readonly reword: Reword | undefined;
  /** Names that no resource has, over all of the client's streams. */
  readonly names: Quota;
}
