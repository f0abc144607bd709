/**
 * Every metric there is, here and in gauges.ts. Labels have few values, all known beforehand: fleets of the configuration, types of resources, codes of
 * problems; never a proxy, a hostname or a namespace, of which there may be any number. What one proxy does is told by /debug/proxies.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { EVENT_RESULTS, type EventResult } from "../kubernetes/event-writer.ts";
import { HANDSHAKE_FAILURES } from "../xds/handshake-failure.ts";
import { LIMIT_NAMES } from "../xds/limits.ts";
import type { XdsObserver } from "../xds/observer.ts";
import { shortType } from "./answers.ts";
import { gaugesOf } from "./gauges.ts";
import type { AdminModel } from "./model.ts";

/** Types that proxies are sent; whatever else one may ask for is counted as "other". */
const TYPES: readonly string[] = [
  "Cluster",
  "ClusterLoadAssignment",
  "Listener",
  "RouteConfiguration",
  "ScopedRouteConfiguration",
];

/** Seconds: from one assignment (some ms) to 10,000 virtual hosts and a busy Envoy. */
const ACKNOWLEDGEMENT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const SAVED = ["written", "failed", "restored"] as const;

/**
 * Counts what it is told and reads the rest from the model.
 * - Counters begin at 0 with the process, for every label value there will be: a rate needs its zero.
 * - Being told costs about a microsecond and never throws, so that streams may tell everything.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #read: () => Promise<void>;
  readonly #now: () => number;
  readonly #responses = this.#counter("xds_responses_total", "Responses sent to proxies.", ["type"]);
  readonly #resources = this.#counter("xds_resources_sent_total", "Resources within the responses sent.", ["type"]);
  readonly #removals = this.#counter("xds_removals_sent_total", "Removals within the responses sent.", ["type"]);
  readonly #bytes = this.#counter("xds_sent_bytes_total", "Bytes of the responses sent.", ["type"]);
  readonly #acknowledged = this.#counter("xds_acknowledgements_total", "Responses that proxies acknowledged.", [
    "type",
  ]);
  readonly #refused = this.#counter("xds_refusals_total", "Responses that proxies refused: see /debug/proxies.", [
    "type",
  ]);
  readonly #rejected = this.#counter("xds_rejected_resources_total", "Resources found at fault for a refusal.", [
    "type",
  ]);
  readonly #waited = new Histogram({
    name: "signalbox_xds_acknowledgement_seconds",
    help: "From handing a response to the socket to the proxy's acknowledgement.",
    labelNames: ["type"],
    buckets: ACKNOWLEDGEMENT_BUCKETS,
    registers: [this.#registry],
  });
  readonly #connected = this.#counter("xds_connections_total", "Proxies that connected and were given a fleet.", []);
  readonly #unassigned = this.#counter(
    "xds_unassigned_total",
    "Proxies that match no fleet: they are sent nothing.",
    [],
  );
  readonly #denied = this.#counter(
    "xds_denied_total",
    "Streams ended since the client's certificate does not admit it to the fleet it asks for.",
    ["fleet"],
  );
  readonly #limited = this.#counter("xds_limited_total", "Times a client came up against one of xds.limits.", [
    "limit",
  ]);
  readonly #handshakeFailures = this.#counter("xds_handshake_failures_total", "Clients that got no TLS connection.", [
    "reason",
  ]);
  readonly #certificateReloads = this.#counter(
    "xds_certificate_reloads_total",
    "Certificates read, the first included, by result; refused once for each fault that lasts, while those before stay in use.",
    ["result"],
  );
  readonly #certificateExpiry = this.#gauge(
    "xds_certificate_expiry_timestamp_seconds",
    "When the certificate in use expires. None without TLS.",
    ["certificate"],
  );
  readonly #garbage = this.#counter("xds_garbage_total", "Streams ended because of what they sent.", []);
  readonly #changes = this.#counter("hostname_changes_total", "Times a hostname came, went or moved on a fleet.", [
    "fleet",
  ]);
  readonly #lastChange = this.#gauge("last_change_timestamp_seconds", "When a hostname last came, went or moved.", [
    "fleet",
  ]);
  readonly #reloads = this.#counter("reloads_total", "Configurations read, the first included, by result.", ["result"]);
  readonly #events = this.#counter("events_total", "Events on Kubernetes objects, by what became of them.", ["result"]);
  readonly #writes = this.#gauge("events_for_all_replicas", "1 on the replica that writes Events for all.", []);
  #speaks: () => boolean = () => false;
  readonly #lastReload = this.#gauge("last_reload_timestamp_seconds", "When a configuration was last applied.", []);

  readonly #saved = this.#counter("saved_states_total", "States of the source on disk, by what became of them.", [
    "result",
  ]);

  /** `now` in ms since the epoch. Metrics of the process and of Node are collected too, the event loop's delay among them. */
  constructor(model: AdminModel, now: () => number) {
    this.#now = now;
    this.#read = gaugesOf(model, this.#registry);
    collectDefaultMetrics({ register: this.#registry });
    const typed = [
      this.#responses,
      this.#resources,
      this.#removals,
      this.#bytes,
      this.#acknowledged,
      this.#refused,
      this.#rejected,
    ];
    for (const counter of typed) for (const type of TYPES) counter.inc({ type }, 0);
    for (const type of TYPES) this.#waited.zero({ type });
    for (const limit of LIMIT_NAMES) this.#limited.inc({ limit }, 0);
    for (const result of SAVED) this.#saved.inc({ result }, 0);
    for (const result of EVENT_RESULTS) this.#events.inc({ result }, 0);
    for (const result of ["applied", "refused"]) {
      this.#reloads.inc({ result }, 0);
      this.#certificateReloads.inc({ result }, 0);
    }
    for (const reason of HANDSHAKE_FAILURES) this.#handshakeFailures.inc({ reason }, 0);
  }

  /** Text for Prometheus, read now. */
  async exposition(): Promise<{ readonly contentType: string; readonly text: string }> {
    await this.#read();
    this.#writes.set(this.#speaks() ? 1 : 0);
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  /** To be given to the xDS server. */
  observer(): XdsObserver {
    return {
      connected: () => this.#connected.inc(),
      unassigned: () => this.#unassigned.inc(),
      denied: (_, { fleet }) => this.#denied.inc({ fleet }),
      handshakeFailed: (_, { kind }) => this.#handshakeFailures.inc({ reason: kind }),
      garbage: () => this.#garbage.inc(),
      limited: (limit) => this.#limited.inc({ limit }),
      sent: (_, { type: typeUrl, resources, removals, bytes }) => {
        const type = typeLabel(typeUrl);
        this.#responses.inc({ type });
        this.#resources.inc({ type }, resources);
        this.#removals.inc({ type }, removals);
        this.#bytes.inc({ type }, bytes);
      },
      acknowledged: (_, { type: typeUrl, waitedMs }) => {
        const type = typeLabel(typeUrl);
        this.#acknowledged.inc({ type });
        this.#waited.observe({ type }, waitedMs / 1000);
      },
      refused: (_, { type }) => this.#refused.inc({ type: typeLabel(type) }),
      rejected: (_, { type }) => this.#rejected.inc({ type: typeLabel(type) }),
    };
  }

  /** A fleet of the configuration sees a hostname differently. */
  hostnameChanged(fleet: string): void {
    this.#changes.inc({ fleet });
    this.#lastChange.set({ fleet }, this.#now() / 1000);
  }

  /** Events on Kubernetes objects: attempts to write one, and those there was no memory for. */
  events(result: EventResult, by: number): void {
    this.#events.inc({ result }, by);
  }

  /** How to learn whether this replica writes Events for all. */
  speaksForAll(read: () => boolean): void {
    this.#speaks = read;
  }

  /** A configuration was read: applied, or refused so that the last good one stays. */
  reloaded(result: "applied" | "refused"): void {
    this.#reloads.inc({ result });
    if (result === "applied") this.#lastReload.set(this.#now() / 1000);
  }

  /** The state kept on disk was written, could not be written or used, or is served. */
  savedState(result: (typeof SAVED)[number]): void {
    this.#saved.inc({ result });
  }

  /** Certificates are in use: at the start, and whenever others take their place. */
  certificatesLoaded({
    notAfterMs,
    caNotAfterMs,
  }: {
    readonly notAfterMs: number;
    readonly caNotAfterMs: number;
  }): void {
    this.#certificateReloads.inc({ result: "applied" });
    this.#certificateExpiry.set({ certificate: "own" }, notAfterMs / 1000);
    this.#certificateExpiry.set({ certificate: "ca" }, caNotAfterMs / 1000);
  }

  /** Files are no certificates that work; those in use stay. */
  certificatesKept(): void {
    this.#certificateReloads.inc({ result: "refused" });
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name: `signalbox_${name}`, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Gauge<Label> {
    return new Gauge({ name: `signalbox_${name}`, help, labelNames: [...labelNames], registers: [this.#registry] });
  }
}

function typeLabel(typeUrl: string): string {
  const type = shortType(typeUrl);
  return TYPES.includes(type) ? type : "other";
}
