/** What the containers of k8s/ run: the configuration, the bootstrap that is made at start, Envoy's arguments and the way its clients are sent away. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { findEnvoy } from "../../src/cli/envoy-binary.ts";
import { fleetFor } from "../../src/config/fleet-selector.ts";
import { loadSettings } from "../../src/config/load.ts";
import { objectsOf } from "./kustomization.ts";
import { until } from "./observed-reflector.ts";

const ROOT = join(import.meta.dirname, "../..");
const objects = objectsOf(join(ROOT, "k8s/overlays/two-fleets"));

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args: readonly string[];
}
interface Pod {
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
}

const named = (kind: string, name: string) => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  assert.ok(found !== undefined, `there is ${kind} ${name}`);
  return found;
};

function container(deployment: string, name: string): Container {
  const { template } = named("Deployment", deployment)["spec"] as { readonly template: { readonly spec: Pod } };
  const wanted = [...(template.spec.initContainers ?? []), ...template.spec.containers].find((c) => c.name === name);
  assert.ok(wanted !== undefined, `${deployment} has a container ${name}`);
  return wanted;
}

const configuration = () =>
  (named("ConfigMap", "signalbox")["data"] as Readonly<Record<string, string>>)["signalbox.yaml"] ?? "";

test("the configuration is one Signalbox takes", () => {
  const loaded = loadSettings(configuration(), "signalbox.yaml");
  assert.deepEqual("problems" in loaded ? loaded.problems : [], []);
});

for (const fleet of ["public", "private"])
  test(`the bootstrap of envoy-${fleet} is made by its init container, and makes it a proxy of fleet ${fleet}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "signalbox-bootstrap-"));
    t.after(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "signalbox.yaml"), configuration());
    const args = container(`envoy-${fleet}`, "bootstrap").args.map((arg) =>
      arg.replace("/etc/signalbox/", `${folder}/`).replace(/=\/bootstrap$/, `=${folder}`),
    );
    const child = spawn(process.execPath, ["src/main.ts", ...args], {
      cwd: ROOT,
      stdio: ["ignore", "inherit", "pipe"],
    });
    let words = "";
    child.stderr.on("data", (chunk: Buffer) => {
      words += chunk.toString("utf8");
    });
    const [code] = (await once(child, "close")) as [number];
    assert.deepEqual([code, words], [0, ""]);
    assert.match(
      readFileSync(join(folder, "xds-certificate.yaml"), "utf8"),
      /watched_directory:\s+path: \/etc\/envoy-tls\n/,
    );
    const bootstrap = parse(readFileSync(join(folder, "envoy.yaml"), "utf8")) as {
      readonly node: { readonly cluster: string; readonly metadata: Readonly<Record<string, string>> };
      readonly admin: unknown;
    };
    const loaded = loadSettings(configuration(), "signalbox.yaml");
    assert.ok("settings" in loaded);
    const { cluster, metadata } = bootstrap.node;
    const names = [`DNS:${fleet}.fleet.signalbox`];
    assert.equal(fleetFor(loaded.settings.fleets, { id: `envoy-${fleet}-0`, cluster, metadata, names })?.name, fleet);
    assert.deepEqual(bootstrap.admin, {
      address: { socket_address: { address: "127.0.0.1", port_value: 9901 } },
      ignore_global_conn_limit: true,
    });
  });

/** One listener that answers by itself. */
const answering = {
  admin: { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } },
  static_resources: {
    listeners: [
      {
        name: "http",
        address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
        filter_chains: [
          {
            filters: [
              {
                name: "envoy.filters.network.http_connection_manager",
                typed_config: {
                  "@type":
                    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                  stat_prefix: "http",
                  route_config: {
                    virtual_hosts: [
                      {
                        name: "all",
                        domains: ["*"],
                        routes: [{ match: { prefix: "/" }, direct_response: { status: 200 } }],
                      },
                    ],
                  },
                  http_filters: [
                    {
                      name: "envoy.filters.http.router",
                      typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
                    },
                  ],
                },
              },
            ],
          },
        ],
      },
    ],
  },
};

test("Envoy takes the arguments of its container; told to stop, the container beside it has clients leave while requests are answered", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "signalbox-drain-"));
  const bootstrap = join(folder, "envoy.json");
  writeFileSync(bootstrap, JSON.stringify(answering));
  const { path } = await findEnvoy();
  const args = container("envoy-public", "envoy").args.map((arg) =>
    arg.replace("/bootstrap/envoy.yaml", bootstrap).replace("$(POD_NAME)", "envoy-0"),
  );
  const ports = join(folder, "admin");
  const envoy = spawn(path, [...args, "--admin-address-path", ports], { stdio: "ignore" });
  t.after(async () => {
    envoy.kill("SIGKILL");
    await once(envoy, "close");
    rmSync(folder, { recursive: true });
  });
  const text = (file: string) => {
    try {
      return readFileSync(file, "utf8");
    } catch {
      return "";
    }
  };
  await until("Envoy tells its admin address", () => text(ports) !== "");
  const admin = `http://${text(ports)}`;
  let listener = "";
  for (let tries = 0; tries < 2_000 && listener === ""; tries++) {
    const listeners = await (await fetch(`${admin}/listeners`)).text();
    listener = /^http::(127\.0\.0\.1:\d+)$/m.exec(listeners)?.[1] ?? "";
  }
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const ask = async () => {
    const [answer] = (await once(get(`http://${listener}/`, { agent }), "response")) as [IncomingMessage];
    answer.resume();
    await once(answer, "end");
    return [answer.statusCode, answer.headers["connection"]] as const;
  };
  assert.deepEqual(await ask(), [200, undefined]);

  const { command = [], args: scripts } = container("envoy-public", "drain");
  assert.deepEqual(command, ["node", "-e"]);
  const script = scripts.join(" ").replace("http://127.0.0.1:9901", admin);
  const drain = spawn(process.execPath, ["-e", `${script}; process.stdout.write("listens")`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(drain.stdout, "data");
  drain.kill("SIGTERM");
  const [code] = (await once(drain, "close")) as [number];
  assert.equal(code, 0);
  assert.deepEqual(await ask(), [200, "close"], "answered, and told to leave");
});
