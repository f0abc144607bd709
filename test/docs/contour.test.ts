import assert from "node:assert/strict";
import { test } from "node:test";
import { resourcesOf } from "../../src/cli/resources.ts";
import { loadSettings } from "../../src/config/load.ts";
import { Placer } from "../../src/placement/placer.ts";
import { host, workload } from "../admin/fake-model.ts";
import { examplesOf } from "./examples.ts";

const configurations = examplesOf("contour.md").filter(({ yaml }) => /^\s*source:/.test(yaml));

for (const { line, section, yaml } of configurations)
  test(`docs/contour.md:${line} (${section}): loads and translates`, () => {
    const loaded = loadSettings(yaml, "signalbox.yaml");
    assert.ok("settings" in loaded, JSON.stringify(loaded));
    const placer = new Placer({ ownership: [] });
    placer.apply([{ put: host(1) }, { put: workload("cart", "cart.example.com") }]);
    for (const fleet of loaded.settings.fleets) {
      const { problems, hostnames, resources } = resourcesOf(placer.placement, fleet, {});
      assert.deepEqual([problems, hostnames], [[], 1]);
      const json = JSON.stringify(resources);
      for (const { name } of fleet.spec.listeners) assert.ok(json.includes(`"name":"${name}"`), name);
      assert.equal(json.includes('"name":"stats-health"'), fleet.spec.contour !== undefined);
    }
  });

test("the page has its configurations", () => assert.equal(configurations.length, 2));
