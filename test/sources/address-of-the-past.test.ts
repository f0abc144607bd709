/** What a source remembers of the past goes through the address stage as it happened. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlacementRecord } from "../../src/placement/records.ts";
import { AddressStage } from "../../src/sources/address-stage.ts";
import { hostOf } from "../../src/sources/host.ts";
import type { Answer } from "../../src/sources/lookup.ts";
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
