/** What Envoy answers by itself, told apart by its response flags: nobody has the hostname, nobody serves it right now, or its host failed. */
import type { LocalReplyConfig, ResponseMapper } from "../codec/generated/messages.ts";
import type { FleetSpec } from "./fleet-spec.ts";

/** No route: nobody has the hostname. */
const UNKNOWN = ["NR"];

/** No healthy upstream: the hostname exists, without an endpoint. */
const NOT_SERVED = ["UH"];

/** A host could not be connected to, or the connection broke before the response began; retries are used up. */
const FAILED = ["UF", "UC", "UR", "LR"];

/** Status and text of the last two are those of runtime-gateway, which clients and probes may have learnt. */
export function localReplyOf({ unknownHostname }: Pick<FleetSpec, "unknownHostname">): LocalReplyConfig {
  const unknown = "respond" in unknownHostname ? [replyOf(UNKNOWN, unknownHostname.respond)] : [];
  return {
    mappers: [
      ...unknown,
      replyOf(NOT_SERVED, { status: 503, body: "No backend available\n" }),
      replyOf(FAILED, { status: 502, body: "Gateway Error\n" }),
    ],
  };
}

function replyOf(
  flags: readonly string[],
  { status, body }: { readonly status: number; readonly body: string },
): ResponseMapper {
  const mapper = { filter: { responseFlagFilter: { flags } }, statusCode: { value: status } };
  if (body === "") return mapper;
  return {
    ...mapper,
    body: { inlineString: body }, // taken as it is; the format below would read its percent signs as commands
    bodyFormatOverride: {
      textFormatSource: { inlineString: "%LOCAL_REPLY_BODY%" },
      contentType: "text/plain; charset=utf-8",
    },
    headersToAdd: [
      { header: { key: "x-content-type-options", value: "nosniff" }, appendAction: "OVERWRITE_IF_EXISTS_OR_ADD" },
    ],
  };
}
