/** What a source remembers of the past goes through the address stage as it happened. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlacementRecord } from "../../src/placement/records.ts";
import { AddressStage } from "../../src/sources/address-stage.ts";
import { hostOf } from "../../src/sources/host.ts";
import type { Answer } from "../../src/sources/lookup.ts";
import { SavedSource } from "../../src/sources/saved/saved-source.ts";
import { eventually } from "../files/temporary-folder.ts";
import { hostObject } from "./objects.ts";
import { RecordingSink } from "./recording-sink.ts";
import { ToldSource } from "./told-source.ts";

const host = (name: string, hostname: string) => {
  const metadata = { name, namespace: "w" };
  return { put: hostOf(hostObject({ metadata, hostId: name, hostname }), "").record ?? assert.fail() };
};

test("a Host of the past that is gone by now passes with its addresses, and goes after that", async (t) => {
  const source = new ToldSource();
  const answered = Promise.withResolvers<Answer>();
  const settings = { allowedNetworks: [], overrides: [], dnsRefreshMs: 1_000, dnsFirstMs: 30_000 };
  const stage = new AddressStage(source, settings, () => answered.promise);
  t.after(() => stage.stop());
  const got = new RecordingSink<PlacementRecord>();
  await stage.start(got.sink);
  source.says({ changes: [host("a", "a.test"), host("b", "10.0.0.2")], asOfMs: 1_000 });
  source.says({ changes: [host("c", "10.0.0.3")], asOfMs: 1_000 });
  source.says({ changes: [{ remove: { kind: "Host", namespace: "w", name: "a" } }], asOfMs: 2_000 });
  source.says({ synced: true });
  assert.deepEqual(got.story, ["+Host/w/b", "+Host/w/c"], "what is of the same time waits for nothing");
  answered.resolve({ kind: "found", ips: ["10.0.0.1"], ttlMs: undefined });
  await eventually(
    () => got.synced,
    () => got.story,
  );
  assert.deepEqual(got.story.slice(2), ["+Host/w/a", "-Host/w/a"]);
  assert.deepEqual(
    got.batches.map(({ asOfMs, synced }) => [asOfMs, synced]),
    [
      [1_000, false],
      [1_000, false],
      [1_000, false],
      [2_000, false],
      [undefined, true],
    ],
  );
});

const SOME = { lost: [], records: [host("a", "a.test").put, host("b", "b.test").put] };
const lost = { atMs: 40_000, before: host("a", "a.test").put, after: undefined };
for (const [what, state] of [
  ["a saved Host that is not there any more", SOME],
  ["a Host that was lost before the state was saved", { lost: [lost], records: [host("b", "b.test").put] }],
] as const)
  test(`${what} is given and taken back, however soon the source answers and DNS does not`, async (t) => {
    const live = new ToldSource();
    const saved = new SavedSource(live, {
      read: async () => ({ savedAtMs: 50_000, ...state }),
      write: async () => undefined,
      confirm: async () => true,
      ...{ afterMs: 5_000, everyMs: 30_000, lostMs: () => 100_000, now: () => 60_000 },
      observer: { written() {}, failed() {}, restored() {} },
    });
    const answered = Promise.withResolvers<Answer>();
    const settings = { allowedNetworks: [], overrides: [], dnsRefreshMs: 1_000, dnsFirstMs: 30_000 };
    const stage = new AddressStage(saved, settings, () => answered.promise);
    t.after(() => stage.stop());
    const got = new RecordingSink<PlacementRecord>();
    await stage.start(got.sink);
    live.says({ changes: [host("b", "b.test")], synced: true });
    for (let turn = 0; turn < 20; turn++) await new Promise((done) => setImmediate(done));
    answered.resolve({ kind: "found", ips: ["10.0.0.1"], ttlMs: undefined });
    await eventually(
      () => got.synced,
      () => got.story,
    );
    assert.deepEqual(got.story.toSorted(), ["+Host/w/a", "+Host/w/b", "-Host/w/a"]);
  });

test("what waits for the address of a Host of the past is given when an override tells that address", async (t) => {
  const source = new ToldSource();
  const settings = { allowedNetworks: [], overrides: [], dnsRefreshMs: 1_000, dnsFirstMs: 30_000 };
  const stage = new AddressStage(source, settings, () => new Promise<Answer>(() => undefined));
  t.after(() => stage.stop());
  const got = new RecordingSink<PlacementRecord>();
  await stage.start(got.sink);
  source.says({ changes: [host("a", "a.test")], asOfMs: 1_000 });
  source.says({ changes: [host("b", "10.0.0.2")], synced: true });
  const override = { hostId: undefined, name: undefined, hostname: "a.test", address: "10.0.0.1:80" };
  stage.setSettings({ ...settings, overrides: [override] });
  assert.deepEqual([got.story, got.synced], [["+Host/w/a", "+Host/w/b"], true]);
});
