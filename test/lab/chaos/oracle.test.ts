/** Each cause by which a request may have failed, and beside it the same failure without that cause: a violation. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failure, Outcome } from "../load/outcome.ts";
import { Availability } from "./availability.ts";
import { Endpoints } from "./endpoints.ts";
import type { Fact, Trace, What } from "./facts.ts";
import { livesOf } from "./lives.ts";
import { type Judgement, judge } from "./oracle.ts";

const REACTION_MS = 100;
const HOSTNAME = "app-1.lab.test";

/** Facts at times, in ms. */
type History = readonly (readonly [at: number, what: What])[];

const object = (kind: "Host" | "Workload" | "WorkloadReplicaSet" | "WorkloadDeployment", name: string) => ({
  is: (now: Extract<What, { is: "object" }>["now"]): What => ({ is: "object", kind, name, now }),
});
const deployment = object("WorkloadDeployment", "lab/app-1");
const setOf = (version: string) => object("WorkloadReplicaSet", `lab/app-1-${version}`);
const workload = (name: string) => object("Workload", `lab/app-1-${name}`);
const hostObject = (name: string) => object("Host", name);
const process = (host: string, state: "alive" | "dead" | "frozen"): What => ({ is: "host", host, state });
const bound = (replica: string, host: string): What => ({
  is: "bound",
  host,
  replica: `lab/app-1-${replica}`,
  hostnames: [HOSTNAME],
});
const unbound = (replica: string, host: string): What => ({ is: "unbound", host, replica: `lab/app-1-${replica}` });

/** Two hosts, and one deployment of two replicas, one on each, all since long ago. */
const TWO: History = [
  ...["host-11-1", "host-12-1"].flatMap(
    (host): History => [
      [0, process(host, "alive")],
      [10, hostObject(host).is("new")],
      [20, hostObject(host).is("ready")],
    ],
  ),
  [30, deployment.is("new")],
  [40, setOf("v1").is("new")],
  ...[["v1-a", "host-11-1"] as const, ["v1-b", "host-12-1"] as const].flatMap(
    ([replica, host]): History => [
      [50, workload(replica).is("new")],
      [60, bound(replica, host)],
      [70, workload(replica).is("ready")],
    ],
  ),
  [80, setOf("v1").is("ready")],
];

interface Asked {
  readonly safe?: boolean;
  readonly at?: number;
  readonly tookMs?: number;
  readonly failure?: Partial<Failure>;
  readonly stopped?: boolean;
  readonly trace?: Trace;
}

function judged(
  more: History,
  { safe = true, at = 10_000, tookMs = 50, failure = {}, stopped, trace }: Asked = {},
): Judgement {
  const facts: readonly Fact[] = [...TWO, ...more]
    .map(([time, what]): Fact => ({ at: time, ...what }))
    .toSorted((a, b) => a.at - b.at);
  const outcome: Outcome = {
    id: 1,
    at,
    tookMs,
    hostname: HOSTNAME,
    kind: "any",
    safe,
    proxy: "envoy-1",
    failure: { as: "answer", text: "503", begun: false, ...failure },
  };
  const deleted = new Map(facts.flatMap((fact) => (fact.is === "unmade" ? [[fact.hostname, fact.at] as const] : [])));
  return judge(outcome, new Endpoints(livesOf(facts), new Availability(facts, REACTION_MS)), {
    stopped: new Set(stopped === true ? [1] : []),
    traces: new Map(trace === undefined ? [] : [[1, trace]]),
    deleted,
  });
}

const died: History = [[10_010, process("host-11-1", "dead")]];
const froze: History = [[9_000, process("host-11-1", "frozen")]];
const givenUp: History = [
  [9_100, hostObject("host-11-1").is("not-ready")],
  [9_200, hostObject("host-11-1").is("deleting")],
];

const ALLOWED: readonly (readonly [why: string, cause: string, history: History, asked?: Asked])[] = [
  ["its host says that a stop ended it", "stop", [], { stopped: true }],
  [
    "both hosts died",
    "nobody",
    [
      [9_000, process("host-11-1", "dead")],
      [9_500, process("host-12-1", "dead")],
    ],
  ],
  [
    "one died, the other's replica was told to go, and did",
    "nobody",
    [
      [8_000, process("host-11-1", "dead")],
      [9_000, workload("v1-b").is("deleting")],
      [9_300, unbound("v1-b", "host-12-1")],
    ],
  ],
  [
    "both replicas were unbound at one time of its life",
    "nobody",
    [
      [10_010, unbound("v1-a", "host-11-1")],
      [10_020, unbound("v1-b", "host-12-1")],
    ],
  ],
  [
    "a new replica is Ready, but not for long",
    "unknown",
    [[9_000, process("host-11-1", "dead")], [9_000, process("host-12-1", "dead")], ...third(9_990)],
  ],
  [
    "the only one that is ready died, and one that is about to stop serves",
    "unknown",
    [
      [8_000, workload("v1-b").is("deleting")],
      [9_990, process("host-11-1", "dead")],
    ],
  ],
  [
    "its only host that lived was thawed just before: connects that began before that go on",
    "nobody",
    [[5_000, process("host-12-1", "dead")], ...froze, [9_400, process("host-11-1", "alive")]],
  ],
  [
    "its only host that lived was thawed, and died before a connect was over",
    "nobody",
    [
      [5_000, process("host-12-1", "dead")],
      ...froze,
      [9_400, process("host-11-1", "alive")],
      [9_600, process("host-11-1", "dead")],
    ],
    { at: 10_500 },
  ],
  ["a POST was with the host that died", "host", died, { safe: false }],
  ["a POST is with a host that is frozen", "host", froze, { safe: false, tookMs: 15_000, failure: { as: "time-out" } }],
  ["an answer was cut by its host's death", "host", died, { failure: { as: "cut", begun: true } }],
  [
    "a POST met a replica that stopped while Signalbox was away",
    "host",
    [
      [9_000, { is: "down", part: "signalbox", name: "signalbox" }],
      [9_100, workload("v1-a").is("deleting")],
      [9_300, unbound("v1-a", "host-11-1")],
    ],
    { safe: false },
  ],
  [
    "the same, and Signalbox is back, but not for long",
    "host",
    [
      [5_000, { is: "down", part: "signalbox", name: "signalbox" }],
      [5_100, workload("v1-a").is("deleting")],
      [5_300, unbound("v1-a", "host-11-1")],
      [9_000, { is: "up", part: "signalbox", name: "signalbox" }],
    ],
    { safe: false },
  ],
  [
    "a POST met a replica that stopped while the machine was late",
    "host",
    [
      [9_950, workload("v1-a").is("deleting")],
      [10_000, unbound("v1-a", "host-11-1")],
      [10_200, { is: "late", who: "load", ms: 250 }],
    ],
    { safe: false },
  ],
  [
    "a rival came to its host while Signalbox was away",
    "mistaken",
    [[8_000, { is: "down", part: "signalbox", name: "signalbox" }], ...rival(9_000)],
    { failure: { as: "foreign", begun: true } },
  ],
  [
    "a rival waited for a host, and was given it while Signalbox was away",
    "mistaken",
    [
      [5_000, object("Workload", "rival/app-1-v1-a").is("new")],
      [8_000, { is: "down", part: "signalbox", name: "signalbox" }],
      [9_000, { is: "chosen", replica: "rival/app-1-v1-a" }],
      [9_020, { is: "bound", host: "host-11-1", replica: "rival/app-1-v1-a", hostnames: [HOSTNAME] }],
    ],
    { failure: { as: "foreign", begun: true } },
  ],
  ["a rival is on one host, and the other died", "unknown", [...rival(5_000), [9_000, process("host-12-1", "dead")]]],
  [
    "its hostname is deleted, and its answer was cut by its host's death",
    "host",
    [[5_000, { is: "unmade", hostname: HOSTNAME }], ...died],
    { failure: { as: "cut", begun: true } },
  ],
  ["its user was about to delete it", "deleted", [[9_990, { is: "unmade", hostname: HOSTNAME }]]],
  [
    "of three endpoints two are frozen",
    "outnumbered",
    [...froze, [9_000, process("host-12-1", "frozen")], ...third()],
    { tookMs: 15_000, failure: { as: "time-out" } },
  ],
];

const VIOLATIONS: readonly (readonly [why: string, words: RegExp, history: History, asked?: Asked])[] = [
  ["nothing happened", /so were all/, []],
  [
    "its only host that lived was thawed a while ago",
    /another endpoint was ready/,
    [[5_000, process("host-12-1", "dead")], ...froze, [9_400, process("host-11-1", "alive")]],
    { at: 10_500 },
  ],
  ["nothing happened to a POST", /could be asked were ready/, [], { safe: false }],
  ["one of two hosts died", /another endpoint was ready/, died],
  ["one of two hosts is frozen", /another endpoint was ready/, froze, { tookMs: 15_000, failure: { as: "time-out" } }],
  [
    "one died long before, and the other's replica was not told to go",
    /another endpoint was ready/,
    [[8_000, process("host-11-1", "dead")]],
  ],
  [
    "a POST began long after its host died: refused, it may be sent elsewhere",
    /could be asked were ready/,
    [[8_000, process("host-11-1", "dead")]],
    { safe: false },
  ],
  [
    "a POST is with a frozen host that was given up",
    /could be asked were ready/,
    [...froze, ...givenUp],
    { safe: false, at: 12_000 },
  ],
  ["an answer was cut, and no host had trouble", /went on serving/, [], { failure: { as: "cut", begun: true } }],
  [
    "a POST met a replica that was told to go a while before it stopped",
    /could be asked were ready/,
    [
      [9_000, workload("v1-a").is("deleting")],
      [9_300, unbound("v1-a", "host-11-1")],
    ],
    { safe: false },
  ],
  [
    "the same while Signalbox was away, but long back",
    /could be asked were ready/,
    [
      [1_000, { is: "down", part: "signalbox", name: "signalbox" }],
      [1_100, workload("v1-a").is("deleting")],
      [1_300, unbound("v1-a", "host-11-1")],
      [2_000, { is: "up", part: "signalbox", name: "signalbox" }],
    ],
    { safe: false, at: 15_000 },
  ],
  [
    "a POST was not with the host that died",
    /it was with host-12/,
    died,
    { safe: false, trace: { flags: "-", asked: "host-12" } },
  ],
  ["both hosts are drained, and have not been told to stop anything yet", /another endpoint was ready/, drained(9_000)],
  [
    "its hostname exists, and Envoy knows no such name",
    /does not know it/,
    [
      [9_000, process("host-11-1", "dead")],
      [9_500, process("host-12-1", "dead")],
    ],
    { trace: { flags: "NR", asked: undefined } },
  ],
  [
    "it was answered by somebody else's words",
    /not what was asked for/,
    died,
    { failure: { as: "wrong", begun: true } },
  ],
  [
    "a rival answered who was there for long",
    /does not own/,
    rival(5_000),
    { failure: { as: "foreign", begun: true } },
  ],
  ["a rival is on one host, and the other is the owner's alone", /so were all/, rival(9_000)],
  [
    "its hostname is deleted, and it hung",
    /clean answer/,
    [[5_000, { is: "unmade", hostname: HOSTNAME }]],
    { failure: { as: "time-out" } },
  ],
  ["the bus is lost, the operator has given up all, and the hosts go on", /another endpoint was ready/, lostBus(9_000)],
];

/** A third replica on a third host. */
function third(readyAt = 70): History {
  return [
    [0, process("host-13-1", "alive")],
    [10, hostObject("host-13-1").is("new")],
    [20, hostObject("host-13-1").is("ready")],
    [50, workload("v1-c").is("new")],
    [60, bound("v1-c", "host-13-1")],
    [readyAt, workload("v1-c").is("ready")],
  ];
}

/** Another namespace's replica of the same hostname, on the first host. */
function rival(at: number): History {
  return [
    [at, object("Workload", "rival/app-1-v1-a").is("new")],
    [at + 50, { is: "bound", host: "host-11-1", replica: "rival/app-1-v1-a", hostnames: [HOSTNAME] }],
    [at + 60, object("Workload", "rival/app-1-v1-a").is("ready")],
  ];
}

/** The first host's workloads are stopped, the second's are about to be. */
function drained(at: number): History {
  return [
    ...["host-11-1", "host-12-1"].flatMap(
      (host): History => [
        [at, hostObject(host).is("deleting")],
        [at + 20, hostObject(host).is("gone")],
      ],
    ),
    [at + 10, workload("v1-a").is("deleting")],
    [at + 10, workload("v1-b").is("deleting")],
    [at + 300, unbound("v1-a", "host-11-1")],
    [at + 350, workload("v1-a").is("gone")],
  ];
}

/** The operator gives up everything. */
function lostBus(at: number): History {
  return [
    [at - 100, { is: "down", part: "bus", name: "bus" }],
    ...["host-11-1", "host-12-1"].flatMap(
      (host): History => [
        [at, hostObject(host).is("not-ready")],
        [at + 10, hostObject(host).is("deleting")],
        [at + 20, hostObject(host).is("gone")],
      ],
    ),
  ];
}

for (const [why, cause, history, asked] of ALLOWED)
  test(`allowed, by ${cause}: ${why}`, () => assert.deepEqual(judged(history, asked), { allowed: cause }));

for (const [why, words, history, asked] of VIOLATIONS)
  test(`a violation: ${why}`, () => {
    const judgement = judged(history, asked);
    assert.ok("violation" in judgement, JSON.stringify(judgement));
    assert.match(judgement.violation, words);
  });

test("the same losses without a lost bus are believed: nobody is left", () => {
  const losses = lostBus(9_000).filter(([, what]) => what.is !== "down");
  assert.deepEqual(judged(losses), { allowed: "unknown" });
});

test("a Signalbox that begins anew while the bus is lost has nothing to doubt", () => {
  const anew: History = [
    ...lostBus(5_000),
    [6_000, { is: "down", part: "signalbox", name: "signalbox" }],
    [7_000, { is: "up", part: "signalbox", name: "signalbox" }],
  ];
  assert.deepEqual(judged(anew), { allowed: "unknown" });
});

test("a rollout: the old replicas stop once the new ones are Ready, and nothing may fail", () => {
  const rollout: History = [
    [8_000, setOf("v2").is("new")],
    ...[["v2-a", "host-11-1"] as const, ["v2-b", "host-12-1"] as const].flatMap(
      ([replica, host]): History => [
        [8_010, workload(replica).is("new")],
        [8_050, bound(replica, host)],
        [8_100, workload(replica).is("ready")],
      ],
    ),
    [8_200, setOf("v2").is("ready")],
    [8_300, setOf("v1").is("gone")],
    [8_310, workload("v1-a").is("deleting")],
    [8_310, workload("v1-b").is("deleting")],
    [8_500, unbound("v1-a", "host-11-1")],
    [8_500, unbound("v1-b", "host-12-1")],
  ];
  for (const at of [8_000, 8_090, 8_250, 8_490, 8_520, 10_000])
    for (const safe of [true, false]) assert.ok("violation" in judged(rollout, { at, safe }), `${safe} at ${at}`);
});
