/** The options of one fleet, and of TLS towards an upstream. */
import {
  checkAbsolutePath,
  checkDomain,
  checkIp,
  checkListenAddress,
  checkListenerName,
  checkName,
  checkNotEmpty,
  checkUpstream,
} from "./checks.ts";
import type { Option, Refusal } from "./option.ts";
import { checkSan } from "./san-pattern.ts";

/** An hour, in ms. */
const HOUR_MS = 3_600_000;

/** TLS towards hosts or another upstream. Files lie on the Envoy's machine. */
export const TLS_OPTIONS: Readonly<Record<string, Option>> = {
  sni: {
    type: "text",
    effect:
      "Server name that is sent, and that the certificate must be for. Empty: none is sent, and any name will do.",
    default: "",
  },
  caFile: {
    type: "text",
    effect:
      "File on the Envoy's machine with the CA certificates to verify by. Required unless insecureSkipVerify is true.",
    default: "",
  },
  insecureSkipVerify: {
    type: "switch",
    effect: "Trust any certificate: anybody on the way can read and change the traffic.",
    default: false,
  },
  clientCertificate: {
    type: "section",
    effect: "What Envoy shows of itself. Left out: nothing.",
    optional: true,
    options: {
      certFile: {
        type: "text",
        effect: "File on the Envoy's machine with the certificate chain.",
        required: true,
        check: checkNotEmpty,
      },
      keyFile: {
        type: "text",
        effect: "File on the Envoy's machine with the private key.",
        required: true,
        check: checkNotEmpty,
      },
    },
  },
};

/** A fleet. */
export const FLEET_OPTIONS: Readonly<Record<string, Option>> = {
  name: {
    type: "text",
    effect: "Its name, in messages, metrics and resource names.",
    required: true,
    example: "public",
    check: checkName,
  },
  proxies: {
    type: "section",
    effect: "Which proxies belong to it: those that match all that is given here. Nothing given: every proxy.",
    options: {
      cluster: { type: "text", effect: "`node.cluster` of the bootstrap, exactly.", check: checkNotEmpty },
      idPattern: {
        type: "text",
        effect: "`node.id` of the bootstrap; `*` stands for any characters, `?` for one.",
        example: "edge-*",
        check: checkIdPattern,
      },
      metadata: {
        type: "pairs",
        effect:
          "Pairs that must all be in `node.metadata`. `signalbox bootstrap --fleet public` writes `fleet: public`.",
      },
      sans: {
        type: "list",
        effect:
          "Names, one of which the certificate that the proxy shows must have as subject alternative name; everything else here is only what it says of itself. None: any certificate will do that `xds.tls.caFile` verifies. A name with a colon is a URI, another a DNS name.",
        of: {
          type: "text",
          effect:
            "A name. `*.` at the beginning of a DNS name, or `/*` at the end of a URI, stands for exactly one label or segment.",
          example: "public.fleet.signalbox",
          check: checkSan,
        },
      },
    },
  },
  listeners: {
    type: "list",
    effect: "Where its Envoys listen. None: 0.0.0.0:8080; with `contour` it is called `ingress_http`.",
    of: {
      type: "section",
      effect: "One listener.",
      options: {
        name: {
          type: "text",
          effect: "Its name in Envoy and in statistics. Left out: `http-` and the port.",
          check: checkListenerName,
        },
        address: { type: "text", effect: "IP address to listen on.", default: "0.0.0.0", check: checkIp },
        port: {
          type: "integer",
          effect: "Port to listen on.",
          required: true,
          minimum: 0,
          maximum: 65_535,
          zero: "any free one, which `/listeners` of Envoy's admin interface tells",
        },
        trustedHops: {
          type: "integer",
          effect: "Proxies in front of Envoy whose X-Forwarded-For is believed.",
          default: 0,
          minimum: 0,
          maximum: 100,
          zero: "the peer is the client",
        },
        proxyProtocol: {
          type: "switch",
          effect: "Connections begin with a PROXY protocol header (version 1 or 2) that tells the client's address.",
          default: false,
        },
        tls: {
          type: "section",
          effect:
            "TLS with clients, by one certificate for all hostnames. The files lie on the Envoy's machine; when their folder changes they are read again. Left out: plaintext.",
          optional: true,
          options: {
            certFile: {
              type: "text",
              effect: "File with the certificate chain.",
              required: true,
              example: "/etc/envoy/tls/tls.crt",
              check: checkAbsolutePath,
            },
            keyFile: {
              type: "text",
              effect: "File with the private key.",
              required: true,
              example: "/etc/envoy/tls/tls.key",
              check: checkAbsolutePath,
            },
          },
        },
      },
    },
  },
  exposes: {
    type: "section",
    effect:
      "What it serves: workloads that match all that is given here; within one list any entry will do. Nothing given: everything.",
    options: {
      namespaces: {
        type: "list",
        effect: "Namespaces of workloads.",
        of: { type: "text", effect: "A namespace.", check: checkName },
      },
      hostnames: {
        type: "list",
        effect: "Hostnames, or `*.` and a hostname for every name below.",
        of: { type: "text", effect: "A hostname or pattern.", example: "*.example.com", check: checkDomain },
      },
      labels: { type: "pairs", effect: "Labels that the workload or its owners must have." },
      annotations: { type: "pairs", effect: "Annotations that the workload or its owners must have." },
      environments: {
        type: "list",
        effect: "Environments of hosts.",
        of: { type: "text", effect: "An environment.", check: checkNotEmpty },
      },
      hostGroups: {
        type: "list",
        effect: "Host groups.",
        of: { type: "text", effect: "A host group.", check: checkNotEmpty },
      },
    },
  },
  contaminated: {
    type: "choice",
    effect:
      "What becomes of a hostname whose every host also runs another namespace's workload of that name, which the host would mix in: no answer but 503, or an answer that may be the other's.",
    values: ["refuse", "serve"],
    default: "refuse",
  },
  unknownHostname: {
    type: "section",
    effect: "What a request gets whose hostname no workload claims: one of the two. Left out: 404 without a body.",
    optional: true,
    given: "one",
    options: {
      respond: {
        type: "section",
        effect: "An answer of Envoy itself.",
        optional: true,
        options: {
          status: { type: "integer", effect: "HTTP status.", default: 404, minimum: 200, maximum: 599 },
          body: { type: "text", effect: "Body, as text/plain.", default: "", check: checkBody },
        },
      },
      forward: {
        type: "section",
        effect: "Another upstream, such as the gateway that was there before.",
        optional: true,
        options: {
          address: {
            type: "text",
            effect: "IP address or DNS name, and port.",
            required: true,
            example: "runtime-gateway.wasmcloud-system:80",
            check: checkUpstream,
          },
          tls: {
            type: "section",
            effect: "TLS towards it. Left out: plaintext.",
            optional: true,
            options: TLS_OPTIONS,
          },
        },
      },
    },
  },
  layout: {
    type: "choice",
    effect:
      "How routes reach Envoy. `rds`: all in one piece, for every Envoy. `scoped`: one by one, so that a new hostname costs the same among 100 as among 100,000; needs Envoy 1.38 over delta ADS. `auto`: scoped where it can be.",
    values: ["auto", "rds", "scoped"],
    default: "auto",
  },
  endpoints: {
    type: "choice",
    effect:
      "How endpoints reach Envoy. `eds`: in a resource of their own, so that a move is 130 bytes at any size. `inline`: inside the cluster, which a move replaces. `auto`: `eds` over ADS; `inline` without, since Envoy then opens a stream for each hostname, and ends at about 1,000.",
    values: ["auto", "eds", "inline"],
    default: "auto",
  },
  xdsCluster: {
    type: "text",
    effect:
      "Name of the cluster in the bootstrap that leads to Signalbox; matters only to Envoys without ADS. Left out: the name that each Envoy sends as `:authority`, which is that name unless its bootstrap sets another.",
    example: "xds_cluster",
    check: checkNotEmpty,
  },
  contour: {
    type: "section",
    effect:
      "Its Envoys keep the bootstrap that `contour bootstrap` wrote: they are given what that needs, the listener `stats-health` and the runtime layer `dynamic`. `contour: {}` takes the default. Left out: they have our bootstrap, or one of their own.",
    optional: true,
    options: {
      statsAddress: {
        type: "text",
        effect:
          "IP address and port where they answer `/ready`, `/stats` and `/stats/prometheus`; Contour's readiness probe asks there.",
        default: "0.0.0.0:8002",
        check: checkListenAddress,
      },
    },
  },
  accessLog: {
    type: "switch",
    effect: "Have Envoy write a JSON line per request to its standard output.",
    default: true,
  },
  traffic: {
    type: "section",
    effect: "Timeouts and retries of requests.",
    options: {
      connectTimeoutMs: {
        type: "integer",
        effect: "TCP and TLS connect to a host, in ms.",
        default: 1_000,
        minimum: 1,
        maximum: 60_000,
      },
      routeTimeoutMs: {
        type: "integer",
        effect: "A whole request, in ms.",
        default: 0,
        minimum: 0,
        maximum: 24 * HOUR_MS,
        zero: "no limit, so that long streams are not cut",
      },
      streamIdleTimeoutMs: {
        type: "integer",
        effect: "A request on which no byte moves in either direction, in ms.",
        default: 300_000,
        minimum: 0,
        maximum: 24 * HOUR_MS,
        zero: "no limit",
      },
      hedgeAfterMs: {
        type: "integer",
        effect:
          "A GET, HEAD, OPTIONS or TRACE whose answer has not begun after so many ms is sent to another host as well, and again after the same time, as often as `retries` allow; the first answer counts, and none is given up. For hosts that are frozen or cut off: they take requests and never answer. An application that takes longer than this gets such requests more than once.",
        default: 10_000,
        minimum: 0,
        maximum: HOUR_MS,
        zero: "never",
      },
      retries: {
        type: "integer",
        effect:
          "Retries of one request at most, each on another host: after a failure to reach a host; of GET, HEAD, OPTIONS and TRACE also after a lost connection, and once after an empty 404 or 503, which is how a host answers for what it does not serve.",
        default: 3,
        minimum: 0,
        maximum: 10,
        zero: "none",
      },
    },
  },
};

/** Envoy takes no more in a direct response (max_direct_response_body_size_bytes, 4 KiB by default). */
const MAX_BODY_BYTES = 4_096;

function checkBody(text: string): Refusal | undefined {
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_BODY_BYTES) return undefined;
  return { cause: `has ${bytes} bytes, Envoy answers with ${MAX_BODY_BYTES}`, remedy: "Shorten it" };
}

/** A pattern that means what it says: brackets, braces and backslashes would be taken for more than characters elsewhere. */
function checkIdPattern(text: string): Refusal | undefined {
  if (text === "") return { cause: "is empty", remedy: 'Write a pattern such as "edge-*", or leave it out' };
  if (/[\^$()|]|\.[*+]/.test(text))
    return {
      cause: "looks like a regular expression, and would be compared letter by letter",
      remedy: `Write ${globMeant(text)}: * stands for any characters, ? for one`,
    };
  if (/^[\x21-\x7e]*$/.test(text) && !/[[\]{}\\]/.test(text)) return undefined;
  return {
    cause: "has characters that patterns do not know",
    remedy: "Use * and ?, and otherwise printable characters without brackets, braces, backslashes and spaces",
  };
}

/** The pattern for a simple regular expression, an example for any other. */
function globMeant(text: string): string {
  const glob = text
    .replace(/^\^/, "")
    .replace(/\$$/, "")
    .replaceAll(/\.[*+]/g, "*")
    .replaceAll("\\.", ".");
  return /[\^$()|[\]{}\\+]/.test(glob) || glob === "" ? 'a pattern such as "edge-*"' : JSON.stringify(glob);
}
