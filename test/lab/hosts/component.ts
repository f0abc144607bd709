/** What a host reads of a workload's spec: its names, and how its instances live. Written apart from src/sources on purpose: two readings of one rule. */
import type { WorkloadSpec } from "../cluster/objects.ts";

/** What becomes of requests under way at a stop: a plain component finishes them, an instance of a pool and a service are killed with them. */
export type Life = "plain" | "pooled" | "service";

export interface Component {
  readonly names: readonly string[];
  readonly life: Life;
  /**
   * Its environment, by which a pretended component is told how it behaves: `START_MS`, how long it takes to start; `FAIL`, the share of starts that fail, 1 for
   * all; `EXIT_MS`, a service's end by itself so long after its start.
   */
  readonly environment: Readonly<Record<string, string>>;
}

interface Interface {
  readonly namespace?: string;
  readonly package?: string;
  readonly interfaces?: readonly string[];
  readonly config?: Readonly<Record<string, string>>;
}

interface Part {
  readonly poolSize?: number;
  readonly localResources?: { readonly environment?: { readonly config?: Readonly<Record<string, string>> } };
}

/** The first wasi:http entry counts; with a Kubernetes Service its aliases are the operator's. */
export function componentOf(spec: WorkloadSpec, namespace: string): Component {
  const entries = (spec.hostInterfaces ?? []) as readonly Interface[];
  const http = entries.find(
    (entry) =>
      entry.namespace === "wasi" &&
      entry.package === "http" &&
      entry.interfaces?.some((name) => name === "incoming-handler" || name === "handler") === true,
  );
  const { host, "host-aliases": written = "" } = http?.config ?? {};
  const service = spec.kubernetes?.service?.name;
  const given = service !== undefined && http?.interfaces?.includes("incoming-handler") === true;
  const aliases = given ? [`${service}.${namespace}`, `${service}.${namespace}.svc`] : written.split(",");
  const names = [host ?? "", ...aliases.map((alias) => alias.trim())].filter((name) => name !== "");
  const part = ((spec.components ?? [])[0] ?? {}) as Part;
  const life: Life = spec.service !== undefined ? "service" : (part.poolSize ?? 0) > 0 ? "pooled" : "plain";
  return { names: [...new Set(names)], life, environment: part.localResources?.environment?.config ?? {} };
}
