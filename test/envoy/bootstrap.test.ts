import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { findEnvoy } from "../../src/cli/envoy-binary.ts";
import { type BootstrapOptions, bootstrapOf, XDS_CLUSTER } from "../../src/envoy/bootstrap.ts";
import { translateFleet } from "../../src/envoy/translate.ts";
import { xdsSecretsOf } from "../../src/envoy/xds-secrets.ts";
import { selfSigned } from "../cli/self-signed.ts";
import { startEnvoy } from "./envoy-process.ts";
import { fileDelivery } from "./file-delivery.ts";
import { benchFleet, resourcesOf } from "./request-bench.ts";

const run = promisify(execFile);

const plain: BootstrapOptions = {
  fleet: "public",
  nodeId: "edge-1",
  nodeCluster: "edge",
  xdsAddress: "127.0.0.1:18000",
  adminAddress: "127.0.0.1:0",
  transport: "delta-ads",
  tls: undefined,
  probeAddress: undefined,
};

for (const version of ["1.40.0", "1.36.2"])
  test(`Envoy ${version} accepts the bootstrap for every transport, with TLS, limits, a name instead of an address, IPv6`, async (t) => {
    const { certFile, keyFile } = await selfSigned(t);
    const { path } = await findEnvoy({ version });
    const folder = await mkdtemp(join(tmpdir(), "signalbox-bootstrap-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const all: readonly BootstrapOptions[] = [
      ...(["delta-ads", "sotw-ads", "separate-delta", "separate-sotw"] as const).map((transport) => ({
        ...plain,
        transport,
      })),
      {
        ...plain,
        xdsAddress: "localhost:18000",
        tls: { caFile: certFile, certFile, keyFile, serverName: "localhost", secretsFolder: undefined },
      },
      {
        ...plain,
        xdsAddress: "[::1]:18000",
        adminAddress: "127.0.0.1:9901",
        probeAddress: "0.0.0.0:8002",
        maxConnections: 10,
        maxHeapBytes: 1e9,
      },
    ];
    for (const [i, options] of all.entries()) {
      const file = join(folder, `${i}.json`);
      await writeFile(file, JSON.stringify(bootstrapOf(options)));
      await run(path, ["--mode", "validate", "--config-path", file, "--disable-hot-restart", "--log-level", "error"]);
    }
  });

test("the probe port shows /ready and metrics, and nothing that could stop Envoy", async (t) => {
  const delivery = await fileDelivery();
  t.after(() => delivery.stop());
  const variant = { layout: "rds", source: { kind: "ads" }, endpoints: "eds" } as const;
  await delivery.deliver(resourcesOf(translateFleet(benchFleet(await selfSigned(t)), variant)));
  // A test's Envoy gets a free admin port only when it starts, so the port that the probe expects leads there from outside.
  const stand = await standIn();
  t.after(() => stand.close());
  const bootstrap = bootstrapOf({ ...plain, adminAddress: `127.0.0.1:${stand.port}`, probeAddress: "127.0.0.1:0" });
  const { dynamic_resources } = delivery.bootstrap;
  const envoy = await startEnvoy({ bootstrap: { ...bootstrap, dynamic_resources }, test: t });
  await envoy.ready();
  stand.leadTo(Number(new URL(envoy.adminUrl).port));
  const probe = `http://127.0.0.1:${await envoy.port("signalbox_probe")}`;
  const status = async (path: string, method = "GET"): Promise<number> =>
    (await fetch(probe + path, { method })).status;
  assert.equal(await status("/ready"), 200);
  assert.equal(await status("/stats/prometheus"), 200);
  for (const path of ["/", "/quitquitquit", "/config_dump", "/ready/x", "/stats"])
    assert.equal(await status(path), 404, path);
  assert.equal(await status("/ready", "POST"), 404);
  assert.equal(await status("/quitquitquit", "POST"), 404);
});

interface StandIn {
  readonly port: number;
  leadTo(port: number): void;
  close(): void;
}

/** A port that leads to another one, told later. */
async function standIn(): Promise<StandIn> {
  let target = 0;
  const sockets = new Set<Socket>();
  const server = createServer((from) => {
    const to = connect(target, "127.0.0.1");
    for (const socket of [from, to]) sockets.add(socket.on("error", () => {}));
    from.pipe(to).pipe(from);
  });
  await new Promise<void>((fulfil) => server.listen(0, "127.0.0.1", fulfil));
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : 0,
    leadTo: (port) => {
      target = port;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

test("an Envoy that cannot reach Signalbox is alive and not ready", async (t) => {
  const nobody = await standIn();
  nobody.close();
  const xdsAddress = `127.0.0.1:${nobody.port}`;
  const envoy = await startEnvoy({ bootstrap: bootstrapOf({ ...plain, xdsAddress }), test: t });
  await assert.rejects(envoy.ready(1_000), /LIVE/);
  assert.equal((await fetch(`${envoy.adminUrl}/ready`)).status, 503);
});

for (const version of ["1.40.0", "1.36.2"])
  test(`Envoy ${version} asks for a Signalbox that is away far more often than by its own patience`, async (t) => {
    const attempts = { ours: 0, own: 0 };
    const enough = Promise.withResolvers<void>();
    const awayFor = async (who: keyof typeof attempts): Promise<string> => {
      const server = createServer((socket) => {
        socket.destroy();
        attempts[who]++;
        if (attempts.ours >= 14) enough.resolve();
      });
      t.after(() => server.close());
      await new Promise<void>((fulfil) => server.listen(0, "127.0.0.1", fulfil));
      const bound = server.address();
      return `127.0.0.1:${typeof bound === "object" && bound !== null ? bound.port : 0}`;
    };
    const [ours, own] = await Promise.all(
      (["ours", "own"] as const).map(async (who) =>
        JSON.stringify(bootstrapOf({ ...plain, xdsAddress: await awayFor(who) })),
      ),
    );
    const without = own?.replace(/,"retry_policy":\{"retry_back_off":\{[^}]*\}\}/, "");
    assert.notEqual(without, own);
    await startEnvoy({ bootstrap: without ?? "", test: t, version });
    await startEnvoy({ bootstrap: ours ?? "", test: t, version });
    await enough.promise;
    t.diagnostic(JSON.stringify(attempts));
    assert.ok(attempts.own < attempts.ours, JSON.stringify(attempts));
  });

const REFUSED: readonly (readonly [option: "xdsAddress" | "adminAddress" | "probeAddress", text: string])[] = [
  ["xdsAddress", "127.0.0.1"],
  ["xdsAddress", "127.0.0.1:0"],
  ["xdsAddress", "http://127.0.0.1:1"],
  ["xdsAddress", "::1:80"],
  ["adminAddress", "127.0.0.1:65536"],
  ["probeAddress", ""],
];
for (const [option, text] of REFUSED)
  test(`${option} ${JSON.stringify(text)} is refused by name`, () =>
    assert.throws(
      () => bootstrapOf({ ...plain, [option]: text }),
      new RegExp(`${option}: ${JSON.stringify(text).replaceAll(".", "\\.")}`),
    ));

test("a probe cannot show an admin port that is not known yet", () =>
  assert.throws(
    () => bootstrapOf({ ...plain, adminAddress: "127.0.0.1:0", probeAddress: "0.0.0.0:8002" }),
    /adminAddress: port 0/,
  ));

test("an Envoy calls by the name of the cluster in its bootstrap, and sets no other authority", () => {
  for (const transport of ["separate-delta", "separate-sotw"] as const) {
    const text = JSON.stringify(bootstrapOf({ ...plain, transport }));
    assert.match(text, new RegExp(`"envoy_grpc":{"cluster_name":"${XDS_CLUSTER}"}`));
    assert.doesNotMatch(text, /"authority"/);
  }
});

const READY_FILES: Readonly<Record<string, BootstrapOptions>> = {
  "bootstrap.yaml": { ...plain, fleet: "default", nodeId: "", nodeCluster: "", adminAddress: "127.0.0.1:9901" },
  "bootstrap-kubernetes.yaml": {
    ...plain,
    fleet: "default",
    nodeId: "",
    nodeCluster: "",
    xdsAddress: "signalbox.signalbox-system:18000",
    adminAddress: "127.0.0.1:9901",
    probeAddress: "0.0.0.0:8002",
    tls: {
      caFile: "/etc/signalbox/tls/ca.crt",
      certFile: "/etc/signalbox/tls/tls.crt",
      keyFile: "/etc/signalbox/tls/tls.key",
      serverName: "signalbox.signalbox",
      secretsFolder: "/etc/envoy",
    },
  },
};

test("the ready files in envoy/ are what bootstrapOf gives (UPDATE_GOLDEN=1 writes them)", () => {
  const folder = join(import.meta.dirname, "../../envoy");
  const files = Object.entries(READY_FILES).flatMap(([file, options]) => [
    [file, bootstrapOf(options)] as const,
    ...(options.tls === undefined ? [] : xdsSecretsOf(options.tls)),
  ]);
  for (const [file, content] of files) {
    const text = stringify(content, { lineWidth: 120 });
    if (process.env["UPDATE_GOLDEN"] === "1" && process.env["CI"] === undefined)
      writeFileSync(join(folder, file), text);
    assert.equal(readFileSync(join(folder, file), "utf8"), text, file);
  }
  assert.deepEqual(
    globSync("*.yaml", { cwd: folder })
      .map((file) => basename(file))
      .sort(),
    files.map(([file]) => file).sort(),
  );
});
