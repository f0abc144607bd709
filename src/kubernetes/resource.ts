/** Names a kind as the API server's paths do. */
import type { Asked } from "./failure.ts";

export interface Resource {
  /** `runtime.wasmcloud.dev`; "" for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Undefined: all namespaces, or a kind without them. The path is the same. */
  readonly namespace: string | undefined;
}

/** `/apis/runtime.wasmcloud.dev/v1alpha1/namespaces/shop/workloads`. */
export function pathOf({ group, version, plural, namespace }: Resource): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return `${root}${namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`}/${plural}`;
}

/** How a failure of this request names it. */
export function askedOf(resource: Resource, verb: Asked["verb"]): Asked {
  return { verb, plural: resource.plural, group: resource.group, namespace: resource.namespace };
}

/** The part of every object that we read ourselves; the rest is for the projection. */
export interface ObjectIdentity {
  /** `namespace/name`; of an object without a namespace `/name`. */
  readonly key: string;
  readonly resourceVersion: string;
}

/** Identity of a parsed object; undefined if it is none, since nothing that the API server stores lacks a name. */
export function identityOf(object: unknown): ObjectIdentity | undefined {
  const metadata = fieldsOf(fieldsOf(object)?.["metadata"]);
  const [name, namespace, version] = [
    metadata?.["name"],
    metadata?.["namespace"] ?? "",
    metadata?.["resourceVersion"] ?? "",
  ];
  if (typeof name !== "string" || typeof namespace !== "string" || typeof version !== "string") return undefined;
  return { key: `${namespace}/${name}`, resourceVersion: version };
}

/** The fields of a JSON object; undefined for everything else. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
