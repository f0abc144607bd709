/** Everything that can be said in signalbox.yaml: the one table that the check of its shape, the defaults and docs/configuration.md are made from. */
import {
  checkDomain,
  checkListenAddress,
  checkName,
  checkNetwork,
  checkNotEmpty,
  checkOverrideAddress,
} from "./checks.ts";
import { FLEET_OPTIONS, TLS_OPTIONS } from "./fleet-options.ts";
import { LIMIT_OPTIONS } from "./limit-options.ts";
import type { SectionOption } from "./option.ts";

/** A day, in ms: no interval is longer. */
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const GIB = 1_073_741_824;

const SOURCE: SectionOption = {
  type: "section",
  effect: "Where the objects of wasmCloud come from. Exactly one is given.",
  required: true,
  given: "one",
  options: {
    folder: {
      type: "text",
      effect:
        "A folder with objects in `*.yaml`, `*.yml` and `*.json` files, followed while they are edited. Subfolders and names that begin with a dot are not read. Relative to this file.",
      example: "./objects",
      check: checkNotEmpty,
    },
    kubernetes: {
      type: "section",
      effect: "A Kubernetes cluster with wasmCloud's operator. `kubernetes: {}` takes the defaults.",
      optional: true,
      options: {
        namespaces: {
          type: "list",
          effect: "Namespaces to read; the one of the Hosts must be among them. None: all.",
          of: { type: "text", effect: "A namespace.", check: checkName },
        },
        kubeconfig: {
          type: "text",
          effect:
            "Path of a kubeconfig, relative to this file. Left out: `KUBECONFIG`, `~/.kube/config`, or in a pod its service account.",
          check: checkNotEmpty,
        },
        context: {
          type: "text",
          effect: "Context of the kubeconfig. Left out: its current one.",
          check: checkNotEmpty,
        },
        events: {
          type: "switch",
          effect:
            "Write Events on the objects whose owners should hear of something, such as a hostname lost to another namespace or a configuration that Envoy rejected.",
          default: true,
        },
        leaseNamespace: {
          type: "text",
          effect:
            "Namespace of the Lease by which one of several replicas is the one that writes Events. Left out: the namespace of the pod; without one there are no Events.",
          check: checkName,
        },
      },
    },
  },
};

const XDS: SectionOption = {
  type: "section",
  effect: "The server that Envoys connect to.",
  options: {
    address: {
      type: "text",
      effect: "IP address and port to listen on; port 0 takes a free one.",
      default: "127.0.0.1:18000",
      check: checkListenAddress,
    },
    tls: {
      type: "section",
      effect:
        "Mutual TLS: Envoys verify us, and show certificates of their own. The files are read anew when they change; while they are wrong, what was read before stays in use. Left out: plaintext.",
      optional: true,
      options: {
        certFile: {
          type: "text",
          effect:
            "PEM file with our certificate, those of the authorities between it and the root behind it. Relative to this file.",
          required: true,
          example: "/etc/signalbox/tls/tls.crt",
          check: checkNotEmpty,
        },
        keyFile: {
          type: "text",
          effect: "PEM file with its key, without a passphrase. Relative to this file.",
          required: true,
          example: "/etc/signalbox/tls/tls.key",
          check: checkNotEmpty,
        },
        caFile: {
          type: "text",
          effect:
            "PEM file with the authorities that sign the certificates of Envoys; several while one takes the place of another. Which Envoy may have which fleet is told by `fleets[].proxies.sans`. Relative to this file.",
          required: true,
          example: "/etc/signalbox/tls/ca.crt",
          check: checkNotEmpty,
        },
        maxConnectionAgeMs: {
          type: "integer",
          effect:
            "Oldest that an Envoy's connection gets, in ms; then it is told to come back on another, which is checked with the certificates of then. Spread over the last fifth of this time. An Envoy that has everything is sent nothing anew when it comes back.",
          default: HOUR_MS,
          minimum: 0,
          maximum: DAY_MS,
          zero: "as old as it likes: an Envoy whose certificate has expired stays connected",
        },
      },
    },
    plaintextOffLoopback: {
      type: "switch",
      effect:
        "Listen off loopback without TLS. Whoever reaches the port then reads every address and hostname: keep it inside a network policy.",
      default: false,
    },
    maxRequestBytes: {
      type: "integer",
      effect:
        "Largest request that is taken from a proxy, in bytes. The first one after a reconnect names everything the proxy has: about 100 bytes per resource.",
      default: 33_554_432,
      minimum: 65_536,
      maximum: GIB,
    },
    ackBoundMs: {
      type: "integer",
      effect:
        "How long a hostname's route waits for the proxy to acknowledge its cluster and endpoints before it goes out regardless, in ms.",
      default: 10_000,
      minimum: 0,
      maximum: DAY_MS,
      zero: "nothing is waited for",
    },
    graceMs: {
      type: "integer",
      effect:
        "How long a cluster is kept after the removal of its route was acknowledged, in ms, so that requests under way and their retries end well.",
      default: 30_000,
      minimum: 0,
      maximum: DAY_MS,
      zero: "it goes at once",
    },
    bytesInFlight: {
      type: "integer",
      effect:
        "Bytes sent to all proxies together and not yet taken by them; the rest waits its turn. As much again may be stuck at proxies that take nothing.",
      default: 50_000_000,
      minimum: 1_000_000,
      maximum: 4 * GIB,
    },
    limits: LIMIT_OPTIONS,
  },
};

const ADMIN: SectionOption = {
  type: "section",
  effect: "The servers for people, probes and the command line. They tell everything and ask for no password.",
  options: {
    address: {
      type: "text",
      effect: "IP address and port of `/healthz`, `/readyz`, `/metrics` and `/debug`; port 0 takes a free one.",
      default: "127.0.0.1:19100",
      check: checkListenAddress,
    },
    grpcAddress: {
      type: "text",
      effect:
        "IP address and port of the gRPC admin service (proto/signalbox/admin/v1) and of Envoy's Client Status Discovery Service. Left out: there is none.",
      check: checkListenAddress,
    },
  },
};

const PLACEMENT: SectionOption = {
  type: "section",
  effect: "The administrator's say in who serves a hostname.",
  options: {
    ownership: {
      type: "list",
      effect:
        "Who may own a hostname. The most specific rule that covers it decides: a hostname before `*.`, a longer `*.` before a shorter. A hostname that no rule covers goes to the oldest claim.",
      of: {
        type: "section",
        effect: "One rule.",
        options: {
          domain: {
            type: "text",
            effect: "A hostname, `*.` and a hostname for every name below it, or `*` for all.",
            required: true,
            example: "*.shop.example.com",
            check: checkDomain,
          },
          namespaces: {
            type: "list",
            effect: "Namespaces that may own it. None: nobody may.",
            required: true,
            of: { type: "text", effect: "A namespace.", check: checkName },
          },
        },
      },
    },
    hold: {
      type: "section",
      effect:
        "Doubt after mass disappearance: when much is lost at once, more likely the messenger failed than all hosts.",
      options: {
        holdMs: {
          type: "integer",
          effect: "How long what was lost stays on as draining, in ms from its loss.",
          default: 120_000,
          minimum: 0,
          maximum: DAY_MS,
          zero: "every loss is believed at once",
        },
        windowMs: {
          type: "integer",
          effect: "Losses within so many ms of each other count as one event.",
          default: 90_000,
          minimum: 1,
          maximum: DAY_MS,
        },
        lostShare: {
          type: "number",
          effect:
            "Share of a host group, from 0 to 1, beyond which a loss of two hosts or more is doubted. A host lost alone is always believed.",
          default: 0.3,
          minimum: 0,
          maximum: 1,
          zero: "every loss of two hosts or more is doubted",
        },
      },
    },
  },
};

const HOSTS: SectionOption = {
  type: "section",
  effect: "Where hosts are, and how they are spoken to.",
  options: {
    allowedNetworks: {
      type: "list",
      effect:
        "Networks that hosts may be in; heartbeats are not authenticated. None: every address but loopback, link-local, multicast, reserved and cloud metadata addresses. Those must be named by a network within their range, as in `[127.0.0.0/8, 0.0.0.0/0]`: loopback and every other IPv4 address.",
      of: {
        type: "text",
        effect: "A network in CIDR notation, or one IP address.",
        example: "10.0.0.0/8",
        check: checkNetwork,
      },
    },
    overrides: {
      type: "list",
      effect: "Addresses in the place of those that hosts advertise; the first that matches a host counts.",
      of: {
        type: "section",
        effect: "One override, which names the host by exactly one of hostId, name and hostname.",
        options: {
          hostId: { type: "text", effect: "The host's ID, new at each of its starts.", check: checkNotEmpty },
          name: { type: "text", effect: "The name of the Host object.", check: checkNotEmpty },
          hostname: {
            type: "text",
            effect: "The `hostname` that the host advertises, in any case.",
            check: checkNotEmpty,
          },
          address: {
            type: "text",
            effect:
              "IP address or DNS name, and a port unless the advertised one holds. It must be in the allowed networks too.",
            required: true,
            example: "10.0.0.7:8080",
            check: checkOverrideAddress,
          },
        },
      },
    },
    groups: {
      type: "list",
      effect:
        "How hosts of a group are spoken to; a host's group is its label `hostgroup`. Groups that are not listed are spoken to in plaintext.",
      of: {
        type: "section",
        effect: "One group.",
        options: {
          name: { type: "text", effect: "The group's name.", required: true, check: checkNotEmpty },
          tls: {
            type: "section",
            effect: "TLS towards its hosts. Left out: plaintext.",
            optional: true,
            options: TLS_OPTIONS,
          },
          protocol: {
            type: "choice",
            effect:
              "HTTP version towards its hosts: as the client speaks, or always the one named. Hosts serve both on one port.",
            values: ["as-downstream", "http1", "http2"],
            default: "as-downstream",
          },
        },
      },
    },
    dnsRefreshMs: {
      type: "integer",
      effect:
        "Time between two questions for the addresses of a host's DNS name, in ms; its TTL counts if that is shorter. The last good answer is kept.",
      default: 30_000,
      minimum: 1_000,
      maximum: DAY_MS,
    },
    dnsFirstMs: {
      type: "integer",
      effect:
        "How long the first complete state waits for the address of a host's DNS name, in ms. After that the host counts as without address until it has one.",
      default: 5_000,
      minimum: 0,
      maximum: 60_000,
      zero: "nothing is waited for",
    },
  },
};

const SAVED: SectionOption = {
  type: "section",
  effect:
    "The last complete state of the source, kept on disk. A Signalbox that starts compares what it reads with it, so that it doubts a mass disappearance (placement.hold) that happened while it was away. Where the source cannot be read, it serves the saved state, so that Envoys that restart too have their configuration; it changes nothing until the source is read.",
  options: {
    file: {
      type: "text",
      effect:
        "The file, written beside itself and renamed, so it is always whole. Relative to this file. Left out: nothing is kept. Each replica wants one of its own.",
      example: "/var/lib/signalbox/state",
      check: checkNotEmpty,
    },
    afterMs: {
      type: "integer",
      effect:
        "How long the source has, after the start, to give its first complete state before the saved one is served, in ms.",
      default: 5_000,
      minimum: 0,
      maximum: DAY_MS,
      zero: "the saved state is served at once",
    },
    everyMs: {
      type: "integer",
      effect:
        "Least time between two writes, in ms; without a change nothing is written, and the file's time alone is set. What differs from the saved state after a restart counts as lost since then, so a hold may end so much sooner.",
      default: 30_000,
      minimum: 1_000,
      maximum: DAY_MS,
    },
  },
};

/** The file as a whole. */
export const OPTIONS: SectionOption = {
  type: "section",
  effect: "The configuration of Signalbox.",
  options: {
    source: SOURCE,
    saved: SAVED,
    xds: XDS,
    admin: ADMIN,
    log: {
      type: "section",
      effect: "What is logged, as JSON lines on standard output.",
      options: {
        level: {
          type: "choice",
          effect: "The least important level that is logged.",
          values: ["trace", "debug", "info", "warn", "error", "silent"],
          default: "info",
        },
      },
    },
    placement: PLACEMENT,
    hosts: HOSTS,
    fleets: {
      type: "list",
      effect:
        "Fleets of Envoys, each with a configuration of its own. A proxy belongs to the first that selects it; one that none selects is given nothing. None listed: one fleet `default` for every proxy, listening on 0.0.0.0:8080.",
      of: { type: "section", effect: "One fleet.", options: FLEET_OPTIONS },
    },
  },
};
