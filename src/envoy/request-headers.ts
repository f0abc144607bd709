/** Headers that a host sees beside the client's own: who asks, for what, and which replica answers. */
import { anyOf } from "../codec/any.ts";
import type {
  ConfigCoreTypedExtensionConfig,
  HttpFilter,
  MutationRulesHeaderMutation,
} from "../codec/generated/messages.ts";
import { ENDPOINT_METADATA } from "./assignment.ts";
import type { TrafficSpec } from "./fleet-spec.ts";
import { RETRY_HEADERS, retryHeadersOf, UNSERVED } from "./retry.ts";

/**
 * Before routing: X-Forwarded-Host is the Host as it was sent, case, port and dot included. A client's own value goes, and so does Forwarded, unless a
 * trusted proxy stands in front, which has set them.
 */
export function forwardedHost(trustedHops: number): ConfigCoreTypedExtensionConfig {
  const mutations: MutationRulesHeaderMutation[] =
    trustedHops > 0
      ? [set("x-forwarded-host", "%REQ(:AUTHORITY)%", "ADD_IF_ABSENT")]
      : [remove("forwarded"), ...replace("x-forwarded-host", "%REQ(:AUTHORITY)%")];
  return {
    name: "signalbox.forwarded_host",
    typedConfig: anyOf("envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation", { mutations }),
  };
}

/** Before the router: X-Real-IP is the address of the client, by trusted hops and PROXY protocol, never what the client says; and the conditions for retries. */
export function clientHeaders(traffic: Pick<TrafficSpec, "retries" | "hedgeAfterMs">): HttpFilter {
  const requestMutations = [
    ...replace("x-real-ip", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
    remove("x-envoy-external-address"), // Envoy's own name for the same; hosts have no use for it
    ...RETRY_HEADERS.map(remove),
    ...retryHeadersOf(traffic).map(([key, value]) => set(key, value, "OVERWRITE_IF_EXISTS_OR_ADD")),
  ];
  return {
    name: "signalbox.client_headers",
    typedConfig: anyOf("envoy.extensions.filters.http.header_mutation.v3.HeaderMutation", {
      mutations: { requestMutations, responseMutations: [remove(UNSERVED.key)] },
    }),
  };
}

/**
 * For each attempt: X-Workload-Id names the replica behind the endpoint of this attempt. Runs upstream, since before an endpoint is chosen there is nothing
 * to name, and a retry goes to another one. Removed first: attempts share one set of headers, and an endpoint with several replicas names none.
 */
export function workloadHeader(): HttpFilter {
  return {
    name: "signalbox.workload_header",
    typedConfig: anyOf("envoy.extensions.filters.http.header_mutation.v3.HeaderMutation", {
      mutations: {
        requestMutations: replace("x-workload-id", `%UPSTREAM_METADATA(${ENDPOINT_METADATA}:workload)%`),
        responseMutations: replace(UNSERVED.key, UNSERVED.value),
      },
    }),
  };
}

type AppendAction = NonNullable<NonNullable<MutationRulesHeaderMutation["append"]>["appendAction"]>;

const remove = (key: string): MutationRulesHeaderMutation => ({ remove: key });

const set = (key: string, value: string, appendAction: AppendAction): MutationRulesHeaderMutation => ({
  append: { header: { key, value }, appendAction },
});

/** Our value or none: where a value turns out empty Envoy sets nothing, and would leave the client's. */
const replace = (key: string, value: string): readonly MutationRulesHeaderMutation[] => [
  remove(key),
  set(key, value, "OVERWRITE_IF_EXISTS_OR_ADD"),
];
