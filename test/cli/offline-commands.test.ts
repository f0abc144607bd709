/** `validate`, `translate` and `bootstrap`, from files to what is printed. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { runCommandLine } from "../../src/cli/command-line.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { recordingTerminal } from "./recording-terminal.ts";

const EXAMPLE = join(import.meta.dirname, "../../examples/quickstart");
const EXAMPLE_CONFIG = join(EXAMPLE, "signalbox.yaml");

async function run(...args: string[]) {
  const terminal = recordingTerminal();
  const code = await runCommandLine(COMMANDS, args, terminal);
  return { code, ...terminal.written };
}

async function folderWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-test-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

const HOST = `apiVersion: runtime.wasmcloud.dev/v1alpha1
kind: Host
metadata: {name: amber}
hostId: host-amber
hostname: 10.0.0.1
httpPort: 9191
`;
const workload = (name: string, hostname: string, namespace = "default"): string => `---
apiVersion: runtime.wasmcloud.dev/v1alpha1
kind: Workload
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  hostId: host-amber
  hostInterfaces:
    - {namespace: wasi, package: http, interfaces: [handler], config: {host: ${hostname}}}
`;

interface Printed {
  readonly fleet: string;
  readonly layout: string;
  readonly resources: readonly { readonly "@type": string; readonly name?: string; readonly cluster_name?: string }[];
}

const kindsOf = ({ resources }: Printed): readonly string[] => resources.map((r) => r["@type"].replace(/.*\./, ""));

test("validate finds nothing wrong with the examples", async () => {
  const { code, out, err } = await run("validate", "--config", EXAMPLE_CONFIG);
  assert.deepEqual([code, out], [0, ""], err);
  assert.equal(err, "4 files, 8 objects, 3 hostnames, 1 fleet: nothing is wrong\n");
});

test("validate tells each problem with its place, and fails", async (t) => {
  const text = HOST + workload("one", "a.test") + workload("two", "a_b.test") + workload("three", "a.test", "rival");
  const { code, out } = await run("validate", await folderWith(t, { "all.yaml": text }));
  assert.equal(code, 1);
  const lines = out.trim().split("\n");
  assert.equal(lines.filter((line) => /all\.yaml:\d+:\d+: Workload /.test(line)).length, lines.length, out);
  assert.match(out, /all\.yaml:22:78: Workload default\/two, spec\.hostInterfaces\[0\]\.config\.host: "a_b\.test"/);
  assert.match(out, /Workload rival\/three.*a\.test.*default/);
});

test("validate --output json is for programs", async (t) => {
  const folder = await folderWith(t, { "all.yaml": HOST + workload("two", "a_b.test") });
  const { out } = await run("validate", folder, "--output", "json");
  const problems = JSON.parse(out) as { code: string; remedy: string }[];
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["hostname-invalid"],
  );
});

test("a bad configuration is told with line and column, and nothing else is tried", async (t) => {
  const folder = await folderWith(t, { "signalbox.yaml": "source: {folder: .}\nfleet: []\n" });
  for (const command of ["validate", "translate", "bootstrap"]) {
    const { code, out, err } = await run(command, "--config", join(folder, "signalbox.yaml"));
    assert.equal(code, 1);
    assert.match(out + err, /signalbox\.yaml:2:1: .*"fleet".*fleets/);
  }
});

const refusals: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [["translate"], /There is nothing to read\. Name files or folders/],
  [["translate", "/nowhere"], /\/nowhere cannot be read: there is no such file or folder/],
  [["translate", "--config", EXAMPLE_CONFIG, "--fleet", "defualt"], /no fleet "defualt"\. Did you mean default\?/],
  [["bootstrap", "--tls-ca", "ca.pem", "--tls-key", "key.pem"], /mTLS needs --tls-cert and --tls-server-name too/],
  [["bootstrap", "--max-heap-bytes", "1GB"], /--max-heap-bytes cannot be "1GB"\. Give a whole number/],
  [["validate"], /There is nothing to read\. Name files or folders/],
  [
    ["bootstrap", "--xds-address", "nonsense"],
    /^signalbox: --xds-address: "nonsense" is no address\. Write it as ip:port, name:port or \[ipv6\]:port\n$/,
  ],
  [
    ["bootstrap", "--probe-address", "foo:99999"],
    /^signalbox: --probe-address: "foo:99999" is no address: there is no port 99999\. Give a port from 0 to 65535\n$/,
  ],
  [
    ["bootstrap", "--max-connections", "-1"],
    /--max-connections has no value, .*dash\. Write --max-connections=<value>/,
  ],
  [["bootstrap", "--max-connections=-1"], /--max-connections cannot be "-1"\. Give a whole number/],
];
for (const [args, says] of refusals)
  test(`signalbox ${args.join(" ")} is refused`, async () => {
    const { code, err } = await run(...args);
    assert.match(err, says);
    assert.ok(code !== 0);
  });

test("a configuration that reads Kubernetes has no files to translate", async (t) => {
  const folder = await folderWith(t, { "signalbox.yaml": "source: {kubernetes: {}}\n" });
  const { err } = await run("translate", "--config", join(folder, "signalbox.yaml"));
  assert.match(err, /has its objects in Kubernetes, and this command reads files only\. Name files/);
});

test("validate checks a configuration that reads Kubernetes, and says what it did not read", async (t) => {
  const folder = await folderWith(t, { "signalbox.yaml": "source: {kubernetes: {}}\n", "all.yaml": HOST });
  const config = join(folder, "signalbox.yaml");
  const { code, out, err } = await run("validate", "--config", config);
  assert.deepEqual(
    [code, out, err],
    [0, "", "1 fleet; objects are in Kubernetes and were not read: nothing is wrong\n"],
  );
  assert.match((await run("validate", "-c", config, join(folder, "all.yaml"))).err, /^1 file, 1 object, /);
});

test("with nothing to read, the command line is not understood", async () => {
  for (const command of ["validate", "translate"]) assert.equal((await run(command)).code, 2);
});

test("a type of routes that the layout has not is told, with the one it has", async () => {
  const asked = ["translate", "-c", EXAMPLE_CONFIG, "--hostname", "shop.example.com", "--type"];
  const route = await run(...asked, "route");
  assert.match(route.err, /^Note: fleet default has layout scoped, in which routes are of type scope, not route\n$/);
  assert.deepEqual((parse(route.out) as Printed[]).length ?? 0, 0);
  assert.match((await run(...asked, "scope", "--layout", "rds")).err, /layout rds, in which routes are of type route/);
  for (const kinds of [["scope"], ["cluster"], ["route", "--type", "scope"]])
    assert.equal((await run(...asked, ...kinds)).err, "");
});

test("translate prints one document per fleet, resources by kind and name", async () => {
  const { code, out, err } = await run("translate", "--config", EXAMPLE_CONFIG, "--layout", "rds");
  assert.deepEqual([code, err], [0, ""]);
  const printed = parse(out) as Printed;
  assert.deepEqual([printed.fleet, printed.layout], ["default", "rds"]);
  const clusters = Array<string>(3).fill("Cluster");
  const assignments = Array<string>(3).fill("ClusterLoadAssignment");
  assert.deepEqual(kindsOf(printed), ["Listener", "RouteConfiguration", ...clusters, ...assignments]);
  const names = printed.resources.slice(2, 5).map(({ name }) => name);
  assert.deepEqual(names, ["blog.example.com", "shop.example.com", "www.blog.example.com"]);
});

test("translate gives equal bytes for equal input", async () => {
  const [first, second] = [await run("translate", "-c", EXAMPLE_CONFIG), await run("translate", "-c", EXAMPLE_CONFIG)];
  assert.equal(first.out, second.out);
});

test("--type, --hostname, --layout and --output choose", async () => {
  const all = ["translate", "-c", EXAMPLE_CONFIG, "--output", "json"];
  const of = async (...more: string[]): Promise<Printed> => {
    const [fleet] = JSON.parse((await run(...all, ...more)).out) as Printed[];
    assert.ok(fleet !== undefined);
    return fleet;
  };
  const rds = ["--layout", "rds"];
  assert.deepEqual(kindsOf(await of(...rds, "-t", "listener", "-t", "route")), ["Listener", "RouteConfiguration"]);
  assert.deepEqual(kindsOf(await of("-t", "route")), [], "a current Envoy gets scopes where the layout is auto");
  const shop = await of(...rds, "--hostname", "Shop.Example.com");
  assert.deepEqual(kindsOf(shop), ["RouteConfiguration", "Cluster", "ClusterLoadAssignment"]);
  const scope = await of("--hostname", "shop.example.com");
  assert.deepEqual(kindsOf(scope), ["ScopedRouteConfiguration", "Cluster", "ClusterLoadAssignment"]);
  assert.equal((JSON.stringify(shop).match(/127\.0\.0\.1/g) ?? []).length, 2, "two replicas, and nobody else's");
  assert.equal((await of("--type", "scope")).resources.length, 3);
});

test("a layout that the fleet cannot have is told", async (t) => {
  const fleets = "fleets: [{name: a, unknownHostname: {forward: {address: '10.0.0.9:80'}}}]\n";
  const folder = await folderWith(t, { "all.yaml": HOST + workload("one", "a.test") });
  const configs = await folderWith(t, { "signalbox.yaml": `source: {folder: ${folder}}\n${fleets}` });
  const { out, err } = await run("translate", "-c", join(configs, "signalbox.yaml"), "--layout", "scoped");
  assert.match(err, /Note: fleet a gets rds: unknown hostnames are forwarded/);
  assert.equal((parse(out) as Printed).layout, "rds");
});

test("a hostname that no fleet exposes fails", async () => {
  const { code, err } = await run("translate", "-c", EXAMPLE_CONFIG, "--hostname", "nobody.test");
  assert.equal(code, 1);
  assert.match(err, /No fleet exposes nobody\.test/);
});

test("several fleets are several documents", async (t) => {
  const fleets = "fleets: [{name: a, proxies: {cluster: a}}, {name: b, exposes: {namespaces: [none]}}]\n";
  const folder = await folderWith(t, { "all.yaml": HOST + workload("one", "a.test") });
  const configs = await folderWith(t, { "signalbox.yaml": `source: {folder: ${folder}}\n${fleets}` });
  const { out } = await run("translate", "--config", join(configs, "signalbox.yaml"), "-t", "endpoint");
  const printed = parseAllDocuments(out).map((document) => document.toJS() as Printed);
  assert.deepEqual(
    printed.map(({ fleet, resources }) => [fleet, resources.length]),
    [
      ["a", 1],
      ["b", 0],
    ],
  );
});

test("bootstrap names fleet, node and addresses", async () => {
  const { code, out, err } = await run("bootstrap", "--config", EXAMPLE_CONFIG, "--id", "envoy-1", "-o", "json");
  assert.deepEqual([code, err], [0, ""]);
  const { node, admin } = JSON.parse(out) as { node: { id: string; cluster: string }; admin: unknown };
  assert.deepEqual([node.id, node.cluster], ["envoy-1", "default"]);
  assert.match(JSON.stringify(admin), /"127\.0\.0\.1".*9901/);
  assert.match(out, /"port_value": 18000/);
});

test("a bootstrap always has a node id, for Envoy does not start without", async (t) => {
  const folder = await folderWith(t, {
    "signalbox.yaml": "source: {folder: .}\nfleets: [{name: a, proxies: {idPattern: edge-*}}, {name: public}]\n",
  });
  const idOf = async (fleet: string) => {
    const { out, err } = await run("bootstrap", "-c", join(folder, "signalbox.yaml"), "--fleet", fleet);
    return [(parse(out) as { node: { id: string } }).node.id, err] as const;
  };
  const note = (id: string) =>
    `Note: the node id is "${id}". Give each Envoy its own by --service-node, or Signalbox's log cannot tell them apart\n`;
  assert.deepEqual(await idOf("public"), ["public", note("public")]);
  assert.deepEqual(await idOf("a"), ["edge-1", note("edge-1")], "one that the fleet selects");
});

test("bootstrap into a folder: Envoy is told to follow its certificates there", async (t) => {
  const folder = await folderWith(t, {});
  const files = ["--tls-ca", "/tls/ca.crt", "--tls-cert", "/tls/tls.crt", "--tls-key", "/tls/tls.key"];
  const tls = [...files, "--tls-server-name", "signalbox.signalbox"];
  const { code, out, err } = await run(
    "bootstrap",
    "-c",
    EXAMPLE_CONFIG,
    "--id",
    "e",
    "--folder",
    join(folder, "new"),
    ...tls,
  );
  assert.deepEqual([code, out, err], [0, "", ""]);
  const read = (name: string) => readFile(join(folder, "new", name), "utf8");
  assert.match(await read("envoy.yaml"), new RegExp(`path: ${folder}/new/xds-certificate\\.yaml`));
  assert.match(await read("xds-certificate.yaml"), /filename: \/tls\/tls\.key.*watched_directory:\s+path: \/tls\n/s);
  assert.match(await read("xds-ca.yaml"), /filename: \/tls\/ca\.crt.*exact: signalbox\.signalbox/s);

  const secure = join(folder, "secure.yaml");
  await writeFile(secure, "source: {folder: .}\nxds: {tls: {certFile: a, keyFile: b, caFile: c}}\n");
  assert.match(
    (await run("bootstrap", "-c", secure, "--id", "e")).err,
    /Signalbox speaks TLS \(xds\.tls\), and refuses this Envoy/,
  );
  assert.equal((await run("bootstrap", "-c", secure, "--id", "e", ...tls, "--folder", folder)).err, "");

  const printed = await run("bootstrap", "-c", EXAMPLE_CONFIG, "--id", "e", ...tls);
  assert.match(printed.out, /filename: \/tls\/tls\.crt/);
  assert.match(printed.err, /Envoy reads these certificates when it starts. With --folder it follows them/);
  const refused = await run("bootstrap", "-c", EXAMPLE_CONFIG, "--folder", "/dev/null/x");
  assert.equal(refused.code, 1);
  assert.match(refused.err, /--folder: \/dev\/null\/x cannot be written to: ENOTDIR.*Choose another folder/s);
});

test("bootstrap warns of a node that the fleet does not select", async (t) => {
  const folder = await folderWith(t, {
    "signalbox.yaml": "source: {folder: .}\nfleets: [{name: a, proxies: {idPattern: a-*}}, {name: b}]\n",
  });
  const config = join(folder, "signalbox.yaml");
  const warned = await run("bootstrap", "--config", config, "--fleet", "a", "--id", "x");
  assert.match(warned.err, /Note: with node id "x" and cluster "a" fleet b selects it/);
  assert.equal(warned.code, 0);
  assert.equal((await run("bootstrap", "--config", config, "--fleet", "a", "--id", "a-1")).err, "");
});

test("an xDS address that means every address is none to connect to", async (t) => {
  const folder = await folderWith(t, {
    "signalbox.yaml": "source: {folder: .}\nxds: {address: '0.0.0.0:18000', plaintextOffLoopback: true}\n",
  });
  const { err, code } = await run("bootstrap", "--config", join(folder, "signalbox.yaml"));
  assert.match(
    err,
    /xds\.address is 0\.0\.0\.0:18000, which is no address to connect to\. Give the one .* --xds-address/,
  );
  assert.equal(code, 1);
});

test("validate proposes the hostId that was meant", async (t) => {
  const text = HOST + workload("one", "a.test").replace("host-amber", "host-ambre");
  const { out } = await run("validate", await folderWith(t, { "all.yaml": text }));
  assert.match(
    out,
    /Workload default\/one, hostId: .*hostId host-ambre, but .*\. Did you mean host-amber\? Correct hostId/,
  );
  const other = HOST + workload("one", "a.test").replace("host-amber", "cobalt");
  assert.doesNotMatch((await run("validate", await folderWith(t, { "all.yaml": other }))).out, /Did you mean/);
});
