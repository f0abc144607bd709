/** "Why is my route not there?": one hostname, step by step from the Host header to each proxy. */
import type { ExplainedReplica, HostnameExplanation } from "../placement/explain-placement.ts";
import { problemText } from "../placement/problem.ts";
import { checkHostname } from "../sources/hostname.ts";
import type { Delivery } from "../xds/observer.ts";
import { shortType } from "./answers.ts";
import { leftOutOn } from "./left-out.ts";
import type { AdminModel, FleetFacts, ResourceDelivery } from "./model.ts";

/** Message ExplainStep. */
interface ExplainStep {
  readonly name: "host-header" | "name" | "claims" | "owner" | "replicas" | "fleets" | "resources" | "proxies";
  readonly ok: boolean;
  /** What is so, and if not ok, why. */
  readonly text: string;
  /** What to do, beginning with a verb; "" if ok. */
  readonly remedy: string;
  /** One line per claim, replica, fleet or proxy. */
  readonly details: readonly string[];
}

/** Message ExplainResponse. */
export interface ExplainAnswer {
  /** As it is compared. */
  readonly hostname: string;
  readonly ok: boolean;
  readonly summary: string;
  readonly steps: readonly ExplainStep[];
}

/**
 * The steps a request for the hostname depends on, in their order, each with cause and remedy. A step that leaves nothing to look at is the last:
 * without a claim there is no owner. A step that is not ok otherwise does not end it: a hostname without replicas is still a route.
 */
export function explain(asked: string, model: AdminModel): ExplainAnswer {
  const hostname = comparedName(asked);
  const steps: ExplainStep[] = [];
  for (const step of stepsFor(asked, hostname, model)) steps.push(step);
  const wrong = steps.find(({ ok }) => !ok);
  const summary = wrong === undefined ? servedSummary(hostname, model) : `${wrong.text}. ${wrong.remedy}`;
  return { hostname, ok: wrong === undefined, summary, steps };
}

function servedSummary(hostname: string, model: AdminModel): string {
  const on = model.fleets().filter(({ exposed }) => exposed.has(hostname));
  const explained = model.explainPlacement(hostname);
  const leftOut = new Set(on.flatMap((fleet) => leftOutOn(fleet, explained).map(({ text }) => ` ${text}.`)));
  const fleets = `fleet${on.length === 1 ? "" : "s"} ${on.map(({ name }) => name).join(", ")}`;
  return `${hostname} is served on ${fleets}: every proxy that should route it has acknowledged that.${[...leftOut].join("")}`;
}

/** What Envoy compares: without port and trailing dot, in lower case. */
function comparedName(asked: string): string {
  return asked.trim().replace(/:\d*$/, "").replace(/\.$/, "").toLowerCase();
}

function* stepsFor(asked: string, hostname: string, model: AdminModel): Iterable<ExplainStep> {
  yield step("host-header", asked === hostname ? `Host: ${asked}` : `Host: ${asked} is compared as ${hostname}`);
  const verdict = checkHostname(hostname);
  if ("reason" in verdict) {
    yield fault("name", `"${hostname}" ${verdict.reason}, so no host registers it`, verdict.remedy);
    return;
  }
  yield step("name", `${hostname} is a name that hosts register`);
  const placed = model.explainPlacement(hostname);
  yield claimsStep(placed, model);
  if (placed.claims.length === 0) return;
  yield ownerStep(placed);
  if (placed.owner === undefined) return;
  yield replicasStep(placed);
  const fleets = model.fleets();
  yield fleetsStep(placed, fleets);
  if (!fleets.some(({ exposed }) => exposed.has(hostname))) return;
  yield resourcesStep(hostname, model);
  yield proxiesStep(
    model.deliveries(hostname),
    fleets.filter(({ exposed }) => exposed.has(hostname)),
    model,
  );
}

function claimsStep({ hostname, claims }: HostnameExplanation, model: AdminModel): ExplainStep {
  const details = claims.map(({ kind, namespace, name, at, verdict }) => {
    const since = at === 0 ? "age unknown" : `since ${new Date(at).toISOString()}`;
    return `${kind} ${namespace}/${name}, ${since}: ${verdict}`;
  });
  if (claims.length > 0) return step("claims", `${claims.length} objects claim ${hostname}`, details);
  const stale = model.stale();
  const readiness = model.readiness();
  if (!readiness.ready)
    return fault(
      "claims",
      `nothing claims ${hostname} so far, and objects are still being read`,
      `Wait for ${readiness.waitingFor.join(", ")}`,
    );
  if (stale !== undefined)
    return fault("claims", `nothing claimed ${hostname} when objects could last be read`, stale.because);
  return fault(
    "claims",
    `no Workload, WorkloadReplicaSet or WorkloadDeployment names ${hostname}`,
    "Put it into config.host or config.host-aliases of the wasi:http interface of one of them, and see the problems for objects that could not be read",
  );
}

function ownerStep({ hostname, owner, claims, rule, problems }: HostnameExplanation): ExplainStep {
  const byRule =
    rule === undefined
      ? ""
      : ` (the administrator's rule for ${rule.domain} admits ${rule.namespaces.join(", ") || "no namespace"})`;
  const details = problems.map(problemText);
  if (owner === undefined)
    return fault(
      "owner",
      `nobody who claims ${hostname} may own it${byRule}`,
      "Use another hostname, or ask the administrator to admit the namespace",
      details,
    );
  const losers = new Set(claims.filter(({ verdict }) => verdict !== "owner").map(({ namespace }) => namespace));
  const others = losers.size === 0 ? "" : `; ${[...losers].sort().join(", ")} claim it too and get no traffic`;
  return step("owner", `${hostname} belongs to namespace ${owner}${byRule}${others}`, details);
}

function replicasStep({ hostname, replicas, owner }: HostnameExplanation): ExplainStep {
  const own = replicas.filter(({ role }) => role !== "loser");
  const details = replicas.map(replicaLine);
  const serving = own.filter(({ role }) => role === "endpoint");
  const ready = serving.filter(({ phase }) => phase === "ready").length;
  const text = `${ready} ready, ${serving.length - ready} draining, ${own.length - serving.length} absent`;
  if (serving.length > 0) return step("replicas", text, details);
  if (own.length === 0)
    return fault(
      "replicas",
      `namespace ${owner} has no Workload for ${hostname}`,
      "Scale the WorkloadDeployment up, or see why its operator makes none",
      details,
    );
  const reasons = [...new Set(own.map(({ because }) => because))].sort().slice(0, 3).join("; ");
  return fault(
    "replicas",
    `no replica of ${hostname} can serve: ${reasons}`,
    "See the conditions of the Workloads listed",
    details,
  );
}

function replicaLine(replica: ExplainedReplica): string {
  const { namespace, name, addresses, role, phase, because, contaminated } = replica;
  const at = addresses.length === 0 ? "" : ` at ${addresses.join(", ")}`;
  const fate = role === "loser" ? "gets no traffic, its namespace does not own the hostname" : `${phase}, ${because}`;
  return `Workload ${namespace}/${name}${at}: ${fate}${contaminated ? "; shares its host with another owner's replica" : ""}`;
}

function fleetsStep(explained: HostnameExplanation, fleets: readonly FleetFacts[]): ExplainStep {
  const { hostname } = explained;
  const details = fleets.map((fleet) => {
    const seen = fleet.exposed.get(hostname);
    if (seen === undefined) return `${fleet.name}: does not expose it`;
    const endpoints = seen.endpoints.map(({ address, phase, weight }) => `${address} ${phase} weight ${weight}`);
    const served = endpoints.length === 0 ? "no endpoint, answers 503" : endpoints.join(", ");
    return [`${fleet.name}: ${served}`, ...leftOutOn(fleet, explained).map(({ text }) => text)].join("; ");
  });
  const on = fleets.filter(({ exposed }) => exposed.has(hostname));
  if (on.length === 0)
    return fault(
      "fleets",
      `no fleet exposes ${hostname}, so all answer as for an unknown hostname`,
      "Compare the fleets' exposes with namespace, labels and host group of the workload",
      details,
    );
  const empty = on.filter(({ exposed }) => exposed.get(hostname)?.endpoints.length === 0);
  if (empty.length === 0) return step("fleets", `exposed on ${on.map(({ name }) => name).join(", ")}`, details);
  const text = `${hostname} has no endpoint on ${empty.map(({ name }) => name).join(", ")}, which answers 503`;
  const leftOut = empty.flatMap((fleet) => leftOutOn(fleet, explained));
  if (leftOut.length === 0)
    return fault("fleets", text, "See the replicas; a fleet also leaves out what its selectors do not admit", details);
  const intruders = [...new Set(leftOut.flatMap((one) => one.intruders))].sort().join(", ");
  return fault(
    "fleets",
    [text, ...new Set(leftOut.map((one) => one.text))].join("; "),
    `Remove ${hostname} from Workload ${intruders}, keep the namespaces on separate host groups, or set contaminated: serve for the fleet`,
    details,
  );
}

function resourcesStep(hostname: string, model: AdminModel): ExplainStep {
  const problems = model.translationProblems(hostname);
  if (problems.length === 0) return step("resources", `Envoy's configuration for ${hostname} breaks none of its rules`);
  return fault(
    "resources",
    `Envoy would refuse the configuration made for ${hostname}, so it is withheld`,
    "Report it: this is a fault of Signalbox",
    problems.map(problemText),
  );
}

/** From best to worst: a proxy is as far as its worst resource. `unsubscribed` is said of what it does not ask for, as assignments before their cluster. */
const PROGRESS: readonly Delivery["state"][] = [
  "acknowledged",
  "unsubscribed",
  "sent",
  "behind",
  "withheld",
  "rejected",
];

function proxiesStep(
  resources: readonly ResourceDelivery[],
  fleets: readonly FleetFacts[],
  model: AdminModel,
): ExplainStep {
  const connected = model.proxies();
  const missing = fleets.filter(({ name }) => !connected.some(({ fleet }) => fleet === name)).map(({ name }) => name);
  const worst = new Map<number, { readonly delivery: Delivery; readonly resource: ResourceDelivery }>();
  for (const resource of resources)
    for (const delivery of resource.deliveries) {
      const before = worst.get(delivery.proxy.serial);
      if (before === undefined || PROGRESS.indexOf(delivery.state) > PROGRESS.indexOf(before.delivery.state))
        worst.set(delivery.proxy.serial, { delivery, resource });
    }
  const proxies = [...worst.values()].toSorted((a, b) => a.delivery.proxy.serial - b.delivery.proxy.serial);
  const details = proxies.map(({ delivery: { proxy, state }, resource }) => {
    const what = state === "acknowledged" ? "" : ` (${shortType(resource.type)} ${resource.name})`;
    const words = state === "rejected" ? `: ${rejectionWords(connected, proxy.serial, resource)}` : "";
    return `proxy ${proxy.node.id} at ${proxy.peer}, fleet ${proxy.fleet}: ${state}${what}${words}`;
  });
  const rejected = proxies.filter(({ delivery }) => delivery.state === "rejected").length;
  if (rejected > 0)
    return fault(
      "proxies",
      `${rejected} of ${proxies.length} proxies rejected it and keep what they last accepted`,
      "Read the proxy's own words in the details; a proxy older than the supported Envoy wants an update",
      details,
    );
  if (missing.length > 0) {
    const strangers = model.unassigned().map(({ node, peer }) => `proxy ${node.id} at ${peer}: no fleet admits it`);
    const others = strangers.length === 0 ? "" : `, and ${strangers.length} that no fleet admits`;
    return fault(
      "proxies",
      `no proxy of ${missing.join(", ")} is connected to this replica${others}`,
      "See that Envoy runs, reaches the xDS address, and that its node is admitted by the fleet's proxies",
      [...details, ...strangers],
    );
  }
  const late = proxies.filter(({ delivery }) => delivery.state !== "acknowledged").length;
  if (late > 0)
    return fault(
      "proxies",
      `${late} of ${proxies.length} proxies have not acknowledged all of it yet`,
      "Ask again in some seconds; a proxy that stays behind is listed with what it waits for",
      details,
    );
  return step("proxies", `all ${proxies.length} proxies have acknowledged it`, details);
}

function rejectionWords(
  proxies: ReturnType<AdminModel["proxies"]>,
  serial: number,
  { type, name }: ResourceDelivery,
): string {
  const proxy = proxies.find((candidate) => candidate.serial === serial);
  const rejections = proxy?.types.find((candidate) => candidate.type === type)?.rejected ?? [];
  const rejection = rejections.find((candidate) => candidate.name === name);
  if (rejection === undefined) return "its words are no longer kept";
  return rejection.kept === undefined ? rejection.detail : `${rejection.detail}; it keeps version ${rejection.kept}`;
}

function step(name: ExplainStep["name"], text: string, details: readonly string[] = []): ExplainStep {
  return { name, ok: true, text, remedy: "", details };
}

function fault(name: ExplainStep["name"], text: string, remedy: string, details: readonly string[] = []): ExplainStep {
  return { name, ok: false, text, remedy: remedy.endsWith(".") ? remedy : `${remedy}.`, details };
}
