/** Which failed attempts are made again, and where. */
import { anyOf } from "../codec/any.ts";
import type { RouteRetryPolicy } from "../codec/generated/messages.ts";
import { durationOf } from "./duration.ts";
import type { TrafficSpec } from "./fleet-spec.ts";

/** Failures after which the host has certainly not begun to work on the request: any method may be repeated. */
const UNTOUCHED = "connect-failure,refused-stream,reset-before-request";

const [RETRY_ON, RETRIABLE, PER_TRY_MS, HEDGE] = [
  "x-envoy-retry-on",
  "x-envoy-retriable-header-names",
  "x-envoy-upstream-rq-per-try-timeout-ms",
  "x-envoy-hedge-on-per-try-timeout",
] as const;

/** Headers by which Envoy's router is told about one request, which it reads and removes. They are ours: whatever a client says by them goes. */
export const RETRY_HEADERS = [RETRY_ON, RETRIABLE, PER_TRY_MS, HEDGE] as const;

/** The host's own 404 and 503, told apart from an application's as far as they can be: nothing but a status. Over HTTP/2 an empty answer has no length. */
const EMPTY_ANSWER = [
  "response.headers[':status'] in ['404', '503']",
  "!('content-type' in response.headers)",
  "(!('content-length' in response.headers) || response.headers['content-length'] == '0')",
  "!('transfer-encoding' in response.headers)",
].join(" && ");

/**
 * A response header of ours, for the router alone, which marks the first attempt that a host has answered with a status and nothing else. So a host answers
 * for a name that it does not serve (any more, or yet: one that restarted at its address), and for a service that it is stopping.
 */
export const UNSERVED = {
  key: "x-signalbox-unserved",
  value: `%CEL(upstream.request_attempt_count == 1 && ${EMPTY_ANSWER} ? 'true' : '')%`,
} as const;

/** Methods that ask for nothing but an answer (RFC 9110, 9.2.1). */
const SAFE = "request.method in ['GET', 'HEAD', 'OPTIONS', 'TRACE']";

/**
 * What a filter of the listener tells the router about safe requests. The method decides, and a route for each kind of method would make Envoy's rebuild of
 * 10,000 virtual hosts take 450 ms instead of 190 and 75 MB more (measured on 1.40.0). `%CEL()%` needs no configuration since Envoy 1.34; where it comes out
 * empty, nothing is set.
 * - They are repeated after any reset before the response began, which for all we know happened after the host worked on the request.
 * - They are repeated, once, where the host answers as it does for a name that it does not serve. Early drain leaves such answers: a host that was killed and is
 *   back at its address answers 404 until its heartbeat has made a Host object that Signalbox sees (2 of 3,483 requests in the laboratory's
 *   host-restarted-in-place). An application's own empty 404 is asked for twice.
 * - They are *hedged*: sent to another endpoint too when the answer has not begun after `hedgeAfterMs`. The first answer counts and none is given up, so an
 *   application that is only slow still answers. A host that is frozen or cut off takes requests and never answers; nothing else tells it from a slow one.
 *   After three such requests it is ejected, since Envoy counts them as failures of the host, if none has got a connection to the host in between, which sets
 *   the count back to none: where requests come one after another it is asked on and never ejected, and each of those waits (measured on Envoy 1.40.0: 19 of
 *   40). Not for upgrades, whose handshake is no safe request.
 */
export function retryHeadersOf({
  retries,
  hedgeAfterMs,
}: Pick<TrafficSpec, "retries" | "hedgeAfterMs">): readonly (readonly [key: string, value: string])[] {
  if (retries === 0) return [];
  const repeated = [
    [RETRY_ON, `%CEL(${SAFE} ? 'reset,retriable-headers' : '')%`],
    [RETRIABLE, UNSERVED.key],
  ] as const;
  if (hedgeAfterMs === 0) return repeated;
  return [
    ...repeated,
    [PER_TRY_MS, `%CEL(${SAFE} && !('upgrade' in request.headers) ? '${hedgeAfterMs}' : '')%`],
    [HEDGE, "true"],
  ];
}

/**
 * Envoy picks again when it picked an endpoint that has been tried; so often at most, as with a single endpoint there is no other. Of two endpoints, 5 picks
 * miss the other one time in 64.
 */
const PICKS = 20;

/** The policy of every route; undefined for no retries. */
export function retryPolicyOf(retries: number): RouteRetryPolicy | undefined {
  if (retries === 0) return undefined;
  return {
    retryOn: UNTOUCHED,
    numRetries: { value: retries },
    retryHostPredicate: [PREVIOUS_HOSTS],
    hostSelectionRetryMaxAttempts: PICKS,
    // A refused connection costs nothing to try elsewhere at once; the growing pause spares the others when a host's requests all move.
    retryBackOff: { baseInterval: durationOf(5), maxInterval: durationOf(50) },
  };
}

const PREVIOUS_HOSTS = {
  name: "envoy.retry_host_predicates.previous_hosts",
  typedConfig: anyOf("envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate", {}),
};
