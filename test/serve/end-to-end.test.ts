/** From a folder of YAML to answered requests, with a real Envoy: `signalbox serve` as a process of its own, hosts that behave like wasmCloud's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { envoyOf, get, hostNamed, loadOn, servedBy, startedEnvoy } from "./requests.ts";
import { configText, hostYaml, serving, workloadYaml } from "./serving.ts";

test("a folder, a real Envoy, a request; and a move, under load, without a failed request", async (t) => {
  const [one, two] = await Promise.all([hostNamed(t, "one", "Shop.test"), hostNamed(t, "two", "Shop.test")]);
  const signalbox = await serving({
    test: t,
    objects: {
      "hosts.yaml": [hostYaml("one", "127.0.0.1", one.port), hostYaml("two", "127.0.0.1", two.port)].join("---\n"),
      "shop.yaml": workloadYaml("shop", "Shop.test", "one"),
    },
  });
  const port = await envoyOf(t, signalbox);
  await servedBy(port, "shop.TEST:8080", "one");
  assert.equal((await get(port, "nobody.test")).status, 404);

  const load = loadOn(port, "shop.test");
  for (const to of ["two", "one", "two", "one", "two"]) {
    await signalbox.write("shop.yaml", workloadYaml("shop", "Shop.test", to));
    await servedBy(port, "shop.test", to);
    await load.next();
  }
  const { failures, asked } = await load.end();
  assert.deepEqual(failures, []);
  assert.ok(asked > 5, "the load ran");
  const [route] = signalbox.log().filter(({ msg, hostname }) => msg === "route changed" && hostname === "shop.test");
  assert.match(String(route?.["endpoints"]), new RegExp(`127.0.0.1:${one.port} -> 127.0.0.1:${two.port}`));
});

test("hostnames come and go, and come back within the grace", async (t) => {
  const host = await hostNamed(t, "one", "a.test", "b.test");
  const signalbox = await serving({
    test: t,
    objects: { "host.yaml": hostYaml("one", "127.0.0.1", host.port), "a.yaml": workloadYaml("a", "a.test", "one") },
  });
  const port = await envoyOf(t, signalbox);
  await servedBy(port, "a.test", "one");
  for (let round = 0; round < 3; round += 1) {
    await signalbox.write("b.yaml", workloadYaml("b", "b.test", "one"));
    const seen = new Set<number>();
    for (let status = 0; status !== 200; await sleep(2)) {
      status = (await get(port, "b.test")).status;
      seen.add(status);
    }
    assert.deepEqual(
      [...seen].filter((status) => status !== 404 && status !== 200),
      [],
      "before it is served there is only 404",
    );
    await signalbox.remove("b.yaml");
    for (let status = 200; status !== 404; await sleep(2)) {
      status = (await get(port, "b.test")).status;
      assert.ok(status === 200 || status === 404, `while it goes there is 200 or 404, not ${status}`);
    }
    assert.equal((await get(port, "a.test")).status, 200);
  }
});

test("a hostname without an endpoint answers 503, and nothing already working is lost to a bad file", async (t) => {
  const host = await hostNamed(t, "one", "a.test");
  const signalbox = await serving({
    test: t,
    objects: { "host.yaml": hostYaml("one", "127.0.0.1", host.port), "a.yaml": workloadYaml("a", "a.test", "one") },
  });
  const port = await envoyOf(t, signalbox);
  await servedBy(port, "a.test", "one");
  await signalbox.write("c.yaml", workloadYaml("c", "c.test", "nowhere"));
  for (let status = 404; status !== 503; await sleep(5)) {
    status = (await get(port, "c.test")).status;
    assert.ok(status === 404 || status === 503, `${status}`);
  }
  await signalbox.write("a.yaml", "apiVersion: [");
  while (
    !signalbox.log().some((line) => line["problem"] === "file-invalid" && String(line["object"]).includes("a.yaml"))
  )
    await sleep(10);
  await servedBy(port, "a.test", "one");
});

test("a restarted Signalbox sends a proxy that has everything an empty response and nothing else, and no request fails meanwhile", async (t) => {
  const host = await hostNamed(t, "one", "a.test");
  const objects = {
    "host.yaml": hostYaml("one", "127.0.0.1", host.port),
    "a.yaml": workloadYaml("a", "a.test", "one"),
  };
  const first = await serving({ test: t, objects });
  const port = await envoyOf(t, first);
  await servedBy(port, "a.test", "one");
  const load = loadOn(port, "a.test");
  await first.child.stop();
  const xds = `xds: {address: "127.0.0.1:${first.xdsPort}"}`;
  const second = await serving({ test: t, objects, more: "", fleets: undefined, xds });
  await second.told("proxy connected");
  await sleep(300); // what it must not send would be on its way by now; a miss of the race only hides a fault, it makes none
  const sent = (await second.admin("/metrics"))
    .split("\n")
    .filter((text) => /^signalbox_xds_responses_total\{.*\} [1-9]/.test(text));
  assert.deepEqual(sent, ['signalbox_xds_responses_total{type="Listener"} 1']);
  assert.deepEqual((await load.end()).failures, []);
});

test("the configuration is reloaded without dropping a stream, and a bad one changes nothing", async (t) => {
  const host = await hostNamed(t, "one", "a.test", "b.test");
  const signalbox = await serving({
    test: t,
    objects: {
      "host.yaml": hostYaml("one", "127.0.0.1", host.port),
      "a.yaml": workloadYaml("a", "a.test", "one", "shop"),
      "b.yaml": workloadYaml("b", "b.test", "one", "bank"),
    },
  });
  const port = await envoyOf(t, signalbox);
  await servedBy(port, "b.test", "one");
  const fleets =
    "  - {name: edge, listeners: [{name: http, address: 127.0.0.1, port: 0}], exposes: {namespaces: [shop]}}";
  await signalbox.configure(configText({ fleets: fleets.replace("namespaces", "namspaces") }));
  for (;;) {
    const refused = signalbox.log().find(({ msg }) => msg.startsWith("configuration not taken"));
    if (refused !== undefined) {
      assert.match(JSON.stringify(refused), /Did you mean namespaces/);
      break;
    }
    await sleep(10);
  }
  assert.equal((await get(port, "b.test")).status, 200);
  await signalbox.configure(configText({ fleets }));
  await signalbox.told("configuration reloaded");
  for (let status = 200; status !== 404; await sleep(5)) status = (await get(port, "b.test")).status;
  await servedBy(port, "a.test", "one");
  assert.equal(signalbox.log().filter(({ msg }) => msg === "proxy disconnected").length, 0);
});

test("a proxy that matches no fleet is given nothing and told about", async (t) => {
  const signalbox = await serving({
    test: t,
    fleets: "  - {name: edge, proxies: {cluster: edge}, listeners: [{name: http, address: 127.0.0.1, port: 0}]}",
  });
  const envoy = await startedEnvoy(t, signalbox, { nodeCluster: "strangers" });
  await signalbox.told("proxy matches no fleet and is sent nothing");
  assert.notEqual((await envoy.admin("/server_info")).includes('"LIVE"'), true);
});
