/**
 * Kinds of gateways in front of us, for tests: the fields that our examples use and no others, written from the documentation of Contour 1.33, the Gateway API 1.2 and
 * Istio 1.24. An API server then refuses a field that is misspelt or of another type; whether the gateway does what we mean, it cannot tell.
 */
import type { KubernetesObject } from "./api-admin.ts";
import { crd } from "./crds.ts";

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: "string" };
const integer: Schema = { type: "integer" };
const only = (...words: readonly string[]): Schema => ({ type: "string", enum: words });
const listOf = (items: Schema): Schema => ({ type: "array", items });
const fields = (properties: Readonly<Record<string, Schema>>, ...required: readonly string[]): Schema => ({
  type: "object",
  properties,
  ...(required.length === 0 ? {} : { required }),
});

/** Contour's duration: a number with unit, or `infinity`. */
const patience: Schema = { type: "string", pattern: "^((\\d+(\\.\\d+)?(h|m|s|ms|us|ns))+|infinity|infinite)$" };

const httpProxy = fields({
  virtualhost: fields({ fqdn: text, tls: fields({ secretName: text }) }, "fqdn"),
  routes: listOf(
    fields(
      {
        conditions: listOf(fields({ prefix: text })),
        enableWebsockets: { type: "boolean" },
        services: listOf(fields({ name: text, port: integer, protocol: only("h2", "h2c", "tls") }, "name", "port")),
        timeoutPolicy: fields({ response: patience, idle: patience, idleConnection: patience }),
        retryPolicy: fields({
          count: integer,
          retryOn: listOf(
            only("5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "refused-stream"),
          ),
        }),
      },
      "services",
    ),
  ),
});

const httpRoute = fields({
  parentRefs: listOf(fields({ name: text, namespace: text }, "name")),
  hostnames: listOf(text),
  rules: listOf(
    fields({
      backendRefs: listOf(fields({ name: text, port: integer }, "name")),
      timeouts: fields({ request: { type: "string", pattern: "^([0-9]{1,5}(h|m|s|ms)){1,4}$" } }),
    }),
  ),
});

const virtualService = fields({
  hosts: listOf(text),
  gateways: listOf(text),
  http: listOf(
    fields({
      route: listOf(
        fields({ destination: fields({ host: text, port: fields({ number: integer }) }, "host") }, "destination"),
      ),
      timeout: text,
      retries: fields({ attempts: integer, retryOn: text }),
    }),
  ),
});

export const GATEWAY_CRDS: readonly KubernetesObject[] = [
  crd(
    { group: "projectcontour.io", version: "v1", kind: "HTTPProxy", plural: "httpproxies", scope: "Namespaced" },
    { spec: httpProxy },
  ),
  approved(
    crd(
      {
        group: "gateway.networking.k8s.io",
        version: "v1",
        kind: "HTTPRoute",
        plural: "httproutes",
        scope: "Namespaced",
      },
      { spec: httpRoute },
    ),
  ),
  crd(
    {
      group: "networking.istio.io",
      version: "v1",
      kind: "VirtualService",
      plural: "virtualservices",
      scope: "Namespaced",
    },
    { spec: virtualService },
  ),
];

/** Groups of k8s.io are protected: a CustomResourceDefinition must say who approved it, or that nobody did. */
function approved(definition: KubernetesObject): KubernetesObject {
  const annotations = { "api-approved.kubernetes.io": "unapproved, for a test" };
  return { ...definition, metadata: { ...definition.metadata, annotations } };
}
