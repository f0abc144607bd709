import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { configurationPage } from "../../scripts/reference/configuration-page.ts";
import type { Option } from "../../src/config/option.ts";
import { OPTIONS } from "../../src/config/options.ts";
import { shapeFaults } from "../../src/config/shape.ts";
import { valueFaults, withDefaults } from "../../src/config/value-faults.ts";
import { nearest } from "../../src/placement/nearest.ts";

/** Every option with its path. */
function* all(option: Option, path: string): Generator<readonly [path: string, option: Option]> {
  yield [path, option];
  if (option.type === "list") yield* all(option.of, `${path}[]`);
  if (option.type === "section")
    for (const [name, inner] of Object.entries(option.options)) yield* all(inner, `${path}.${name}`);
}

test("every option is described in sentences, on the page, and its default passes its own checks", () => {
  const page = configurationPage();
  let described = 0;
  for (const [path, option] of all(OPTIONS, "")) {
    assert.match(option.effect, /^[A-Z`].*\.$/s, path);
    if (path.includes(".") && !path.endsWith("[]") && path.split(".").length > 2) {
      assert.ok(page.includes(`\`${path.slice(1)}\``), path);
      described++;
    }
    assert.deepEqual([...valueFaults(option, "default" in option ? option.default : undefined)], [], path);
  }
  assert.ok(described > 60, String(described));
});

test("written.ts has every option of the table, and no other", () => {
  const text = readFileSync(join(import.meta.dirname, "../../src/config/written.ts"), "utf8");
  const written = new Set(Array.from(text.matchAll(/readonly (\w+):/g), ([, name]) => name));
  const options = new Set(Array.from(all(OPTIONS, ""), ([path]) => path.split(".").at(-1)));
  assert.deepEqual([...written].toSorted(), [...options].filter((name) => /^\w+$/.test(name ?? "")).toSorted());
});

test("numbers have bounds that their defaults keep, and say what 0 means where it is possible", () => {
  for (const [path, option] of all(OPTIONS, "")) {
    if (option.type !== "integer" && option.type !== "number") continue;
    const { minimum, maximum, default: value } = option;
    assert.ok(value === undefined || (value >= minimum && value <= maximum), path);
    assert.equal(option.zero !== undefined, minimum === 0, `${path}: what 0 means`);
  }
});

test("what is not in the table is refused, at every depth", () => {
  let sections = 0;
  for (const [path, option] of all(OPTIONS, "")) {
    if (option.type !== "section") continue;
    sections++;
    const causes = [...shapeFaults(option, { "": 1 })].map(({ cause }) => cause);
    assert.ok(causes.includes('there is no option ""'), path);
  }
  assert.ok(sections > 10, String(sections));
});

test("only own keys are options", () => {
  const causes = [
    ...shapeFaults(OPTIONS, JSON.parse('{"source": {"folder": "a"}, "__proto__": {}, "constructor": {}}')),
  ];
  assert.deepEqual(
    causes.map(({ path }) => path),
    [["__proto__"], ["constructor"]],
  );
});

test("filling in defaults twice is filling them in once", () => {
  const once = withDefaults(OPTIONS, {
    fleets: [{ name: "a", listeners: [{ port: 1 }] }],
    hosts: { groups: [{ name: "g", tls: {} }] },
  });
  assert.deepEqual(withDefaults(OPTIONS, once), once);
});

const words: readonly (readonly [word: string, candidates: readonly string[], meant: string | undefined])[] = [
  ["adress", ["address", "grpcAddress"], "address"],
  ["ADDRESS", ["address"], "address"],
  ["fleet", ["fleets", "hosts"], "fleets"],
  ["sorce", ["xds", "source"], "source"],
  ["lgo", ["log"], "log"],
  ["colour", ["level"], undefined],
  ["x", ["xds"], undefined],
  ["", ["a"], "a"],
];
for (const [word, candidates, meant] of words)
  test(`did you mean: ${JSON.stringify(word)} is ${meant ?? "nothing known"}`, () =>
    assert.equal(nearest(word, candidates), meant));
