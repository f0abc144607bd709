import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { Writable } from "node:stream";
import { test } from "node:test";
import { pino } from "pino";
import { loadSettings } from "../../src/config/load.ts";
import { ControlPlane } from "../../src/serve/control-plane.ts";
import { Story } from "../../src/serve/story.ts";
import { workload } from "../placement/sample-records.ts";
import { ToldSource } from "../sources/told-source.ts";
import { configText } from "./serving.ts";

test("what is read before its other half is no problem: what is left when everything is known is told", async (t) => {
  const loaded = loadSettings(configText({}), "signalbox.yaml");
  assert.ok("settings" in loaded);
  const lines: { readonly msg: string; readonly problem?: string; readonly object?: string }[] = [];
  const log = pino(new Writable({ write: (line, _, done) => done(void lines.push(JSON.parse(String(line)))) }));
  const source = new ToldSource();
  const story = new Story(log, () => performance.now());
  const plane = new ControlPlane(loaded.settings, { source, reporting: undefined, log, story, version: "test" });
  t.after(() => plane.stop(0));
  await plane.start();
  source.says({ changes: [{ put: workload("shop/cart", "h1") }, { put: workload("shop/lost", "h2") }] });
  for (let turn = 0; turn < 5; turn++) await new Promise((done) => setImmediate(done));
  const host = {
    kind: "Host",
    namespace: "system",
    name: "h1",
    age: { at: 1, order: "" },
    hostId: "id-h1",
    hostGroup: "",
    environment: "",
    ready: "True",
    deleting: false,
    advertisedHostname: "127.0.0.1",
    advertisedPort: 80,
  } as const;
  source.says({ changes: [{ put: host }], synced: true });
  while (!plane.complete) await new Promise((done) => setImmediate(done));
  assert.deepEqual(
    lines.flatMap(({ problem, object }) => (problem === undefined ? [] : [`${problem} ${object}`])),
    ["host-unknown Workload shop/lost, hostId"],
  );
});

test("proxies are told to go elsewhere at once, while watches end and the last state is saved", async (t) => {
  const loaded = loadSettings(configText({}), "signalbox.yaml");
  assert.ok("settings" in loaded);
  const log = pino({ level: "silent" });
  const story = new Story(log, () => performance.now());
  const ended = Promise.withResolvers<void>();
  const source = new ToldSource();
  source.stop = () => ended.promise;
  const plane = new ControlPlane(loaded.settings, { source, reporting: undefined, log, story, version: "test" });
  const port = await plane.start();
  const proxy = connect(`http://127.0.0.1:${port}`);
  t.after(() => proxy.destroy());
  await once(proxy, "remoteSettings");
  const stopped = plane.stop(60_000);
  await once(proxy, "goaway");
  ended.resolve();
  await stopped;
});
