/**
 * CustomResourceDefinitions for tests: wasmCloud's four kinds as far as we read them (types, and what must be there, as its own CRDs demand);
 * everything else is taken as it comes. Written for these tests; wasmCloud's own are longer.
 */
import type { KubernetesObject } from "./api-admin.ts";

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: "string" };
const texts: Schema = { type: "object", additionalProperties: text };
const listOf = (items: Schema): Schema => ({ type: "array", items });
const fields = (properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema => ({
  type: "object",
  properties,
  "x-kubernetes-preserve-unknown-fields": true,
  ...(required.length === 0 ? {} : { required }),
});

const conditions = listOf(fields({ type: text, status: text }, ["status", "type"]));
const kubernetes = fields({ service: fields({ name: text }, ["name"]) });
const workloadSpec = fields({
  environment: text,
  hostId: text,
  hostSelector: texts,
  kubernetes,
  hostInterfaces: listOf(
    fields({ namespace: text, package: text, interfaces: listOf(text), name: text, config: texts }, [
      "interfaces",
      "namespace",
      "package",
    ]),
  ),
});
const template = fields({ labels: texts, annotations: texts, spec: workloadSpec }, ["spec"]);

const KINDS: readonly (readonly [kind: string, plural: string, properties: Readonly<Record<string, Schema>>])[] = [
  [
    "Host",
    "hosts",
    {
      hostId: text,
      hostname: text,
      httpPort: { type: "integer", format: "int32" },
      environment: text,
      status: fields({ conditions, lastSeen: { type: "string", format: "date-time" } }),
    },
  ],
  [
    "Workload",
    "workloads",
    { spec: workloadSpec, status: fields({ hostId: text, workloadId: text, environment: text, conditions }) },
  ],
  [
    "WorkloadReplicaSet",
    "workloadreplicasets",
    { spec: fields({ template }, ["template"]), status: fields({ conditions }) },
  ],
  [
    "WorkloadDeployment",
    "workloaddeployments",
    {
      spec: fields({ template, kubernetes }, ["template"]),
      status: fields({ conditions, currentReplicaSet: fields({ name: text }) }),
    },
  ],
];

/** All four. Hosts had no namespace before wasmCloud 2.1.0: scope Cluster. */
export function wasmcloudCrds(hostScope: "Namespaced" | "Cluster"): readonly KubernetesObject[] {
  return KINDS.map(([kind, plural, properties]) =>
    crd(
      {
        group: "runtime.wasmcloud.dev",
        version: "v1alpha1",
        kind,
        plural,
        scope: kind === "Host" ? hostScope : "Namespaced",
      },
      properties,
    ),
  );
}

interface Names {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly scope: "Namespaced" | "Cluster";
}

/** One kind with a status subresource. */
export function crd(
  { group, version, kind, plural, scope }: Names,
  properties: Readonly<Record<string, Schema>>,
): KubernetesObject {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: fields(properties) },
        },
      ],
    },
  };
}
