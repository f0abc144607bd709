import assert from "node:assert/strict";
import { test } from "node:test";
import { resourcesOf } from "../../src/cli/resources.ts";
import { loadSettings } from "../../src/config/load.ts";
import type { FleetSettings } from "../../src/config/settings.ts";
import type { Layout } from "../../src/envoy/fleet-spec.ts";
import { Placer } from "../../src/placement/placer.ts";
import { problemText } from "../../src/placement/problem.ts";
import { host, workload } from "../admin/fake-model.ts";
import { examplesOf } from "./examples.ts";

const examples = examplesOf("fleets.md");

test("the configuration in README.md can be used", () => {
  const [example] = examplesOf("../README.md");
  assert.deepEqual(
    settingsOf(example?.yaml ?? "").map(({ name }) => name),
    ["private", "public"],
  );
});

/** On a host of group `edge`: one workload labelled as the page says, one that is not. */
function placement() {
  const labels = { "signalbox.dev/public": "true" };
  const placer = new Placer({ ownership: [] });
  placer.apply([
    { put: { ...host(1), hostGroup: "edge" } },
    { put: workload("cart", "cart.example.com", { marks: { labels, annotations: {} } }) },
    { put: workload("wages", "wages.example.com") },
  ]);
  return placer.placement;
}

interface Made {
  readonly layout: Layout;
  readonly hostnames: number;
  /** Everything the fleet's Envoys are given, as one text. */
  readonly json: string;
}

function made(fleet: FleetSettings): Made {
  const { problems, layout, hostnames, resources } = resourcesOf(placement(), fleet, {});
  assert.deepEqual(problems, []);
  return { layout, hostnames, json: JSON.stringify(resources) };
}

function settingsOf(yaml: string): readonly FleetSettings[] {
  const loaded = loadSettings(yaml, "signalbox.yaml");
  assert.ok("settings" in loaded, JSON.stringify(loaded));
  return loaded.settings.fleets;
}

for (const { line, section, yaml, said } of examples)
  test(`docs/fleets.md:${line} (${section}): ${said.length === 0 ? "loads and translates" : "is refused as the page says"}`, () => {
    const loaded = loadSettings(yaml, "signalbox.yaml");
    assert.deepEqual("problems" in loaded ? loaded.problems.map(problemText) : [], said);
    if ("settings" in loaded)
      for (const fleet of loaded.settings.fleets) assert.match(made(fleet).json, /envoy\.config\.listener\.v3/);
  });

/** The fleets of the first example in a section, by name. */
function fleetsIn(section: string, position = 0): (name: string) => Made {
  const inSection = examples.filter((example) => example.section === section);
  const fleets = settingsOf(inSection[position]?.yaml ?? "");
  return (name) => {
    const fleet = fleets.find((candidate) => candidate.name === name);
    assert.ok(fleet, `${section}: no fleet ${name}`);
    return made(fleet);
  };
}

test("the public fleet exposes what is labelled, the private one everything, from one host", () => {
  const fleet = fleetsIn("Public and private on the same hosts");
  assert.deepEqual([fleet("public").hostnames, fleet("private").hostnames], [1, 2]);
  assert.doesNotMatch(fleet("public").json, /wages/);
});

test("trusted hops and the PROXY protocol reach the listener they are given for", () => {
  assert.match(fleetsIn("Behind a balancer that speaks HTTP")("public").json, /"xff_num_trusted_hops":1/);
  const { json } = fleetsIn("Behind a balancer that passes connections")("public");
  assert.equal(json.match(/listener\.proxy_protocol\.v3\.ProxyProtocol/g)?.length, 1);
  assert.match(json, /"from-within"/);
});

test("an unknown hostname gets the answer; a fleet that forwards has layout rds", () => {
  const answering = fleetsIn("Unknown hostnames")("public");
  assert.match(answering.json, /"status_code":421/);
  assert.equal(answering.layout, "scoped");
  const [, forwarding] = examples.filter(({ section }) => section === "Unknown hostnames");
  const corrected = forwarding?.yaml.replace(
    "name: public",
    "name: public\n    proxies: { metadata: { fleet: public } }",
  );
  for (const fleet of settingsOf(corrected ?? "")) {
    const { layout, json } = made(fleet);
    assert.equal(layout, "rds");
    assert.match(json, /signalbox_fallback/);
  }
});

test("a listener with a certificate asks for it by SDS, and the files are named", () => {
  const { json } = fleetsIn("TLS with clients")("public");
  assert.match(json, /"tls_certificate_sds_secret_configs":\[\{"name":"signalbox_certificate\/https"/);
  assert.match(json, /"watched_directory":\{"path":"\/etc\/envoy\/tls"\}/);
});

test("TLS goes by the host's group", () => {
  const { json } = fleetsIn("Host groups with TLS")("public");
  assert.match(json, /"sni":"hosts\.example\.com"/);
  assert.match(json, /"envoy\.transport_socket_match":\{"group":"edge"\}/);
});

test("the page has its examples", () => assert.equal(examples.length, 8));
