/** The same in other words, for clients that remember bytes they refused. */
import type { WholeResource } from "../../codec/resource.ts";

/**
 * Other bytes of the same meaning, different for every attempt (1, 2, …), or undefined if the resource needs none. For resources that are sent
 * again after a response of their type was refused: what Envoy makes of scopes in a refused response needs it (measured on 1.36.2 to 1.40.0).
 */
export type Reword = (resource: WholeResource, attempt: number) => Uint8Array | undefined;
