/** What the laboratory says, and what of it is a fact. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { factsOf, stoppedOf, tracesOf, type What } from "./facts.ts";

const ROWS: readonly (readonly [who: string, text: string, fact: What | undefined])[] = [
  ["host-11-2", "listens on 127.0.0.11:42871", { is: "host", host: "host-11-2", state: "alive" }],
  [
    "host-11-2",
    "lab/app-1-v1-a is bound to a.test, b.test",
    { is: "bound", host: "host-11-2", replica: "lab/app-1-v1-a", hostnames: ["a.test", "b.test"] },
  ],
  ["host-11-2", "lab/app-1-v1-a is unbound", { is: "unbound", host: "host-11-2", replica: "lab/app-1-v1-a" }],
  ["host-11-2", "lab/app-1-v1-a fails to start", undefined],
  ["lab", "SIGKILL to host-11-2", { is: "host", host: "host-11-2", state: "dead" }],
  ["lab", "SIGSTOP to host-11-2", { is: "host", host: "host-11-2", state: "frozen" }],
  ["lab", "SIGCONT to host-11-2", { is: "host", host: "host-11-2", state: "alive" }],
  ["lab", "SIGKILL to the operator", undefined],
  ["lab", "SIGTERM to Signalbox", { is: "down", part: "signalbox", name: "Signalbox" }],
  ["lab", "Signalbox is ready", { is: "up", part: "signalbox", name: "Signalbox" }],
  ["lab", "SIGKILL to signalbox-2", { is: "down", part: "signalbox", name: "signalbox-2" }],
  ["lab", "signalbox-2 is ready", { is: "up", part: "signalbox", name: "signalbox-2" }],
  ["lab", "SIGKILL to the API server", { is: "down", part: "api-server", name: "the API server" }],
  ["lab", "the API server is ready", { is: "up", part: "api-server", name: "the API server" }],
  ["lab", "the bus is lost", { is: "down", part: "bus", name: "the bus" }],
  ["lab", "the bus is back", { is: "up", part: "bus", name: "the bus" }],
  ["lab", "app-new3 is unmade", { is: "unmade", hostname: "app-new3.lab.test" }],
  [
    "objects",
    "Host wasmcloud-system/host-11-2: Ready is Unknown",
    { is: "object", kind: "Host", name: "host-11-2", now: "unknown" },
  ],
  ["objects", "Host wasmcloud-system/host-11-2: Reporting is False", undefined],
  ["objects", "Workload lab/app-1-v1-a: HostSelection is True", { is: "chosen", replica: "lab/app-1-v1-a" }],
  ["objects", "Workload lab/app-1-v1-a: HostSelection is False", undefined],
  [
    "objects",
    "Workload lab/app-1-v1-a: Ready is True",
    { is: "object", kind: "Workload", name: "lab/app-1-v1-a", now: "ready" },
  ],
  [
    "objects",
    "Workload lab/app-1-v1-a: Ready is False",
    { is: "object", kind: "Workload", name: "lab/app-1-v1-a", now: "not-ready" },
  ],
  [
    "objects",
    "Workload lab/app-1-v1-a is being deleted",
    { is: "object", kind: "Workload", name: "lab/app-1-v1-a", now: "deleting" },
  ],
  [
    "objects",
    "WorkloadReplicaSet lab/app-1-v1 is gone",
    { is: "object", kind: "WorkloadReplicaSet", name: "lab/app-1-v1", now: "gone" },
  ],
  [
    "objects",
    "WorkloadDeployment lab/app-1 is new",
    { is: "object", kind: "WorkloadDeployment", name: "lab/app-1", now: "new" },
  ],
  ["load", "load: event loop 130 ms late", { is: "late", who: "load", ms: 130 }],
  ["signalbox", "the bus is lost", undefined],
];

for (const [who, text, fact] of ROWS)
  test(`${who}: ${text}`, () => {
    assert.deepEqual(factsOf([{ at: 5, who, text }]), fact === undefined ? [] : [{ at: 5, ...fact }]);
  });

test("facts are in order of time", () => {
  const said = [9, 3, 7].map((at) => ({ at, who: "lab", text: "the bus is lost" }));
  assert.deepEqual(
    factsOf(said).map(({ at }) => at),
    [3, 7, 9],
  );
});

test("requests that a stop ended, and those that a stopping service answered", () => {
  const texts = [
    "lab/a is killed with request lab/17",
    "lab/a is stopping, and answers 503 to lab/4",
    "lab/9 is unbound",
  ];
  assert.deepEqual(stoppedOf(texts.map((text) => ({ at: 0, who: "host-11-1", text }))), new Set([17, 4]));
});

test("an access log tells flags, and the host that was asked last", () => {
  const line = (id: number, flags: string, host: string) => ({
    at: 0,
    who: "envoy-1",
    text: `lab/${id} GET a.test: 503, flags ${flags}, via_upstream, host ${host}, attempts 1, 36 ms`,
  });
  const traces = tracesOf([line(1, "-", "127.0.0.13:42871"), line(2, "NR", "null")]);
  assert.deepEqual(traces.get(1), { flags: "-", asked: "host-13" });
  assert.deepEqual(traces.get(2), { flags: "NR", asked: undefined });
});
