/** Every `*.in.yaml` here is one case, and its `*.out.yaml` what must come of it, to the byte. */
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { parse, stringify } from "yaml";
import { translatedCase } from "./translated-case.ts";

const here = import.meta.dirname;
const update = process.env["UPDATE_GOLDEN"] === "1";
if (update && process.env["CI"] !== undefined)
  throw new Error(
    "UPDATE_GOLDEN=1 is refused in CI: frozen bytes change in a diff that somebody reads. Update them at home and commit the diff.",
  );

const inputs = globSync("*.in.yaml", { cwd: here }).toSorted();

for (const input of inputs)
  test(basename(input, ".in.yaml"), async () => {
    const output = join(here, input.replace(".in.yaml", ".out.yaml"));
    const got = stringify(await translatedCase(parse(readFileSync(join(here, input), "utf8"))), { lineWidth: 120 });
    if (update) writeFileSync(output, got);
    assert.ok(existsSync(output), `${output} is missing: run with UPDATE_GOLDEN=1 and read what it writes`);
    assert.equal(got, readFileSync(output, "utf8"));
  });

test("every output has its input", () => {
  const orphans = globSync("*.out.yaml", { cwd: here }).filter(
    (file) => !inputs.includes(file.replace(".out.", ".in.")),
  );
  if (update) for (const orphan of orphans) rmSync(join(here, orphan));
  assert.deepEqual(update ? [] : orphans, []);
  assert.ok(inputs.length > 0, "the pattern found the inputs");
});
