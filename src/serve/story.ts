/** The log: what a person wants to read of a day. Connected, changed, acknowledged, rejected; quiet while nothing happens. */
import type { Logger } from "pino";
import type { ExposedHostname } from "../placement/fleet.ts";
import type { Problem } from "../placement/problem.ts";
import { subjectText } from "../placement/problem.ts";
import type { ProblemReport } from "../sources/source.ts";
import type { ProxyLabel, XdsObserver } from "../xds/observer.ts";
import { Sparing } from "./sparing.ts";

/** Hostnames of one burst of changes told one by one; above this only their number is told. */
const TOLD_ONE_BY_ONE = 10;
/** A change counts as acknowledged once its proxies have had nothing unanswered for this long, in ms: a new hostname takes several turns. */
const QUIET_MS = 250;

const proxyFields = (proxy: ProxyLabel): Record<string, string> => ({
  proxy: proxy.node.id,
  cluster: proxy.node.cluster,
  fleet: proxy.fleet,
  transport: proxy.transport,
});

const shortType = (type: string): string => type.slice(type.lastIndexOf(".") + 1);

/** `10.0.0.1:80 (weight 2), 10.0.0.2:80 draining`: a hostname's endpoints in one phrase. */
function endpointsText(exposed: ExposedHostname | undefined): string {
  if (exposed === undefined) return "unknown";
  if (exposed.endpoints.length === 0) return "no endpoint";
  return exposed.endpoints
    .map(
      (e) => `${e.address}${e.weight > 1 ? ` (weight ${e.weight})` : ""}${e.phase === "draining" ? " draining" : ""}`,
    )
    .join(", ");
}

/** Writes the log. Problems are told when they appear and when they are solved, never again in between. */
export class Story {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #problems = new Map<string, readonly Problem[]>();
  #burst: { readonly fleet: string; readonly hostname: string; readonly text: string }[] = [];
  #burstSize = 0;
  /** Unanswered responses of every connected proxy, by its serial. */
  readonly #unanswered = new Map<number, { readonly fleet: string; count: number }>();
  /** An Envoy that is denied asks again at least twice a minute. */
  readonly #denied: Sparing;
  readonly #sparing: Sparing;
  readonly #fleets = new Map<string, { changedAt: number; answeredAt: number; timer: NodeJS.Timeout }>();

  constructor(log: Logger, now: () => number) {
    this.#log = log;
    this.#now = now;
    this.#denied = new Sparing({ now, lines: 1, windowMs: 3_600_000 });
    this.#sparing = new Sparing({ now, lines: 20, windowMs: 60_000 });
  }

  /** A fleet sees a hostname differently. Told by `burstOver`. */
  hostnameChanged(
    fleet: string,
    hostname: string,
    before: ExposedHostname | undefined,
    after: ExposedHostname | undefined,
  ): void {
    this.#burstSize += 1;
    if (this.#burst.length < TOLD_ONE_BY_ONE)
      this.#burst.push({ fleet, hostname, text: `${endpointsText(before)} -> ${endpointsText(after)}` });
    const known = this.#fleets.get(fleet);
    if (known !== undefined) clearTimeout(known.timer);
    this.#fleets.set(fleet, {
      changedAt: known?.changedAt ?? this.#now(),
      answeredAt: this.#now(),
      timer: setTimeout(() => this.#quiet(fleet), QUIET_MS).unref(),
    });
  }

  /** All changes of one burst have reached the stores. */
  burstOver(): void {
    if (this.#burstSize > TOLD_ONE_BY_ONE) this.#log.info({ hostnames: this.#burstSize }, "routes changed");
    else
      for (const { fleet, hostname, text } of this.#burst)
        this.#log.info({ fleet, hostname, endpoints: text }, "route changed");
    this.#burst = [];
    this.#burstSize = 0;
  }

  /** Problems of one object, replacing what was told of it before. */
  problems(report: ProblemReport): void {
    const before = this.#problems.get(report.about) ?? [];
    const key = (problem: Problem): string => `${problem.code} ${problem.subject.field ?? ""} ${problem.cause}`;
    const known = new Set(before.map(key));
    const now = new Set(report.problems.map(key));
    for (const problem of report.problems)
      if (!known.has(key(problem)))
        this.#log.warn(
          { problem: problem.code, object: subjectText(problem.subject), ...placeOf(problem), remedy: problem.remedy },
          problem.cause,
        );
    for (const problem of before)
      if (!now.has(key(problem)))
        this.#log.info({ problem: problem.code, object: subjectText(problem.subject) }, "problem solved");
    if (report.problems.length === 0) this.#problems.delete(report.about);
    else this.#problems.set(report.about, report.problems);
  }

  /** The changes so far are the state at the start, which is told in one line elsewhere. */
  forgetBurst(): void {
    this.#burst = [];
    this.#burstSize = 0;
    for (const { timer } of this.#fleets.values()) clearTimeout(timer);
    this.#fleets.clear();
  }

  /** What the xDS server has to tell; `also` hears all of it too. */
  observer(also: XdsObserver): XdsObserver {
    return bothOf(this.#observer(), also);
  }

  #observer(): XdsObserver {
    const log = this.#log;
    return {
      connected: (proxy) => {
        this.#unanswered.set(proxy.serial, { fleet: proxy.fleet, count: 0 });
        const fields = {
          ...proxyFields(proxy),
          envoy: proxy.node.userAgentVersion,
          peer: proxy.peer,
          names: proxy.names,
        };
        this.#sparingly("info", `connected ${addressOf(proxy.peer)}`, fields, "proxy connected");
      },
      unassigned: ({ node, peer, transport }) => {
        const remedy =
          "Start the Envoy with the node of a fleet (signalbox bootstrap writes it), or give a fleet in the configuration a `proxies` selector that admits this one";
        const fields = { proxy: node.id, cluster: node.cluster, peer, transport, remedy };
        this.#sparingly("warn", `unassigned ${addressOf(peer)}`, fields, "proxy matches no fleet and is sent nothing");
      },
      denied: ({ node, peer, names }, { fleet, denied }) => {
        const fields = { proxy: node.id, cluster: node.cluster, peer, fleet, names };
        const remedy = `Give this Envoy a certificate of fleet ${fleet}, or admit one of its names in the fleet's proxies.sans`;
        const leftOut = this.#denied.admit(`${node.id} ${fleet} ${names?.join()}`);
        log[leftOut === undefined ? "debug" : "warn"]({ ...fields, remedy }, `proxy is denied its fleet: ${denied}`);
      },
      garbage: (peer, reason) =>
        this.#sparingly("warn", `garbage ${addressOf(peer)}`, { peer, reason }, "stream ended because of what it sent"),
      limited: (limit, peer, what) => {
        // Clients that keep a connection open without a stream, as some probes and load balancers do, are nothing to be warned of.
        const level = limit === "idleMs" ? "debug" : "warn";
        const fields = { limit, peer, what };
        this.#sparingly(level, `${limit} ${addressOf(peer)}`, fields, "client came up against a limit");
      },
      fault: (err) =>
        this.#sparingly("error", "fault", { err }, "this is a bug in Signalbox; a stream was ended for it"),
      listeningFailed: (address, err) =>
        this.#sparingly(
          "error",
          "listening",
          { address, err },
          "the xDS port had an error; it is listened on all the same",
        ),
      sent: (proxy, response) => {
        this.#count(proxy, 1);
        const { type, resources, removals, bytes } = response;
        log.debug({ ...proxyFields(proxy), type: shortType(type), resources, removals, bytes }, "sent");
      },
      acknowledged: (proxy, { type, waitedMs }) => {
        this.#count(proxy, -1);
        log.debug({ ...proxyFields(proxy), type: shortType(type), ms: Math.round(waitedMs) }, "acknowledged");
      },
      refused: (proxy, { type, detail }) => {
        this.#count(proxy, -1);
        const fields = { ...proxyFields(proxy), type: shortType(type), detail };
        const message = "proxy refused a response; looking for the resource at fault";
        this.#sparingly("warn", `refused ${addressOf(proxy.peer)}`, fields, message);
      },
      rejected: (proxy, { type, name, of, version, subject, detail }) => {
        const resource = of === undefined ? name : `${of}/${name}`;
        const fields = { ...proxyFields(proxy), type: shortType(type), resource, version, subject, detail };
        const message = "proxy rejected a resource; it keeps the last it accepted";
        this.#sparingly("error", `rejected ${addressOf(proxy.peer)}`, fields, message);
      },
      cleared: (proxy, { type, name, of, version }, because) => {
        const resource = of === undefined ? name : `${of}/${name}`;
        const fields = { ...proxyFields(proxy), type: shortType(type), resource, version, because };
        this.#sparingly("info", `cleared ${addressOf(proxy.peer)}`, fields, "rejection is over");
      },
      reassigned: (proxy, outcome) =>
        log.info(
          proxyFields(proxy),
          outcome === "kept"
            ? "proxy has no fleet any more and keeps what it has"
            : "proxy belongs to another fleet now and will reconnect",
        ),
      closed: (proxy) => {
        this.#unanswered.delete(proxy.serial);
        this.#sparingly("info", `closed ${addressOf(proxy.peer)}`, proxyFields(proxy), "proxy disconnected");
      },
    };
  }

  /** A line that a client can cause as often as it likes. */
  #sparingly(level: "debug" | "info" | "warn" | "error", key: string, fields: object, message: string): void {
    const leftOut = this.#sparing.admit(key);
    if (leftOut !== undefined) this.#log[level](leftOut === 0 ? fields : { ...fields, leftOut }, message);
  }

  #count(proxy: ProxyLabel, step: number): void {
    const unanswered = this.#unanswered.get(proxy.serial);
    if (unanswered !== undefined) unanswered.count += step;
    const fleet = this.#fleets.get(proxy.fleet);
    if (fleet === undefined) return;
    fleet.answeredAt = this.#now();
    fleet.timer.refresh();
  }

  #quiet(fleet: string): void {
    const state = this.#fleets.get(fleet);
    if (state === undefined) return;
    const proxies = [...this.#unanswered.values()].filter((proxy) => proxy.fleet === fleet);
    if (proxies.some((proxy) => proxy.count > 0)) {
      state.timer.refresh();
      return;
    }
    this.#fleets.delete(fleet);
    if (proxies.length > 0)
      this.#log.info(
        { fleet, proxies: proxies.length, ms: Math.round(state.answeredAt - state.changedAt) },
        "change acknowledged",
      );
  }
}

/** File, line and column, where the object came from a file. */
const placeOf = ({ place }: Problem): { readonly at?: string } => (place === undefined ? {} : { at: place });

/** A peer without its port, which is another for each connection. */
const addressOf = (peer: string): string => peer.slice(0, peer.lastIndexOf(":"));

/** One observer that tells two. */
export function bothOf(first: XdsObserver, second: XdsObserver): Required<XdsObserver> {
  return {
    connected: (...told) => [first.connected?.(...told), second.connected?.(...told)],
    unassigned: (...told) => [first.unassigned?.(...told), second.unassigned?.(...told)],
    handshakeFailed: (...told) => [first.handshakeFailed?.(...told), second.handshakeFailed?.(...told)],
    denied: (...told) => [first.denied?.(...told), second.denied?.(...told)],
    garbage: (...told) => [first.garbage?.(...told), second.garbage?.(...told)],
    limited: (...told) => [first.limited?.(...told), second.limited?.(...told)],
    fault: (...told) => [first.fault?.(...told), second.fault?.(...told)],
    listeningFailed: (...told) => [first.listeningFailed?.(...told), second.listeningFailed?.(...told)],
    sent: (...told) => [first.sent?.(...told), second.sent?.(...told)],
    acknowledged: (...told) => [first.acknowledged?.(...told), second.acknowledged?.(...told)],
    refused: (...told) => [first.refused?.(...told), second.refused?.(...told)],
    rejected: (...told) => [first.rejected?.(...told), second.rejected?.(...told)],
    cleared: (...told) => [first.cleared?.(...told), second.cleared?.(...told)],
    reassigned: (...told) => [first.reassigned?.(...told), second.reassigned?.(...told)],
    closed: (...told) => [first.closed?.(...told), second.closed?.(...told)],
  };
}
