/** The cure for poisoned scopes. */
import { encode } from "../codec/encode.ts";
import type { WholeResource } from "../codec/resource.ts";
import { SCOPE_TYPE } from "./names.ts";

/**
 * The same scope in other bytes; undefined for any other type. Good scopes of a response that Envoy rejected for a bad one are remembered by their bytes: sent
 * again alike they are acknowledged and still answer 404 (measured on 1.36.2 and 1.40.0). Encodings of one message can be appended to each other, and the
 * metadata that is appended here means nothing to anybody.
 */
export function rewordedScope({ type, bytes }: WholeResource, attempt: number): Uint8Array | undefined {
  if (type !== SCOPE_TYPE) return undefined;
  const fields = { attempt: { numberValue: attempt } };
  const more = encode("envoy.config.route.v3.ScopedRouteConfiguration", {
    routeConfiguration: { metadata: { filterMetadata: { signalbox: { fields } } } },
  });
  const reworded = new Uint8Array(bytes.length + more.length);
  reworded.set(bytes);
  reworded.set(more, bytes.length);
  return reworded;
}
