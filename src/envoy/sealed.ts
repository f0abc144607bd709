/** Messages become resources: checked by Envoy's own rules, encoded, hashed. */
import { typeUrlOf } from "../codec/any.ts";
import { encode } from "../codec/encode.ts";
import type { MessageTypes } from "../codec/generated/messages.ts";
import type { MessageName } from "../codec/message-plan.ts";
import type {
  ComposedResource,
  Resource,
  ResourcePart,
  ResourceRef,
  ResourceSubject,
  WholeResource,
} from "../codec/resource.ts";
import { violations, violationText } from "../codec/validate.ts";
import { versionOf } from "../codec/version.ts";
import { ROUTES_TYPE } from "./names.ts";

/** What a resource says about itself beside its bytes. */
export interface Relations {
  readonly requires?: readonly ResourceRef[];
  readonly companion?: ResourceRef;
  readonly subject: ResourceSubject;
}

/** A resource, or the words of every rule of Envoy's that it breaks. */
export type Sealed = { readonly resource: Resource } | { readonly broken: string };

/** A resource that is sent as it is. */
export function whole<Name extends MessageName>(
  type: Name,
  name: string,
  message: MessageTypes[Name],
  relations: Relations,
): Sealed {
  return sealed(
    type,
    message,
    (bytes): WholeResource => ({
      ...encodedOf(typeUrlOf(type), name, bytes, relations),
      kind: "whole",
      companion: relations.companion,
    }),
  );
}

/** The RouteConfiguration that virtual hosts are composed into. */
export function composedRoutes(
  name: string,
  message: MessageTypes["envoy.config.route.v3.RouteConfiguration"],
  relations: Relations,
): Sealed {
  return sealed(
    "envoy.config.route.v3.RouteConfiguration",
    message,
    (bytes): ComposedResource => ({
      ...encodedOf(ROUTES_TYPE, name, bytes, relations),
      kind: "composed",
    }),
  );
}

/** A virtual host as a part: a RouteConfiguration that has nothing else is exactly the field's entry, with tag and length. */
export function virtualHostPart(
  of: string,
  name: string,
  message: MessageTypes["envoy.config.route.v3.VirtualHost"],
  relations: Relations,
): Sealed {
  return sealed(
    "envoy.config.route.v3.RouteConfiguration",
    { virtualHosts: [message] },
    (bytes): ResourcePart => ({
      ...encodedOf(ROUTES_TYPE, name, bytes, relations),
      kind: "part",
      of,
    }),
  );
}

function sealed<Name extends MessageName>(
  type: Name,
  message: MessageTypes[Name],
  resourceOf: (bytes: Uint8Array) => Resource,
): Sealed {
  const found = violations(type, message);
  if (found.length > 0) return { broken: `${type}: ${found.map(violationText).join("; ")}` };
  return { resource: resourceOf(encode(type, message)) };
}

const encodedOf = (type: string, name: string, bytes: Uint8Array, { requires = [], subject }: Relations) => ({
  type,
  name,
  version: versionOf(bytes),
  bytes,
  requires,
  subject,
});
