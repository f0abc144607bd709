/**
 * Room `serve`: the composition root of `signalbox serve`. Puts the rooms together and owns what has a life: source, sockets, timers.
 * Given: settings and a logger. Gives: a running control plane that can be reconfigured and stopped.
 */
import type { Logger } from "pino";
import { Metrics } from "../admin/metrics.ts";
import type { AdminModel } from "../admin/model.ts";
import type { FleetSettings, Settings } from "../config/settings.ts";
import { rewordedScope } from "../envoy/reworded-scope.ts";
import {
  type ProxyTransport,
  usualVariantOf,
  type VariantChoice,
  type VariantWish,
  variantOf,
} from "../envoy/variant.ts";
import type { FleetDefinition } from "../model/fleet-model.ts";
import { Pipeline, type PipelineSettings } from "../model/pipeline.ts";
import { Runner } from "../model/runner.ts";
import { rememberedMs } from "../placement/hold/hold.ts";
import type { RecordChange } from "../placement/records.ts";
import { AddressStage } from "../sources/address-stage.ts";
import type { Batch, ObjectSource, ProblemReport } from "../sources/source.ts";
import type { Denial, ProxyClient, ProxyLabel, Transport } from "../xds/observer.ts";
import { type Assignment, XdsServer } from "../xds/server.ts";
import { EventReports, type Reporting } from "./event-reports.ts";
import { fleetOf } from "./fleet-of.ts";
import { keptSource } from "./kept-source.ts";
import { mostOpenFiles, withinOpenFiles } from "./open-files.ts";
import { RunningModel } from "./running-model.ts";
import { bothOf, type Story } from "./story.ts";
import { TlsStory } from "./tls-story.ts";
import { XdsClusterNames } from "./xds-cluster-names.ts";
import { openXdsPort, type XdsPort } from "./xds-port.ts";

/** What a control plane is made of that is not settings. */
export interface ControlPlaneParts {
  readonly source: ObjectSource;
  /** How owners are told in Events; undefined: they are not. */
  readonly reporting: Reporting | undefined;
  readonly log: Logger;
  readonly story: Story;
  /** As `signalbox --version` prints it. */
  readonly version: string;
}

/** How a proxy's transport is called where a variant is chosen. */
const TRANSPORT: Readonly<Record<Transport, ProxyTransport>> = {
  "ads-delta": "delta-ads",
  "ads-sotw": "sotw-ads",
  "separate-delta": "separate-delta",
  "separate-sotw": "separate-sotw",
};

/**
 * Runs from `start` to `stop`.
 * - Proxies may connect at once; they are given nothing until everything essential is known.
 * - A reload changes fleets, policy, holds, networks and overrides in place: no stream ends unless its proxy belongs to another fleet now.
 */
export class ControlPlane {
  #settings: Settings;
  readonly #parts: ControlPlaneParts;
  readonly pipeline: Pipeline;
  readonly #runner: Runner;
  readonly #records: AddressStage;
  readonly #reports: EventReports | undefined;
  readonly server: XdsServer;
  /** What admin and commands read. */
  readonly model: AdminModel;
  readonly metrics: Metrics;
  readonly #xdsClusterNames = new XdsClusterNames();
  readonly #tlsStory: TlsStory;
  #port: XdsPort | undefined;
  #synced = false;
  /** Since when by a clock that nobody sets, in ms. */
  #stale: { readonly because: string; readonly sinceMs: number } | undefined;
  readonly #sourceProblems = new Map<string, ProblemReport["problems"]>();

  constructor(settings: Settings, parts: ControlPlaneParts) {
    this.#settings = settings;
    this.#parts = parts;
    const { story } = parts;
    this.model = new RunningModel(this, parts.version, Date.now());
    this.metrics = new Metrics(this.model, Date.now);
    this.pipeline = new Pipeline(pipelineSettings(settings), (fleet, hostname, before, after) => {
      story.hostnameChanged(fleet, hostname, before, after);
      this.metrics.hostnameChanged(fleet);
    });
    this.#runner = new Runner(this.pipeline, processClock, () => this.#settled());
    this.#records = new AddressStage(
      keptSource(parts.source, settings.saved, {
        log: parts.log,
        metrics: this.metrics,
        lostMs: () => rememberedMs(this.#settings.placement.hold),
      }),
      addressSettings(settings),
    );
    const { reporting, log } = parts;
    const { metrics } = this;
    if (reporting !== undefined)
      this.#reports = new EventReports({ ...reporting, placement: () => this.pipeline.placement, log, metrics });
    this.#tlsStory = new TlsStory(parts.log, this.metrics, () => performance.now());
    const { xds } = settings;
    const counting = metrics.observer();
    this.server = new XdsServer({
      assign: (client) => this.#assign(client),
      observer: story.observer(bothOf(this.#reports?.observer(counting) ?? counting, this.#tlsStory.observer())),
      ackBoundMs: xds.ackBoundMs,
      graceMs: xds.graceMs,
      inFlightBytes: xds.bytesInFlight,
      maxRequestBytes: xds.maxRequestBytes,
      limits: withinOpenFiles(xds.limits, mostOpenFiles(), parts.log),
      reword: rewordedScope,
    });
  }

  get settings(): Settings {
    return this.#settings;
  }

  /** Everything essential was known once and is in the stores. Stays true. */
  get complete(): boolean {
    return this.pipeline.complete;
  }

  get synced(): boolean {
    return this.#synced;
  }

  /** Why what is known may be out of date; undefined while it is not. */
  get stale(): { readonly because: string; readonly forMs: number } | undefined {
    return this.#stale && { because: this.#stale.because, forMs: performance.now() - this.#stale.sinceMs };
  }

  /** Problems of objects and files, as the source sees them. */
  sourceProblems(): readonly ProblemReport["problems"][number][] {
    return [...this.#sourceProblems.values()].flat();
  }

  /**
   * Listens, then reads. Gives the xDS port.
   * @throws Refusal when the port cannot be had or may not be opened (see xds-port.ts), or when there is nothing to read.
   */
  async start(): Promise<number> {
    const { xds, fleets } = this.#settings;
    if (xds.tls !== undefined) this.#tlsStory.fleets(fleets);
    this.#port = await openXdsPort(this.server, xds, this.#tlsStory);
    await this.#records.start((batch) => this.#take(batch));
    return this.#port.port;
  }

  /** Takes what a reload may change. What needs a restart is left as it is; the caller tells about it. */
  reconfigure(settings: Settings): void {
    this.#settings = {
      ...settings,
      source: this.#settings.source,
      saved: this.#settings.saved,
      xds: this.#settings.xds,
      admin: this.#settings.admin,
    };
    this.#records.setSettings(addressSettings(settings));
    this.#runner.redefine(pipelineSettings(settings));
    if (this.#settings.xds.tls !== undefined) this.#tlsStory.fleets(settings.fleets);
    this.server.reassign();
  }

  /** Which resources a proxy is given, and why; undefined if it has none. */
  choiceFor(proxy: ProxyLabel): VariantChoice | undefined {
    const fleet = this.#settings.fleets.find(({ name }) => name === proxy.fleet);
    return fleet === undefined ? undefined : this.#choose(fleet, proxy);
  }

  /**
   * Proxies are told to go elsewhere and have `graceMs` to do so; then everything ends. They are told at once: nothing is followed any more from here on, while
   * watches end and the last state is saved.
   */
  async stop(graceMs: number): Promise<void> {
    const quiet = this.#records.stop();
    this.#runner.stop();
    const left = Promise.resolve(this.#port?.close()).then(() => this.server.close(graceMs));
    await Promise.all([quiet, this.#reports?.stop(), left]);
  }

  #take(batch: Batch<RecordChange>): void {
    const { log } = this.#parts;
    for (const report of batch.problems) {
      this.#tell(report);
      if (report.problems.length === 0) this.#sourceProblems.delete(report.about);
      else this.#sourceProblems.set(report.about, report.problems);
    }
    if ((batch.stale === undefined) !== (this.#stale === undefined)) {
      const known = this.#synced || batch.synced;
      if (batch.stale === undefined) log.info("source is current again");
      else if (known) log.warn({ because: batch.stale }, "source is stale: proxies keep what they have");
      else
        log.warn(
          { because: batch.stale },
          "waiting for the source: nothing is known yet, and proxies are sent nothing",
        );
      this.#stale = batch.stale === undefined ? undefined : { because: batch.stale, sinceMs: performance.now() };
      this.#runner.setStale(batch.stale !== undefined);
    }
    const agoMs = batch.asOfMs === undefined ? 0 : Math.max(0, Date.now() - batch.asOfMs);
    if (batch.changes.length > 0) this.#runner.apply(batch.changes, agoMs);
    if (batch.synced && !this.#synced) {
      this.#synced = true;
      this.#runner.sync();
    }
  }

  #tell(report: ProblemReport): void {
    this.#parts.story.problems(report);
    this.#reports?.problems(report);
  }

  #settled(): void {
    if (!this.#announced && !this.complete) return; // half of what there is makes problems that the other half solves
    const { log, story } = this.#parts;
    // Sources and placement may both have something to say of one object; under one name the later would wipe the earlier.
    for (const [about, problems] of this.pipeline.placer.takeProblemChanges())
      this.#tell({ about: `placement of ${about}`, problems });
    for (const fleet of this.pipeline.fleets.values()) {
      const problems = fleet.takeProblemChanges();
      if (problems !== undefined) this.#tell({ about: `translation for ${fleet.name}`, problems });
    }
    if (this.#announced) {
      story.burstOver();
      return;
    }
    this.#announced = true;
    this.#reports?.start();
    story.forgetBurst(); // what is read before everything is known is the state at the start, no change
    const { placement } = this.pipeline;
    log.info(
      { hostnames: placement.size, fleets: this.pipeline.fleets.size },
      "ready: everything is known and proxies are served",
    );
  }
  #announced = false;

  #assign(client: ProxyClient): Assignment | Denial | undefined {
    const fleet = fleetOf(this.#settings.fleets, client);
    if (fleet === undefined || "denied" in fleet) return fleet;
    const resources = this.pipeline.variant(fleet.name, this.#choose(fleet, client).variant);
    if (resources === undefined) return undefined;
    if (resources.pending > 0) this.#runner.wake();
    return { fleet: fleet.name, store: resources.store };
  }

  #choose(fleet: FleetSettings, { node, transport, authority }: ProxyClient): VariantChoice {
    return variantOf(wishOf(fleet, this.#xdsClusterNames.nameFor(fleet, authority)), {
      transport: TRANSPORT[transport],
      build: buildOf(node.userAgentVersion),
    });
  }
}

const processClock = {
  now: () => performance.now(),
  soon: (callback: () => void): void => void setImmediate(callback),
  later: (delayMs: number, callback: () => void): (() => void) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

function buildOf(version: string): { readonly major: number; readonly minor: number } | undefined {
  const match = /^(\d+)\.(\d+)\./.exec(version);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

function addressSettings({ hosts }: Settings): ConstructorParameters<typeof AddressStage>[1] {
  const { allowedNetworks, overrides, dnsRefreshMs, dnsFirstMs } = hosts;
  return { allowedNetworks, overrides, dnsRefreshMs, dnsFirstMs };
}

function pipelineSettings({ placement, fleets }: Settings): PipelineSettings {
  return { policy: placement.policy, hold: placement.hold, fleets: fleets.map(definitionOf) };
}

const wishOf = ({ layout, endpoints, spec }: FleetSettings, xdsCluster: string): VariantWish => ({
  layout,
  endpoints,
  xdsCluster,
  unknownHostname: spec.unknownHostname,
});

const definitionOf = (fleet: FleetSettings): FleetDefinition => ({
  view: fleet.view,
  spec: fleet.spec,
  first: usualVariantOf({ ...fleet.spec, ...fleet }).variant,
});
