/** One resource at one client, and the client itself, as the Client Status Discovery Service tells them (envoy.service.status.v3). Pure. */
import type {
  ClientConfig,
  ClientConfig_GenericXdsConfig as GenericXdsConfig,
  Node,
} from "../codec/generated/messages.ts";
import type { DeliveryState, NodeIdentity, Rejection, ResourceStatus } from "../xds/observer.ts";

type Told = Required<Pick<GenericXdsConfig, "configStatus" | "clientStatus">>;

const REJECTED: Told = { configStatus: "ERROR", clientStatus: "NACKED" };

/** Undefined: it is not told, since the client asks for it no more. */
const STATES: Readonly<Record<DeliveryState, Told | undefined>> = {
  acknowledged: { configStatus: "SYNCED", clientStatus: "ACKED" },
  sent: { configStatus: "STALE", clientStatus: "REQUESTED" }, // the API's word for "sent, and not answered yet"
  withheld: { configStatus: "NOT_SENT", clientStatus: "REQUESTED" },
  behind: { configStatus: "NOT_SENT", clientStatus: "REQUESTED" },
  rejected: REJECTED,
  unsubscribed: undefined,
};

/** Undefined if the client asks for it no more. `contents`: with the newest content, which for a rejected resource is the rejected one, as the API has it. */
export function resourceConfig(resource: ResourceStatus, contents: boolean): GenericXdsConfig | undefined {
  const { type, name, content, state, rejections } = resource;
  const named = { typeUrl: type, name };
  if (STATES[state] === undefined) return undefined;
  if (content === undefined) return { ...named, configStatus: "NOT_SENT", clientStatus: "DOES_NOT_EXIST" };
  const told = rejections.length > 0 ? REJECTED : STATES[state];
  return {
    ...{ ...named, versionInfo: content.version, ...told },
    ...(contents ? { xdsConfig: { typeUrl: type, value: Buffer.concat(content.pieces()) } } : {}),
    ...(rejections[0] === undefined
      ? {}
      : { errorState: { details: wordsOf(rejections), versionInfo: rejections[0].version } }),
  };
}

/** The client's own words; where parts of a resource were rejected, each behind the name of its part. */
function wordsOf(rejections: readonly Rejection[]): string {
  return rejections.map(({ of, name, detail }) => (of === undefined ? detail : `${name}: ${detail}`)).join("\n");
}

/** The client without its resources. `fleet`: "" if it has none. */
export function clientConfig(node: NodeIdentity, fleet: string): ClientConfig {
  return { node: nodeOf(node), clientScope: fleet };
}

/** As much of what the client said of itself as is kept. */
function nodeOf({ id, cluster, metadata, userAgentName, userAgentVersion }: NodeIdentity): Node {
  const fields = Object.fromEntries([...metadata].map(([key, text]) => [key, { stringValue: text }]));
  return { id, cluster, metadata: { fields }, userAgentName, userAgentVersion };
}
