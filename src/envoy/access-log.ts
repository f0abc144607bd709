/** One JSON line per request on Envoy's standard output, in the words of Signalbox. */
import { anyOf } from "../codec/any.ts";
import type { AccessLog, Value } from "../codec/generated/messages.ts";
import { ENDPOINT_METADATA } from "./assignment.ts";

/** Field → Envoy's command. A number is written as a number, what does not apply as null. */
const FIELDS: Readonly<Record<string, string>> = {
  time: "%START_TIME%", // when the request began
  method: "%REQ(:METHOD)%",
  hostname: "%REQ(:AUTHORITY)%", // the registered spelling; of an unknown hostname, the Host as it was sent
  path: "%REQ(:PATH)%",
  protocol: "%PROTOCOL%",
  status: "%RESPONSE_CODE%",
  flags: "%RESPONSE_FLAGS%", // of Envoy: why it answered by itself, or how a request ended otherwise than well
  reason: "%RESPONSE_CODE_DETAILS%",
  workload: `%UPSTREAM_METADATA(${ENDPOINT_METADATA}:workload)%`, // null where several replicas stand behind the address
  host: "%UPSTREAM_HOST%", // address of the last attempt
  attempts: "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
  duration_ms: "%DURATION%", // first byte of the request to last byte of the response
  response_begins_ms: "%RESPONSE_DURATION%", // first byte of the request to first byte from the host
  received_bytes: "%BYTES_RECEIVED%",
  sent_bytes: "%BYTES_SENT%",
  client: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
  user_agent: "%REQ(USER-AGENT)%",
  request_id: "%REQ(X-REQUEST-ID)%",
};

/** The logger. Envoy escapes what clients send. */
export function accessLog(): AccessLog {
  const fields: Record<string, Value> = {};
  for (const [field, stringValue] of Object.entries(FIELDS)) fields[field] = { stringValue };
  return {
    name: "envoy.access_loggers.stdout",
    typedConfig: anyOf("envoy.extensions.access_loggers.stream.v3.StdoutAccessLog", {
      logFormat: { jsonFormat: { fields } },
    }),
  };
}
