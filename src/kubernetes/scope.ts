/** Where objects of a kind are looked for: in all namespaces at once, or in some, one request each. */
import type { KubernetesClient } from "./client.ts";
import { ApiError } from "./failure.ts";
import { askedOf, fieldsOf, type Resource } from "./resource.ts";

/** A kind without a place. */
export type Kind = Omit<Resource, "namespace">;

/** The resources that together are this kind in these namespaces; none named means all, which is one resource. */
export function resourcesIn(kind: Kind, namespaces: readonly string[]): readonly Resource[] {
  if (namespaces.length === 0) return [{ ...kind, namespace: undefined }];
  return [...new Set(namespaces)].sort().map((namespace) => ({ ...kind, namespace }));
}

/** Discovery is small, and asked in the place of a list. */
const ANSWER_MS = 30_000;

/**
 * The resource as the API server serves it: without its namespace if the kind has none there. Asked before a list, since a kind may change
 * (wasmCloud's Host had no namespace before 2.1.0). What discovery does not know or refuses to tell stays as it is: the list will say why.
 */
export async function located(client: KubernetesClient, resource: Resource, signal: AbortSignal): Promise<Resource> {
  if (resource.namespace === undefined) return resource; // one path for both
  const path = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  try {
    const chunks: Buffer[] = [];
    const options = { asked: askedOf(resource, "get"), signal, answerMs: ANSWER_MS };
    for await (const chunk of await client.get(path, options)) chunks.push(chunk);
    const kinds = fieldsOf(JSON.parse(Buffer.concat(chunks).toString("utf8")))?.["resources"];
    const served = Array.isArray(kinds)
      ? kinds.map(fieldsOf).find((kind) => kind?.["name"] === resource.plural)
      : undefined;
    return served?.["namespaced"] === false ? { ...resource, namespace: undefined } : resource;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ApiError && AWAY.has(error.failure.code)) throw error;
    return resource;
  }
}

/** Failures that a list would meet as well. */
const AWAY: ReadonlySet<string> = new Set(["unreachable", "untrusted", "credentials", "unauthenticated", "silent"]);
