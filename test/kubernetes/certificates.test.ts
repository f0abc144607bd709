/**
 * Certificates on Kubernetes: what cert-manager is asked for, and what `signalbox certgen` prints, against a real API server; and that both are what pods mount.
 * cert-manager itself is not there: its two kinds are described here as far as our objects use them (field names and values as its reference has them,
 * unknown fields refused). That it issues what it is asked for is not tested.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { runCommandLine } from "../../src/cli/command-line.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { recordingTerminal } from "../cli/recording-terminal.ts";
import type { KubernetesObject } from "./api-admin.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { crd } from "./crds.ts";
import { objectsOf } from "./kustomization.ts";

const K8S = join(import.meta.dirname, "../../k8s/overlays");
const base = objectsOf(join(K8S, "two-fleets"));
const withCertManager = objectsOf(join(K8S, "cert-manager"));
const asked = withCertManager.filter(({ apiVersion }) => apiVersion === "cert-manager.io/v1");

const text = { type: "string" };
const oneOf = (...values: readonly string[]) => ({ type: "string", enum: values });
const hours = { type: "string", pattern: "^[0-9]+h$" };
const closed = (properties: object, ...required: readonly string[]) => ({
  ...{ type: "object", properties },
  ...(required.length === 0 ? {} : { required }),
});
const names = { type: "array", items: text };
const CERTIFICATE = closed(
  {
    ...{ secretName: text, commonName: text, isCA: { type: "boolean" }, dnsNames: names, uris: names },
    ...{ duration: hours, renewBefore: hours },
    usages: { type: "array", items: oneOf("digital signature", "key encipherment", "server auth", "client auth") },
    privateKey: closed({
      ...{ algorithm: oneOf("RSA", "ECDSA", "Ed25519"), size: { type: "integer" } },
      rotationPolicy: oneOf("Never", "Always"),
    }),
    issuerRef: closed({ name: text, kind: text, group: text }, "name"),
  },
  "issuerRef",
  "secretName",
);
const ISSUER = closed({ selfSigned: closed({}), ca: closed({ secretName: text }, "secretName") });

/** A kind of cert-manager's; unlike wasmCloud's kinds in these tests, nothing but what is described here is taken. */
function closedCrd(kind: string, plural: string, spec: object): KubernetesObject {
  const names = { group: "cert-manager.io", version: "v1", scope: "Namespaced", kind, plural } as const;
  const open = JSON.stringify(crd(names, { spec: spec as Readonly<Record<string, unknown>> }));
  return JSON.parse(open.replaceAll(',"x-kubernetes-preserve-unknown-fields":true', ""));
}

let server: ApiServer;
before(async () => {
  server = await startApiServer();
  await server.admin.apply(closedCrd("Certificate", "certificates", CERTIFICATE));
  await server.admin.apply(closedCrd("Issuer", "issuers", ISSUER));
  for (const object of base.filter(({ kind }) => kind === "Namespace")) await server.admin.apply(object);
});
after(async () => await server.stop());

async function printed(): Promise<readonly KubernetesObject[]> {
  const terminal = recordingTerminal();
  const args = ["certgen", "--fleet", "public", "--fleet", "private", "--kubernetes"];
  assert.equal(await runCommandLine(COMMANDS, args, terminal), 0);
  return parseAllDocuments(terminal.written.out).map((document) => document.toJS() as KubernetesObject);
}

for (const object of asked)
  test(`${object.kind} ${object.metadata.name}: accepted, without an unknown field`, async () => {
    await server.admin.apply(object, { dryRun: true });
    const wrong = { ...object, spec: { ...(object["spec"] as object), dnsName: "a.test" } };
    await assert.rejects(server.admin.apply(wrong, { dryRun: true }), /dnsName/);
  });

test("the Secrets that certgen prints are accepted", async () => {
  for (const secret of await printed()) await server.admin.apply(secret, { dryRun: true });
});

interface Pod {
  readonly initContainers?: readonly { readonly args: readonly string[] }[];
  readonly volumes: readonly { readonly secret?: { readonly secretName: string } }[];
}
const podOf = (name: string): Pod => {
  const found = base.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === name);
  assert.ok(found !== undefined, name);
  return (found["spec"] as { readonly template: { readonly spec: Pod } }).template.spec;
};
const mounted = ["signalbox", "envoy-public", "envoy-private"].flatMap((name) =>
  podOf(name).volumes.flatMap(({ secret }) => secret?.secretName ?? []),
);

interface Wanted {
  readonly secretName: string;
  readonly dnsNames?: readonly string[];
  readonly usages?: readonly string[];
  readonly isCA?: boolean;
}
const certificates = asked.filter(({ kind }) => kind === "Certificate").map(({ spec }) => spec as Wanted);

test("pods mount the Secrets that cert-manager writes, and those that certgen prints", async () => {
  assert.deepEqual(mounted, ["signalbox-xds", "signalbox-xds-public", "signalbox-xds-private"]);
  assert.deepEqual(
    certificates.flatMap(({ isCA, secretName }) => (isCA === true ? [] : [secretName])),
    mounted,
  );
  assert.deepEqual(
    (await printed()).map(({ metadata }) => metadata.name),
    mounted,
  );
});

test("certificates have the names that Envoys and fleets ask for, and each its use", () => {
  const map = base.find(({ kind }) => kind === "ConfigMap")?.["data"] as Readonly<Record<string, string>>;
  const { fleets } = parse(map["signalbox.yaml"] ?? "") as {
    readonly fleets: readonly { readonly name: string; readonly proxies: { readonly sans: readonly string[] } }[];
  };
  const of = (secret: string) => certificates.find(({ secretName }) => secretName === secret);
  for (const { name, proxies } of fleets) {
    assert.deepEqual(of(`signalbox-xds-${name}`)?.dnsNames, proxies.sans);
    assert.ok(of(`signalbox-xds-${name}`)?.usages?.includes("client auth"));
    const args = podOf(`envoy-${name}`).initContainers?.[0]?.args ?? [];
    const serverName = args.find((arg) => arg.startsWith("--tls-server-name="))?.split("=")[1] ?? "";
    assert.ok(of("signalbox-xds")?.dnsNames?.includes(serverName), serverName);
  }
  assert.ok(of("signalbox-xds")?.usages?.includes("server auth"));
});
