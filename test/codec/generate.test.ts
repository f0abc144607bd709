import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ROOTS } from "../../scripts/codec-roots.ts";
import { isMessageName, messageNames, planOf } from "../../src/codec/message-plan.ts";

const root = new URL("../../", import.meta.url).pathname;

test("the generated codec is what the generator makes, byte for byte", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "signalbox-codec-"));
  t.after(() => rmSync(folder, { recursive: true }));
  execFileSync(process.execPath, [join(root, "scripts/generate-codec.ts"), folder], { cwd: folder });
  for (const file of ["descriptor.json", "messages.ts"])
    assert.equal(
      readFileSync(join(folder, file), "utf8"),
      readFileSync(join(root, "src/codec/generated", file), "utf8"),
      `${file} is out of date: npm run generate`,
    );
});

test("every root is there, and everything that fields refer to", () => {
  for (const name of ROOTS) assert.ok(isMessageName(name), name);
  for (const name of messageNames)
    for (const { value } of planOf(name).fields)
      assert.ok(value.kind === "scalar" || (value.kind === "enum" ? value.enum.numbers.size > 0 : value.plan), name);
});
