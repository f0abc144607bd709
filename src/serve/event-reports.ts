/** From problems and rejections to Events on the objects they came from, for installations that read from Kubernetes. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Metrics } from "../admin/metrics.ts";
import type { ObjectClient } from "../kubernetes/client.ts";
import type { ObjectEvent } from "../kubernetes/event.ts";
import { EventWriter } from "../kubernetes/event-writer.ts";
import type { Failure } from "../kubernetes/failure.ts";
import { Lease } from "../kubernetes/lease.ts";
import type { Placement } from "../placement/placement.ts";
import type { ObjectName, RecordKind } from "../placement/records.ts";
import type { KubernetesSource } from "../sources/kubernetes.ts";
import type { ProblemReport } from "../sources/source.ts";
import type { ProxyLabel, Rejection, XdsObserver } from "../xds/observer.ts";
import { type Objects, problemEvents, rejectionEvents } from "./event-texts.ts";

/** Its rights are granted by this name (k8s/base/rbac.yaml), so no option. */
const LEASE_NAME = "signalbox-events";

/** How long until an object that was not known is looked for again, in ms. */
const UNKNOWN_MS = 5_000;

/** What the source brings. */
export interface Reporting {
  readonly client: ObjectClient;
  readonly source: Pick<KubernetesSource, "identityOf">;
  readonly leaseNamespace: string;
}

export interface EventReportsParts extends Reporting {
  readonly placement: () => Placement;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/**
 * - What every replica knows (problems) is said by the one that holds the Lease. A rejection is known to the replica alone whose proxy it was, so that one says
 *   it; should two say the same, it is one Event all the same, since equal Events have equal names.
 * - Nothing waits for it, and nothing is said before `start`: what is known until then is half the truth.
 */
export class EventReports {
  readonly #objects: Objects;
  readonly #lease: Lease;
  readonly #writer: EventWriter;
  /** Reports about objects that the API server has not shown yet: the state may be one from disk. */
  readonly #unknown = new Map<string, ProblemReport>();
  #later: NodeJS.Timeout | undefined;
  #started = false;

  constructor(parts: EventReportsParts) {
    const { client, source, leaseNamespace, placement, log, metrics } = parts;
    this.#objects = {
      identityOf: (name) => source.identityOf(name),
      rootsOf: (name) => rootsOf(name, placement()),
    };
    const clock = {
      now: () => performance.now(),
      sleep: (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal }),
    };
    const shared = { client, clock, wallClock: Date.now, chance: Math.random };
    const identity = `${hostname()}_${randomUUID()}`; // a pod's name alone is that of its next process too
    const lease = `${leaseNamespace}/${LEASE_NAME}`;
    this.#lease = new Lease({
      ...{ ...shared, namespace: leaseNamespace, name: LEASE_NAME, identity },
      observer: {
        acquired: () => log.info({ lease }, "this replica writes Events for all"),
        lost: () => log.info({ lease }, "this replica writes Events for all no more"),
        failed: failureStory(
          log,
          `the Lease ${lease} cannot be had: Events of problems are written by no replica, or by another`,
        ),
      },
    });
    this.#writer = new EventWriter({
      ...{ ...shared, instance: identity, speaks: () => this.#lease.leading },
      observer: {
        counted: (result, by) => metrics.events(result, by),
        failed: failureStory(log, "Events cannot be written: owners are told by the log and /debug/problems alone"),
      },
    });
    metrics.speaksForAll(() => this.#lease.leading);
  }

  /** All that is wrong with one thing, in the place of what was said of it before. */
  problems(report: ProblemReport): void {
    const { about, problems } = report;
    let unknown = false;
    const identityOf: Objects["identityOf"] = (name) => {
      const identity = this.#objects.identityOf(name);
      unknown ||= identity === undefined;
      return identity;
    };
    const events = problems.flatMap((problem) => problemEvents(problem, { ...this.#objects, identityOf }));
    this.#writer.report(`problems of ${about}`, events, "all-replicas");
    if (unknown) this.#unknown.set(about, report);
    else this.#unknown.delete(about);
    this.#lookLater();
  }

  /** An observer that hears of rejections, and tells the other everything. */
  observer(also: XdsObserver): XdsObserver {
    return {
      ...also,
      rejected: (proxy, rejection) => {
        also.rejected?.(proxy, rejection);
        this.#rejection(proxy, rejection, rejectionEvents(proxy, rejection, this.#objects));
      },
      cleared: (proxy, rejection, because) => {
        also.cleared?.(proxy, rejection, because);
        this.#rejection(proxy, rejection, []);
      },
    };
  }

  /** Everything is known for the first time. May be called again. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#lease.start();
    this.#writer.start();
  }

  /** Gives the Lease back; takes a second at most. */
  async stop(): Promise<void> {
    clearTimeout(this.#later);
    await this.#writer.stop();
    await this.#lease.stop();
  }

  #lookLater(): void {
    if (this.#unknown.size === 0 || this.#later !== undefined) return;
    this.#later = setTimeout(() => {
      this.#later = undefined;
      for (const report of [...this.#unknown.values()]) this.problems(report);
    }, UNKNOWN_MS).unref();
  }

  #rejection({ serial }: ProxyLabel, { type, of = "", name }: Rejection, events: readonly ObjectEvent[]): void {
    this.#writer.report(`proxy ${serial} of ${type} ${of} ${name}`, events, "this-replica");
  }
}

function rootsOf(name: string, placement: Placement): readonly (ObjectName & { readonly kind: RecordKind })[] {
  const roots = new Map<string, ObjectName & { readonly kind: RecordKind }>();
  for (const { verdict, namespace, root } of placement.get(name)?.claims ?? [])
    if (verdict === "owner") roots.set(`${root.kind} ${root.name}`, { kind: root.kind, namespace, name: root.name });
  return [...roots.values()];
}

/** Tells what somebody has to put right, once; an API server that is away is told elsewhere. */
function failureStory(log: Logger, consequence: string): (failure: Failure, waitMs: number) => void {
  const told = new Set<string>();
  return ({ code, cause, remedy }, waitMs) => {
    const helpless = code === "forbidden" || code === "absent" || code === "refused";
    const level = helpless && !told.has(code) ? "warn" : "debug";
    told.add(code);
    log[level]({ failure: code, because: cause, remedy, retryMs: Math.round(waitMs) }, consequence);
  };
}
