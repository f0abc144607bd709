/**
 * Room `config`: what the administrator says, complete and checked.
 * Given: the text of signalbox.yaml. Gives: readonly settings with every default filled in, or errors with line, column, field and remedy.
 * Imports the option types of other rooms and their pure checks; reads files only in watch.ts. This file is the outcome; the options themselves, with
 * their effects and defaults, are the table in options.ts, which the check and docs/configuration.md are made from.
 */
import type { EndpointsPlace, FleetSpec, HostGroupSpec, Layout } from "../envoy/fleet-spec.ts";
import type { FleetView } from "../placement/fleet.ts";
import type { PlacementPolicy } from "../placement/policy.ts";
import type { AddressOverride } from "../sources/address.ts";
import type { Limits } from "../xds/limits.ts";

/** Everything that can be said, complete. Lists of one meaning are sorted or kept as written, so equal texts give deeply equal settings. */
export interface Settings {
  readonly source: SourceSettings;
  readonly saved: SavedSettings;
  readonly xds: XdsSettings;
  readonly admin: AdminSettings;
  readonly log: LogSettings;
  readonly placement: PlacementSettings;
  readonly hosts: HostSettings;
  /** In the order written: a proxy belongs to the first that selects it. At least one. */
  readonly fleets: readonly FleetSettings[];
}

/** Where objects come from. */
export type SourceSettings =
  | {
      readonly kind: "folder" /** Absolute, or relative to the working directory if the configuration's own path is. */;
      readonly folder: string;
    }
  | {
      readonly kind: "kubernetes";
      /** Namespaces to read; empty: all. */
      readonly namespaces: readonly string[];
      /** Path of a kubeconfig; undefined: KUBECONFIG, ~/.kube/config or the pod's service account. */
      readonly kubeconfig: string | undefined;
      /** Context in it; undefined: its current one. */
      readonly context: string | undefined;
      /** Whether Events are written. */
      readonly events: boolean;
      /** Where the Lease for that lies; undefined: in the namespace of the pod. */
      readonly leaseNamespace: string | undefined;
    };

/** The last complete state, on disk. */
export interface SavedSettings {
  /** Absolute, or relative to the working directory if the configuration's own path is; undefined: nothing is kept. */
  readonly file: string | undefined;
  readonly afterMs: number;
  readonly everyMs: number;
}

/** A TCP address of our own: a literal IP address and a port (0: any free one). */
export interface ListenAddress {
  readonly ip: string;
  readonly port: number;
}

/** The xDS server. */
interface XdsSettings {
  readonly address: ListenAddress;
  /** undefined: plaintext. */
  readonly tls: XdsTlsSettings | undefined;
  readonly plaintextOffLoopback: boolean;
  readonly maxRequestBytes: number;
  readonly ackBoundMs: number;
  readonly graceMs: number;
  readonly bytesInFlight: number;
  readonly limits: Limits;
}

/** Mutual TLS on the xDS port. Paths are absolute, or relative to the working directory if the configuration's own path is. */
export interface XdsTlsSettings {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  /** 0: no bound. */
  readonly maxConnectionAgeMs: number;
}

/** The servers for people and probes. */
interface AdminSettings {
  readonly address: ListenAddress;
  /** undefined: no gRPC admin service. */
  readonly grpcAddress: ListenAddress | undefined;
}

/** What is logged. */
interface LogSettings {
  readonly level: "trace" | "debug" | "info" | "warn" | "error" | "silent";
}

/** The administrator's say in placement. */
interface PlacementSettings {
  readonly policy: PlacementPolicy;
  readonly hold: { readonly holdMs: number; readonly windowMs: number; readonly lostShare: number };
}

/** Where hosts are and how they are spoken to. */
interface HostSettings {
  /** CIDR networks, canonical; empty: every address but the special ones. */
  readonly allowedNetworks: readonly string[];
  /** The first that matches a Host counts. */
  readonly overrides: readonly AddressOverride[];
  readonly groups: readonly HostGroupSpec[];
  readonly dnsRefreshMs: number;
  readonly dnsFirstMs: number;
}

/** One fleet: which proxies are its own, what it exposes, what its Envoys are given. */
export interface FleetSettings {
  readonly name: string;
  readonly proxies: ProxySelector;
  readonly view: FleetView;
  /** "auto": scoped where the Envoy can, else rds. */
  readonly layout: "auto" | Layout;
  /** "auto": eds over ADS, inline over separate streams. */
  readonly endpoints: "auto" | EndpointsPlace;
  /** Name of the cluster in the bootstrap that leads to Signalbox, for Envoys without ADS; undefined: the one that each tells by its `:authority`. */
  readonly xdsCluster: string | undefined;
  readonly spec: FleetSpec;
}

/** Which proxies belong to a fleet: all given criteria must match; none given: any proxy. */
export interface ProxySelector {
  /** `node.cluster`, exactly. */
  readonly cluster: string | undefined;
  /** `node.id` as a glob: `*` any characters, `?` one. */
  readonly idPattern: string | undefined;
  /** Every pair must be in `node.metadata`, as a string. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Patterns of names, one of which the proxy's certificate must have; empty: any certificate will do, or none. See san-pattern.ts. */
  readonly sans: readonly string[];
}
