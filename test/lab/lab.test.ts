/**
 * The laboratory on its smallest scale: what it pretends happens in the order in which the real operator does it, and the scenarios that every change to
 * Signalbox has to pass. All of them: `npm run lab -- --scenario all`.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { conditionOf, isDeleting } from "./cluster/objects.ts";
import { scenariosNamed } from "./scenarios/catalogue.ts";
import type { Scenario, Stage } from "./scenarios/scenario.ts";
import { Journal, readJournal } from "./soak/journal.ts";
import { soak } from "./soak/run.ts";
import { entriesOf } from "./soak/verdict.ts";
import { storyOf } from "./story.ts";
import { setStage, trial } from "./trial.ts";
import { wallMs } from "./wall-clock.ts";

/** The rest of a test run has the other core. */
const PLAN = {
  tempo: "crowded",
  gateway: "signalbox",
  apps: 20,
  replicas: 2,
  hosts: 3,
  perSecond: 150,
  overDelete: false,
  // For the soak:
  started: { nodeOptions: ["--inspect=127.0.0.1:0"] },
  xds: { lines: true },
} as const;

let stage: Stage;

before(async () => {
  stage = await setStage(PLAN);
});
after(() => stage?.lab.stop());

const keeps = async (scenario: Scenario, on: Stage, t: TestContext): Promise<void> => {
  const verdict = await trial(on, scenario);
  const story = storyOf(verdict);
  t.diagnostic(story);
  assert.ok(verdict.requests > 100, "the load was there");
  assert.equal(verdict.broken.length, 0, story);
};

const titleOf = ({ name, what, promised }: Scenario): string => `${name}: ${what}; promised: ${promised}`;

for (const scenario of scenariosNamed(["rollout-all", "signalbox-killed", "host-killed"]))
  test(titleOf(scenario), (t) => keeps(scenario, stage, t));

test("a rollout goes as the operator's does: new replicas Ready, the old ReplicaSet gone, its workloads deleted by the garbage collector, unbound, gone", async () => {
  const { lab } = stage;
  const [app] = stage.apps;
  assert.ok(app !== undefined);
  const old = lab.watched.workloads.all().filter(({ metadata }) => metadata.name.startsWith(`${app.name}-`));
  assert.equal(old.length, 2);
  const generation = old[0]?.metadata.ownerReferences?.[0]?.name ?? "";
  const since = wallMs();
  await lab.deployments.update(app);
  await lab.deployments.settled([app.name]);
  const told = lab.timeline.matching(new RegExp(`${app.name}-`), since).toSorted((a, b) => a.at - b.at);
  const at = (pattern: RegExp, which: "first" | "last"): number => {
    const times = told.filter(({ text }) => pattern.test(text)).map((said) => said.at);
    assert.ok(times.length > 0, `${pattern} was said`);
    return which === "first" ? Math.min(...times) : Math.max(...times);
  };
  const steps = [
    at(new RegExp(`Workload lab/(?!${generation}).*Placement is True`), "last"),
    at(new RegExp(`Workload lab/(?!${generation}).*Ready is True`), "last"),
    at(new RegExp(`WorkloadReplicaSet lab/${generation} is gone`), "first"),
    at(new RegExp(`Workload lab/${generation}.*is being deleted`), "first"),
    at(new RegExp(`lab/${generation}.*is unbound`), "first"),
    at(new RegExp(`Workload lab/${generation}.*is gone`), "last"),
  ];
  assert.deepEqual(
    steps,
    steps.toSorted((a, b) => a - b),
  );
});

test("all that is placed on a host whose object is deleted is stopped there and made anew elsewhere", async () => {
  const { lab, names } = stage;
  const [host] = lab.watched.hosts.all().filter((one) => conditionOf(one, "Ready") === "True");
  assert.ok(host !== undefined);
  const placed = () => lab.watched.workloads.all().filter(({ status }) => status?.hostId === host.hostId);
  const before = placed();
  assert.ok(before.length > 0);
  await lab.api.delete(host);
  const gone = () =>
    before.every(({ metadata: { uid } }) => !placed().some((workload) => workload.metadata.uid === uid));
  await lab.watched.until("its workloads are gone", gone, 60_000);
  await lab.deployments.settled(names);
  const back = () => lab.watched.hosts.all().some((one) => one.hostId === host.hostId && !isDeleting(one));
  await lab.watched.until("its next heartbeat has made it anew", back, 60_000);
});

test("a short soak: deployments roll, grow, come and go, connections break, a crowd connects and leaves; no request fails, and at rest everything is as it was", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-soak-"));
  t.after(() => rm(folder, { recursive: true }));
  const journal = new Journal(join(folder, "journal.jsonl"));
  const every = { sampleMs: 250, eventMs: 0, restMs: 600_000 };
  await soak(
    stage,
    { ...PLAN, ...every, ms: 0, leastEvents: 7, calmMs: 0, machine: "any" },
    journal,
    t.diagnostic.bind(t),
  );
  const entries = await readJournal(join(folder, "journal.jsonl"));
  const events = entriesOf(entries, "event");
  assert.deepEqual(
    events.map(({ name }) => name),
    ["rollout", "come-and-go", "line", "come-and-go", "scale", "line", "crowd"],
  );
  assert.deepEqual(
    events.filter(({ error }) => error !== undefined),
    [],
  );
  assert.deepEqual(
    entriesOf(entries, "failure").filter(({ broken }) => broken),
    [],
  );
  const requests = entriesOf(entries, "sample").reduce((sum, sample) => sum + sample.requests, 0);
  assert.ok(requests > 100, `the load was there: ${requests}`);
  const [before, end, ...more] = entriesOf(entries, "rest").map(({ signalbox }) => signalbox);
  assert.equal(more.length, 0);
  const counts = ({ hostnames, proxies, streams, held }: NonNullable<typeof before>) => [
    hostnames,
    proxies,
    streams,
    held,
  ];
  assert.ok(before !== undefined && end !== undefined);
  assert.deepEqual(counts(end), counts(before));
});

// After the others, since it wants an installation of its own.
for (const scenario of scenariosNamed(["replica-killed-in-rollout"]))
  test(titleOf(scenario), async (t) => {
    assert.ok(scenario.xds !== undefined);
    await stage.lab.stop();
    stage = await setStage({ ...PLAN, xds: scenario.xds });
    await keeps(scenario, stage, t);
  });
