/** The paths of the HTTP server and what each answers. */
import {
  hostnameAnswers,
  problemAnswer,
  proxyAnswer,
  statusAnswer,
  unassignedAnswer,
  workloadAnswer,
} from "./answers.ts";
import { explain } from "./explain.ts";
import { atOnce, slicesOf } from "./in-slices.ts";
import type { AdminModel } from "./model.ts";
import { pageOf } from "./page.ts";

/** What is sent. `parts` are sent one after another, with a breath between them, so that a long answer does not hold the event loop. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly parts: Iterable<string>;
}

/** One path. */
export interface Route {
  readonly path: string;
  /** Parameters it takes; others are refused. */
  readonly parameters: readonly string[];
  /** One line for the index. */
  readonly tells: string;
  /** For browsers of other sites there is nothing worth reading here, and probes and Prometheus come by whatever name. */
  readonly anyHost: boolean;
  readonly answer: (parameters: URLSearchParams) => Answer | Promise<Answer>;
}

/** A list is sent in parts of so many entries: about 1 ms of work each. */
const ENTRIES_AT_ONCE = 100;

/** The paths over a model; `metrics` gives the text of /metrics and its content type. */
export function routesOf(
  model: AdminModel,
  metrics: () => Promise<{ readonly contentType: string; readonly text: string }>,
): readonly Route[] {
  const routes: readonly Route[] = [
    {
      path: "/",
      parameters: [],
      tells: "this list",
      anyHost: false,
      answer: () => text(200, indexText(routes)),
    },
    {
      path: "/healthz",
      parameters: [],
      tells: "200 while the process answers at all",
      anyHost: true,
      answer: () => text(200, "ok\n"),
    },
    {
      path: "/readyz",
      parameters: [],
      tells: "200 once proxies are served, else 503 and what is missing",
      anyHost: true,
      answer: () => readiness(model),
    },
    {
      path: "/metrics",
      parameters: [],
      tells: "metrics for Prometheus",
      anyHost: true,
      answer: async () => {
        const { contentType, text: body } = await metrics();
        return { status: 200, contentType, parts: [body] };
      },
    },
    {
      path: "/debug/status",
      parameters: [],
      tells: "version, readiness, fleets, counts",
      anyHost: false,
      answer: () => json(200, statusAnswer(model)),
    },
    {
      path: "/debug/explain",
      parameters: ["hostname"],
      tells: "why a hostname is served as it is, step by step",
      anyHost: false,
      answer: (given) => withHostname(given, (hostname) => json(200, explain(hostname, model))),
    },
    {
      path: "/debug/placement",
      parameters: ["hostname"],
      tells:
        "owner, claims, replicas, endpoints of one hostname or of all, and how many proxies have acknowledged that",
      anyHost: false,
      answer: (given) => placement(given.get("hostname"), model),
    },
    {
      path: "/debug/lookup",
      parameters: ["workload", "host", "hostname"],
      tells: "workloads by workload ID or namespace/name, by host ID, or by hostname",
      anyHost: false,
      answer: (given) => lookup(given, model),
    },
    {
      path: "/debug/proxies",
      parameters: [],
      tells: "connected proxies and how far each has come, and those without a fleet",
      anyHost: false,
      answer: () =>
        lists(
          entriesOf("proxies", model.proxies(), proxyAnswer),
          entriesOf("unassigned", model.unassigned(), unassignedAnswer),
        ),
    },
    {
      path: "/debug/problems",
      parameters: [],
      tells: "everything that owners or administrators should put right",
      anyHost: false,
      answer: () => list("problems", model.problems(), problemAnswer),
    },
  ];
  return routes;
}

/** The index, also told to whoever asks for a path there is not. */
export function indexText(routes: readonly Route[]): string {
  const lines = routes.map(({ path, parameters, tells }) => {
    const asked = parameters.length === 0 ? path : `${path}?${parameters.map((name) => `${name}=`).join("|")}`;
    return `${asked.padEnd(46)} ${tells}\n`;
  });
  return `Signalbox\n\n${lines.join("")}`;
}

/** A short text. */
export function text(status: number, body: string): Answer {
  return { status, contentType: "text/plain; charset=utf-8", parts: [body] };
}

const JSON_TYPE = "application/json; charset=utf-8";

function json(status: number, value: unknown): Answer {
  return { status, contentType: JSON_TYPE, parts: [`${JSON.stringify(value, undefined, 2)}\n`] };
}

function readiness(model: AdminModel): Answer {
  const state = model.readiness();
  if (state.ready) return text(200, "ready\n");
  return text(503, `waiting for:\n${state.waitingFor.map((what) => `- ${what}\n`).join("")}`);
}

function withHostname(given: URLSearchParams, answer: (hostname: string) => Answer): Answer {
  const hostname = given.get("hostname") ?? "";
  return hostname === "" ? text(400, "Say which: ?hostname=shop.example.com\n") : answer(hostname);
}

function placement(asked: string | null, model: AdminModel): Answer {
  if (asked === null) return { status: 200, contentType: JSON_TYPE, parts: placementParts(model) };
  const placed = model.placement.get(asked.toLowerCase());
  if (placed === undefined)
    return text(404, `Nothing claims ${JSON.stringify(asked)}. /debug/explain?hostname= tells why.\n`);
  const [answer] = atOnce(hostnameAnswers([placed.hostname], model));
  return json(200, answer);
}

/** Page by page, since placement may change while a slow reader takes its time: each hostname is told once, as it is when its page comes. */
function* placementParts(model: AdminModel): Iterable<string> {
  yield '{"hostnames":[';
  let separator = "\n";
  for (let after: string | undefined = ""; after !== undefined; ) {
    const page = pageOf(model.placement.keys(), { after, size: 10 * ENTRIES_AT_ONCE, contains: "" });
    yield "";
    const slices = slicesOf(hostnameAnswers(page.names, model));
    let slice = slices.next();
    for (; !slice.done; slice = slices.next()) yield "";
    for (let at = 0; at < slice.value.length; at += ENTRIES_AT_ONCE) {
      const lines = slice.value.slice(at, at + ENTRIES_AT_ONCE).map((answer) => JSON.stringify(answer));
      yield separator + lines.join(",\n");
      separator = ",\n";
    }
    after = page.last;
  }
  yield "\n]}\n";
}

function lookup(given: URLSearchParams, model: AdminModel): Answer {
  const [first, ...more] = [...given];
  if (first === undefined || more.length > 0 || first[1] === "")
    return text(400, "Say one: ?workload=<workload ID or namespace/name>, ?host=<host ID> or ?hostname=<hostname>\n");
  const [name, value] = first;
  if (name === "hostname") return list("workloads", model.workloadsOf(value), workloadAnswer);
  if (name === "host") return list("workloads", model.findWorkloads({ hostId: value }), workloadAnswer);
  const [namespace = "", object, ...rest] = value.split("/");
  const query = object === undefined ? { id: value } : { namespace, name: [object, ...rest].join("/") };
  return list("workloads", model.findWorkloads(query), workloadAnswer);
}

function list<T>(name: string, entries: readonly T[], answerOf: (entry: T) => unknown): Answer {
  return lists(entriesOf(name, entries, answerOf));
}

/** The members of one answer, each a list. */
function lists(...members: readonly Iterable<string>[]): Answer {
  return { status: 200, contentType: JSON_TYPE, parts: objectParts(members) };
}

function* objectParts(members: readonly Iterable<string>[]): Iterable<string> {
  for (const [at, member] of members.entries()) {
    yield at === 0 ? "{" : ",\n";
    yield* member;
  }
  yield "}\n";
}

function* entriesOf<T>(name: string, entries: readonly T[], answerOf: (entry: T) => unknown): Iterable<string> {
  yield `"${name}":[`;
  for (let at = 0; at < entries.length; at += ENTRIES_AT_ONCE) {
    const lines = entries.slice(at, at + ENTRIES_AT_ONCE).map((entry) => JSON.stringify(answerOf(entry)));
    yield (at === 0 ? "\n" : ",\n") + lines.join(",\n");
  }
  yield "\n]";
}
