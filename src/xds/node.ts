/** What an xDS client says of itself, read from its first request. */
import type { Node, Value } from "../codec/generated/messages.ts";
import { clipped } from "./clipped.ts";
import type { NodeIdentity } from "./observer.ts";
import { Garbage } from "./protocol/garbage.ts";

/** Longer than any name that a person gives: both are in every log line of the proxy. */
const MAX_NAME = 1_024;

/** What is kept of the program's name and version. */
const MAX_AGENT_BYTES = 128;

/** The identity in a node message. Missing fields are empty: nothing in it is trusted. Throws Garbage. */
export function identityOf(node: Node): NodeIdentity {
  for (const field of ["id", "cluster"] as const)
    if ((node[field]?.length ?? 0) > MAX_NAME)
      throw new Garbage(`node.${field}: is longer than ${MAX_NAME} characters`);
  const metadata = new Map<string, string>();
  for (const [key, value] of Object.entries(node.metadata?.fields ?? {})) {
    const text = textOf(value);
    if (text !== undefined) metadata.set(key, text);
  }
  return {
    id: node.id ?? "",
    cluster: node.cluster ?? "",
    metadata,
    userAgentName: clipped(node.userAgentName ?? "", MAX_AGENT_BYTES),
    userAgentVersion: clipped(versionOf(node), MAX_AGENT_BYTES),
  };
}

/** Envoy's user_agent_build_version has the numbers only when they are not 0, as proto3 leaves out defaults. */
function versionOf({ userAgentBuildVersion, userAgentVersion }: Node): string {
  const version = userAgentBuildVersion?.version;
  if (version === undefined) return userAgentVersion ?? "";
  return `${version.majorNumber ?? 0}.${version.minorNumber ?? 0}.${version.patch ?? 0}`;
}

function textOf({ stringValue, numberValue, boolValue }: Value): string | undefined {
  if (stringValue !== undefined) return stringValue;
  if (numberValue !== undefined) return String(numberValue);
  return boolValue === undefined ? undefined : String(boolValue);
}
