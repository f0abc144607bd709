/** The manifests for both ways to live with Contour, and the objects in docs/contour.md, against a real API server. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import { loadSettings } from "../../src/config/load.ts";
import { examplesOf } from "../docs/examples.ts";
import type { KubernetesObject } from "./api-admin.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { GATEWAY_CRDS } from "./gateway-crds.ts";
import { objectsOf } from "./kustomization.ts";

const OVERLAYS = join(import.meta.dirname, "../../k8s/overlays");
const behindContour = objectsOf(join(OVERLAYS, "behind-contour"));
const contourEnvoys = objectsOf(join(OVERLAYS, "contour-envoys"));
const onPage = examplesOf("contour.md");
let server: ApiServer;

before(async () => {
  server = await startApiServer();
  for (const crd of GATEWAY_CRDS) await server.admin.apply(crd);
  for (const name of ["signalbox", "projectcontour"])
    await server.admin.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
});
after(async () => await server.stop());

const title = ({ kind, metadata }: KubernetesObject) => `${kind} ${metadata.name}`;
const named = (objects: readonly KubernetesObject[], kind: string, name: string) => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  assert.ok(found, `${kind} ${name}`);
  return found as KubernetesObject & { readonly spec: never };
};

for (const [overlay, objects] of [
  ["behind-contour", behindContour],
  ["contour-envoys", contourEnvoys],
] as const)
  for (const object of objects)
    test(`${overlay}, ${title(object)}: accepted, without an unknown field`, async () => {
      await server.admin.apply(object, { dryRun: true });
    });

const objectsOnPage = onPage.filter(({ yaml }) => yaml.startsWith("apiVersion:"));

for (const { line, yaml } of objectsOnPage) {
  const object = parse(yaml) as KubernetesObject;
  test(`docs/contour.md:${line}, ${title(object)}: accepted, without an unknown field`, async () => {
    await server.admin.apply(object, { dryRun: true });
  });
}

test("the page has an object of each kind, and its HTTPProxy is the overlay's", () => {
  const objects = objectsOnPage.map(({ yaml }) => parse(yaml) as KubernetesObject);
  assert.deepEqual(
    objects.map(({ kind }) => kind),
    ["HTTPProxy", "Ingress", "HTTPRoute", "VirtualService"],
  );
  assert.deepEqual(objects[0], named(behindContour, "HTTPProxy", "wasmcloud"));
});

test("every gateway on the page goes to the overlay's Service, by its port", () => {
  const { metadata, spec } = named(behindContour, "Service", "envoy-public-from-contour");
  const [port] = (spec as { readonly ports: readonly { readonly port: number; readonly targetPort: number }[] }).ports;
  assert.equal(port?.port, 80);
  for (const { yaml, line } of objectsOnPage) assert.match(yaml, new RegExp(`${metadata.name}.*80`), `line ${line}`);
  const [configuration] = onPage.filter(({ yaml }) => yaml.startsWith("source:"));
  const loaded = loadSettings(configuration?.yaml ?? "", "signalbox.yaml");
  assert.ok("settings" in loaded);
  const listener = loaded.settings.fleets[0]?.spec.listeners.find((one) => one.port === port?.targetPort);
  assert.deepEqual([listener?.name, listener?.trustedHops], ["from-contour", 1]);
});

/** As Contour 1.33's manifests have it, what concerns us. */
const DAEMON_SET = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "envoy", namespace: "projectcontour" },
  spec: {
    selector: { matchLabels: { app: "envoy" } },
    template: {
      metadata: { labels: { app: "envoy" } },
      spec: {
        initContainers: [
          {
            name: "envoy-initconfig",
            image: "ghcr.io/projectcontour/contour:v1.33.8",
            command: ["contour"],
            args: [
              "bootstrap",
              "/config/envoy.json",
              "--xds-address=contour",
              "--xds-port=8001",
              "--xds-resource-version=v3",
              "--resources-dir=/config/resources",
              "--envoy-cafile=/certs/ca.crt",
              "--envoy-cert-file=/certs/tls.crt",
              "--envoy-key-file=/certs/tls.key",
            ],
          },
        ],
        containers: [{ name: "envoy", image: "docker.io/envoyproxy/envoy:distroless-v1.35.8" }],
      },
    },
  },
} as const;

test("the patches lead Contour's Envoys to Signalbox and back, and change nothing else or elsewhere", async () => {
  const path = "/apis/apps/v1/namespaces/projectcontour/daemonsets/envoy";
  const patch = async (name: string) => {
    const operations = JSON.parse(readFileSync(join(OVERLAYS, "contour-envoys", `${name}.json`), "utf8"));
    return (await server.admin.request("PATCH", path, operations, "application/json-patch+json")) as KubernetesObject;
  };
  const made = await server.admin.apply(DAEMON_SET);
  const there = await patch("to-signalbox");
  const args: readonly string[] = DAEMON_SET.spec.template.spec.initContainers[0].args;
  const wanted = args.with(2, "--xds-address=signalbox.signalbox").with(3, "--xds-port=18000");
  const text = JSON.stringify(made["spec"]);
  assert.equal(JSON.stringify(there["spec"]), text.replace(JSON.stringify(args), JSON.stringify(wanted)));
  await assert.rejects(
    patch("to-signalbox"),
    /the server rejected our request|test/i,
    "found as it is expected, or not touched",
  );
  assert.deepEqual((await patch("to-contour"))["spec"], made["spec"]);
  const { spec } = named(contourEnvoys, "Service", "signalbox");
  assert.match(JSON.stringify(spec), /"port":18000/);
});
