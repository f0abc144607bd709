import assert from "node:assert/strict";
import { access, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { quickstartFolder } from "../../src/cli/quickstart-folder.ts";

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-test-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Takes a port for the length of the test; one that is taken already serves as well. */
async function taken(t: TestContext, port: number): Promise<number> {
  const server = createServer();
  await new Promise<void>((fulfil) => {
    server.once("error", () => fulfil());
    server.listen(port, "127.0.0.1", fulfil);
  });
  t.after(() => server.close());
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : port;
}

test("a copy has everything, on ports that nobody has, and is removed", async (t) => {
  const usual = [8080, 9901, 18_000, 19_100, 9191, 9192, 9193];
  for (const port of usual) await taken(t, port);
  const folder = await quickstartFolder(undefined);
  t.after(() => folder.remove());
  const { ports, hosts } = folder;
  const all = [ports.envoy, ports.envoyAdmin, ports.xds, ports.admin, ...hosts.map(({ port }) => port)];
  assert.deepEqual(
    all.filter((port) => usual.includes(port)),
    [],
  );
  assert.equal(new Set(all).size, usual.length);
  assert.match(folder.moved[0] ?? "", /^port 8080 \(Envoy\) is taken, so it is \d+ this time$/);
  assert.match(
    await readFile(folder.configFile, "utf8"),
    new RegExp(`address: 127.0.0.1:${ports.xds}[^]*port: ${ports.envoy}`),
  );
  const objects = await readFile(join(folder.objects, "hosts.yaml"), "utf8");
  for (const { port } of hosts) assert.match(objects, new RegExp(`httpPort: ${port}\n`));
  await folder.remove();
  await assert.rejects(access(folder.configFile), { code: "ENOENT" });
});

test("two quickstarts that begin at once get different ports", async (t) => {
  const both = await Promise.all([quickstartFolder(undefined), quickstartFolder(undefined)]);
  for (const folder of both) t.after(() => folder.remove());
  const ports = both.flatMap(({ ports: own, hosts }) => [...Object.values(own), ...hosts.map(({ port }) => port)]);
  assert.equal(new Set(ports).size, 14);
});

test("a folder of one's own is filled when empty, kept, and what was edited in it stays", async (t) => {
  const own = join(await temporary(t), "mine");
  await (await quickstartFolder(own)).remove();
  assert.deepEqual((await readdir(own)).toSorted(), ["objects", "signalbox.yaml"]);
  await writeFile(join(own, "objects", "blog.yaml"), "# nothing any more\n");
  await (await quickstartFolder(own)).remove();
  assert.equal(await readFile(join(own, "objects", "blog.yaml"), "utf8"), "# nothing any more\n");
});

test("a file without a taken port is copied byte for byte", async (t) => {
  const port = await taken(t, 0);
  const own = await temporary(t);
  await (await quickstartFolder(own)).remove();
  const shop = await readFile(join(own, "objects", "shop.yaml"), "utf8");
  assert.equal(shop, await readFile(join(import.meta.dirname, "../../examples/quickstart/objects/shop.yaml"), "utf8"));
  const hosts = join(own, "objects", "hosts.yaml");
  await writeFile(hosts, (await readFile(hosts, "utf8")).replace(/httpPort: \d+/, `httpPort: ${port}`));
  const again = await quickstartFolder(own);
  t.after(() => again.remove());
  assert.equal(again.moved.filter((text) => text.includes("host amber")).length, 1);
  assert.match(await readFile(hosts, "utf8"), /^# Three wasm hosts/, "comments survive");
});

test("a folder that holds something else is refused", async (t) => {
  const own = await temporary(t);
  await writeFile(join(own, "thesis.tex"), "");
  await assert.rejects(
    quickstartFolder(own),
    /holds thesis\.tex, and neither signalbox\.yaml nor objects\. Name an empty/,
  );
  await assert.rejects(quickstartFolder(join(own, "thesis.tex")), /cannot be used: .*Name a folder of your own/);
});

test("a folder without a Host is refused", async (t) => {
  const own = await temporary(t);
  await (await quickstartFolder(own)).remove();
  await rm(join(own, "objects", "hosts.yaml"));
  await assert.rejects(quickstartFolder(own), /There is no Host in .*Put Host objects there/);
});
