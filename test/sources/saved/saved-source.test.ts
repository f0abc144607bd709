import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { SavedSource } from "../../../src/sources/saved/saved-source.ts";
import type { SavedState } from "../../../src/sources/saved/saved-text.ts";
import type { SavedFault } from "../../../src/sources/saved/state-file.ts";
import type { HostDescription, ObjectChange, ObjectRecord } from "../../../src/sources/source.ts";
import { RecordingSink } from "../recording-sink.ts";
import { ToldSource } from "../told-source.ts";

const host = (name: string, hostId = name): HostDescription => ({
  kind: "Host",
  namespace: "system",
  name,
  age: { at: 1, order: "" },
  hostId,
  hostGroup: "",
  environment: "",
  ready: "True",
  deleting: false,
  advertisedHostname: "10.0.0.1",
  advertisedPort: 80,
});
const put = (...records: readonly ObjectRecord[]): readonly ObjectChange[] => records.map((one) => ({ put: one }));
const gone = (name: string): ObjectChange => ({ remove: { kind: "Host", namespace: "system", name } });
const AWAY = "no connection";
const SAVED: SavedState = { savedAtMs: 1_000, records: [host("h1"), host("h2")], lost: [] };

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((done) => setImmediate(done));
}

/** A source over a disk in memory, with time that the test moves. */
async function world(t: TestContext, disk: { state: SavedState | SavedFault | undefined; full?: boolean }) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const clock = { nowMs: 61_000 };
  const live = new ToldSource();
  const told: string[] = [];
  const source = new SavedSource(live, {
    read: async () => disk.state,
    write: async (state) => {
      if (disk.full) return { cause: "no space", remedy: "make some" };
      disk.state = state;
      return undefined;
    },
    confirm: async (atMs) => {
      if (disk.state === undefined || "cause" in disk.state) return false;
      disk.state = { ...disk.state, savedAtMs: atMs };
      return true;
    },
    afterMs: 5_000,
    everyMs: 30_000,
    lostMs: () => 100_000,
    now: () => clock.nowMs,
    observer: {
      written: () => told.push("written"),
      failed: ({ cause }) => told.push(`failed: ${cause}`),
      restored: (objects, ageMs) => told.push(`restored ${objects}, ${ageMs} ms old`),
    },
  });
  t.after(() => source.stop());
  const given = new RecordingSink<ObjectRecord>();
  await source.start(given.sink);
  await turns();
  /** Lets time pass, and then everything happen that follows of it without more. */
  const pass = async (ms: number): Promise<void> => {
    t.mock.timers.tick(ms);
    await turns();
  };
  return { clock, live, source, given, told, pass, disk };
}

test("a source that answers in time passes as it is, and is saved", async (t) => {
  const { live, given, told, pass, disk } = await world(t, { state: SAVED });
  live.says({ changes: put(host("h3")), synced: true });
  await pass(5_000);
  assert.deepEqual([given.keys, given.synced, given.stale], [["Host/system/h3"], true, undefined]);
  await pass(30_000);
  assert.deepEqual(told, ["written"]);
  assert.ok(disk.state !== undefined && "records" in disk.state);
  assert.deepEqual(disk.state.records, [host("h3")]);
});

test("what was saved is told first, as of then; what differs, as of then too; and then that this is the state of now", async (t) => {
  const { live, given, pass } = await world(t, { state: SAVED });
  live.says({ changes: put(host("h2"), host("h3")), synced: true });
  await pass(0);
  const told = given.batches.map(({ changes, asOfMs, synced }) => [changes.length, asOfMs, synced]);
  assert.deepEqual(told, [
    [2, 999, false],
    [3, 1_000, false],
    [0, undefined, true],
  ]);
  assert.deepEqual(given.keys, ["Host/system/h2", "Host/system/h3"]);
});

test("a state from the future is one of long ago", async (t) => {
  const { given } = await world(t, { state: { ...SAVED, savedAtMs: 61_002 } });
  assert.deepEqual(
    given.batches.map(({ asOfMs }) => asOfMs),
    [0],
  );
});

test("what was lost lately is saved", async (t) => {
  const { clock, live, source, disk, pass } = await world(t, { state: undefined });
  live.says({ changes: put(host("h1"), host("h2")), synced: true });
  await pass(0);
  clock.nowMs = 70_500;
  live.says({ changes: [gone("h1")], synced: true });
  clock.nowMs = 80_000;
  await source.stop();
  assert.deepEqual(disk.state, {
    savedAtMs: 80_000,
    records: [host("h2")],
    lost: [{ atMs: 70_000, before: host("h1"), after: undefined }],
  });
});

test("what had been lost lately is told as it happened", async (t) => {
  const lost = [{ atMs: 40_000, before: host("h1"), after: undefined }] as const;
  const { given } = await world(t, { state: { savedAtMs: 50_000, records: [host("h2")], lost } });
  assert.deepEqual(given.story, ["+Host/system/h2", "+Host/system/h1", "-Host/system/h1"]);
  assert.deepEqual(
    given.batches.map(({ asOfMs }) => asOfMs),
    [39_999, 40_000],
  );
});

test("what was lost long ago is forgotten though nothing can be saved", async (t) => {
  const { clock, live, source, disk, pass } = await world(t, { state: undefined });
  live.says({ changes: put(host("h1"), host("h2")), synced: true });
  await pass(0);
  live.says({ changes: [gone("h1")], synced: true, stale: "one kind of several cannot be read" });
  clock.nowMs = 161_001;
  await pass(5_000);
  clock.nowMs = 100_000; // put back, so that it would be told if it were remembered
  live.says({ synced: true });
  await source.stop();
  assert.ok(disk.state !== undefined && "lost" in disk.state);
  assert.deepEqual(disk.state.lost, []);
});

test("what was lost long ago is not saved any more", async (t) => {
  const { clock, live, source, disk, pass } = await world(t, { state: undefined });
  live.says({ changes: put(host("h1"), host("h2")), synced: true });
  await pass(0);
  live.says({ changes: [gone("h1")], synced: true });
  clock.nowMs = 161_001;
  await source.stop();
  assert.deepEqual(disk.state, { savedAtMs: 161_001, records: [host("h2")], lost: [] });
});

test("a state that still holds is confirmed, not written again; one that is gone is", async (t) => {
  const { clock, live, told, pass, disk } = await world(t, { state: undefined });
  live.says({ changes: put(host("h1")), synced: true });
  await pass(30_000);
  assert.deepEqual(told, ["written"]);
  clock.nowMs = 100_000;
  await pass(5_000);
  assert.ok(disk.state !== undefined && "records" in disk.state);
  assert.deepEqual([disk.state.savedAtMs, told], [100_000, ["written"]]);
  disk.state = undefined;
  await pass(5_000);
  await pass(30_000);
  assert.deepEqual(told, ["written", "written"]);
});

test("while the source is stale nobody confirms", async (t) => {
  const { clock, live, pass, disk } = await world(t, { state: undefined });
  live.says({ changes: put(host("h1")), synced: true });
  await pass(30_000);
  live.says({ synced: true, stale: AWAY });
  clock.nowMs = 100_000;
  await pass(5_000);
  assert.ok(disk.state !== undefined && "records" in disk.state);
  assert.equal(disk.state.savedAtMs, 61_000);
});

test("one that does not is stood in for by the saved state, as complete and stale", async (t) => {
  const { live, given, told, pass } = await world(t, { state: SAVED });
  live.says({ stale: AWAY });
  await pass(4_999);
  assert.equal(given.synced, false);
  await pass(1);
  assert.deepEqual(given.keys, ["Host/system/h1", "Host/system/h2"]);
  assert.equal(given.synced, true);
  assert.match(given.stale ?? "", /state saved at 1970-01-01T00:00:01/);
  assert.deepEqual(told, ["restored 2, 60000 ms old"]);
});

test("half of what the source has is not mixed with what was saved", async (t) => {
  const { live, given, pass } = await world(t, { state: SAVED });
  live.says({ changes: put(host("h1", "newer")) });
  await pass(5_000);
  const h1 = given.records.get("Host/system/h1");
  assert.equal(h1?.kind === "Host" && h1.hostId, "h1");
});

test("problems are told once what they are about is", async (t) => {
  const { live, given, pass } = await world(t, { state: SAVED });
  const subject = { kind: "Host", namespace: "system", name: "h3", field: "hostname" };
  const problem = { code: "address-missing", subject, cause: "none", remedy: "give one" } as const;
  live.says({
    problems: [
      { about: "Host/system/h3", problems: [problem] },
      { about: "Host/system/h4", problems: [problem] },
    ],
  });
  live.says({ problems: [{ about: "Host/system/h4", problems: [] }] });
  await pass(0);
  assert.equal(given.problems.size, 0);
  live.says({ changes: put(host("h3")), synced: true });
  await pass(0);
  assert.deepEqual([...given.problems.keys()], ["Host/system/h3"]);
});

test("half of the truth is kept back until it is whole; then only differences are given", async (t) => {
  const { live, given, pass } = await world(t, { state: SAVED });
  await pass(5_000);
  const before = given.story.length;
  live.says({ changes: put(host("h3")) });
  live.says({ changes: put(host("h2", "newer")), stale: AWAY });
  await pass(0);
  assert.deepEqual(given.story.slice(before), []);
  live.says({ synced: true });
  await pass(0);
  assert.deepEqual(given.story.slice(before).sort(), ["+Host/system/h2", "+Host/system/h3", "-Host/system/h1"]);
  assert.equal(given.stale, undefined);
});

test("an object that comes and goes while it is kept back was never there", async (t) => {
  const { live, given, pass } = await world(t, { state: SAVED });
  await pass(5_000);
  live.says({ changes: put(host("h1"), host("h2"), host("h3")) });
  live.says({ changes: [gone("h3"), gone("h2")], synced: true });
  await pass(0);
  assert.deepEqual(given.keys, ["Host/system/h1"]);
});

test("a source that is complete but stale again does not end the saved state's rule", async (t) => {
  const { live, given, pass } = await world(t, { state: SAVED });
  await pass(5_000);
  live.says({ changes: put(host("h3")), synced: true, stale: AWAY });
  await pass(0);
  assert.deepEqual(given.keys, ["Host/system/h1", "Host/system/h2"]);
  live.says({ synced: true });
  await pass(0);
  assert.deepEqual(given.keys, ["Host/system/h3"]);
});

test("after the saved state everything passes again", async (t) => {
  const { live, given, told, pass } = await world(t, { state: SAVED });
  await pass(5_000);
  live.says({ changes: put(host("h1")), synced: true });
  await pass(0);
  live.says({ changes: [gone("h1"), ...put(host("h4"))], synced: true });
  assert.deepEqual(given.keys, ["Host/system/h4"]);
  await pass(30_000);
  assert.deepEqual(told.slice(1), ["written"]);
});

test("thousands of objects come in batches, and what comes between goes along", async (t) => {
  const records = Array.from({ length: 1_700 }, (_, i) => host(`h${i}`));
  const { live, given, pass } = await world(t, { state: { savedAtMs: 0, records, lost: [] } });
  await pass(5_000);
  assert.ok(given.batches.every(({ changes }) => changes.length <= 500));
  assert.equal(given.records.size, 1_700);
  live.says({ changes: put(...records.slice(0, 10)), synced: true });
  live.says({ changes: put(host("late")), synced: true });
  await pass(0);
  assert.equal(given.records.size, 11);
  assert.ok(given.batches.every(({ changes }) => changes.length <= 500));
});

test("without a saved state the source is waited for", async (t) => {
  const { live, given, told, pass } = await world(t, { state: undefined });
  await pass(5_000);
  assert.deepEqual([given.batches, told], [[], []]);
  live.says({ synced: true });
  assert.equal(given.synced, true);
});

test("a saved state that cannot be used is told, and not used", async (t) => {
  const { given, told, pass } = await world(t, { state: { cause: "was cut off", remedy: "" } });
  await pass(5_000);
  assert.deepEqual([given.batches, told], [[], ["failed: was cut off"]]);
});

test("a full disk is told and tried again; nothing is written while the source is stale, or without a change", async (t) => {
  const { live, told, pass, disk } = await world(t, { state: undefined, full: true });
  live.says({ changes: put(host("h1")), synced: true });
  await pass(30_000);
  assert.deepEqual(told, ["failed: no space"]);
  live.says({ synced: true, stale: AWAY });
  await pass(300_000);
  assert.equal(told.length, 1);
  disk.full = false;
  live.says({ synced: true });
  await pass(30_000);
  assert.deepEqual(told.slice(1), ["written"]);
  await pass(300_000);
  assert.equal(told.length, 2);
});

test("the end saves what is not saved yet", async (t) => {
  const { live, source, disk } = await world(t, { state: undefined });
  live.says({ changes: put(host("h1")), synced: true });
  await source.stop();
  assert.deepEqual(disk.state, { savedAtMs: 61_000, records: [host("h1")], lost: [] });
});
