/** The file with every default filled in, in the shape of the option table. A test compares this with the table. */

export interface WrittenTls {
  readonly sni: string;
  readonly caFile: string;
  readonly insecureSkipVerify: boolean;
  readonly clientCertificate: { readonly certFile: string; readonly keyFile: string } | undefined;
}

export interface WrittenListener {
  readonly name: string | undefined;
  readonly address: string;
  readonly port: number;
  readonly trustedHops: number;
  readonly proxyProtocol: boolean;
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
}

export interface WrittenFleet {
  readonly name: string;
  readonly proxies: {
    readonly cluster: string | undefined;
    readonly idPattern: string | undefined;
    readonly metadata: Readonly<Record<string, string>>;
    readonly sans: readonly string[];
  };
  readonly listeners: readonly WrittenListener[];
  readonly exposes: {
    readonly namespaces: readonly string[];
    readonly hostnames: readonly string[];
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    readonly environments: readonly string[];
    readonly hostGroups: readonly string[];
  };
  readonly contaminated: "refuse" | "serve";
  readonly unknownHostname:
    | {
        readonly respond: { readonly status: number; readonly body: string } | undefined;
        readonly forward: { readonly address: string; readonly tls: WrittenTls | undefined } | undefined;
      }
    | undefined;
  readonly layout: "auto" | "rds" | "scoped";
  readonly endpoints: "auto" | "eds" | "inline";
  readonly xdsCluster: string | undefined;
  readonly contour: { readonly statsAddress: string } | undefined;
  readonly accessLog: boolean;
  readonly traffic: {
    readonly connectTimeoutMs: number;
    readonly routeTimeoutMs: number;
    readonly streamIdleTimeoutMs: number;
    readonly hedgeAfterMs: number;
    readonly retries: number;
  };
}

interface WrittenOverride {
  readonly hostId: string | undefined;
  readonly name: string | undefined;
  readonly hostname: string | undefined;
  readonly address: string;
}

export interface Written {
  readonly source: {
    readonly folder: string | undefined;
    readonly kubernetes:
      | {
          readonly namespaces: readonly string[];
          readonly kubeconfig: string | undefined;
          readonly context: string | undefined;
          readonly events: boolean;
          readonly leaseNamespace: string | undefined;
        }
      | undefined;
  };
  readonly saved: { readonly file: string | undefined; readonly afterMs: number; readonly everyMs: number };
  readonly xds: {
    readonly address: string;
    readonly tls:
      | {
          readonly certFile: string;
          readonly keyFile: string;
          readonly caFile: string;
          readonly maxConnectionAgeMs: number;
        }
      | undefined;
    readonly plaintextOffLoopback: boolean;
    readonly maxRequestBytes: number;
    readonly ackBoundMs: number;
    readonly graceMs: number;
    readonly bytesInFlight: number;
    readonly limits: {
      readonly connections: number;
      readonly connectionsPerAddress: number;
      readonly idleMs: number;
      readonly streamsPerConnection: number;
      readonly typesPerStream: number;
      readonly namesPerRequest: number;
      readonly unknownNames: number;
      readonly nodeBytes: number;
      readonly requestsPerSecond: number;
      readonly detailBytes: number;
      readonly stallMs: number;
    };
  };
  readonly admin: { readonly address: string; readonly grpcAddress: string | undefined };
  readonly log: { readonly level: "trace" | "debug" | "info" | "warn" | "error" | "silent" };
  readonly placement: {
    readonly ownership: readonly { readonly domain: string; readonly namespaces: readonly string[] }[];
    readonly hold: { readonly holdMs: number; readonly windowMs: number; readonly lostShare: number };
  };
  readonly hosts: {
    readonly allowedNetworks: readonly string[];
    readonly overrides: readonly WrittenOverride[];
    readonly groups: readonly {
      readonly name: string;
      readonly tls: WrittenTls | undefined;
      readonly protocol: "as-downstream" | "http1" | "http2";
    }[];
    readonly dnsRefreshMs: number;
    readonly dnsFirstMs: number;
  };
  readonly fleets: readonly WrittenFleet[];
}
