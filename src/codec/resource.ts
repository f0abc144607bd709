/** An encoded resource: what translators make and the xDS server sends. The server knows no more of a resource than this. */

/** A type URL, as in `type.googleapis.com/envoy.config.cluster.v3.Cluster`. */
export type TypeUrl = string;

/** A resource by type and name. */
export interface ResourceRef {
  readonly type: TypeUrl;
  readonly name: string;
  /** Of a part: the name of the composed resource it belongs to. */
  readonly of?: string;
}

/** What a resource is made from, so that a rejection can be told to its owner. Opaque to the server. */
export interface ResourceSubject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

interface Encoded {
  readonly type: TypeUrl;
  readonly name: string;
  /** Content hash: equal bytes, equal version, on every replica and after every restart. */
  readonly version: string;
  /** Never written to again, so streams share it. */
  readonly bytes: Uint8Array;
  /** Resources that a proxy must have acknowledged before it may be given this one (a route its cluster). */
  readonly requires: readonly ResourceRef[];
  readonly subject: ResourceSubject | undefined;
}

/** A resource that is sent as it is: `bytes` is the encoded message. */
export interface WholeResource extends Encoded {
  readonly kind: "whole";
  /** Follows this resource whenever it changes, in the same turn (an assignment its cluster); removed with it. */
  readonly companion: ResourceRef | undefined;
}

/**
 * A resource composed per proxy of those parts that the proxy is ready for: `bytes` is the encoded message without parts, to which parts' bytes are appended in the order of their names.
 * Protobuf allows that: concatenated encodings merge, repeated fields append.
 */
export interface ComposedResource extends Encoded {
  readonly kind: "composed";
}

/** One part of a composed resource: `bytes` is the repeated field's entry with its tag and length. */
export interface ResourcePart extends Encoded {
  readonly kind: "part";
  /** Type and name of the composed resource this belongs to; `type` equals that resource's. */
  readonly of: string;
}

/** Anything a store holds. Whole and composed resources share one space of names per type; parts have one per composed resource. */
export type Resource = WholeResource | ComposedResource | ResourcePart;

/** A resource came or changed, or went. Putting an equal version sends nothing; `requires`, `companion` and `subject` replace the earlier ones (an owner may change while bytes do not). */
export type ResourceChange = { readonly put: Resource } | { readonly remove: ResourceRef };
