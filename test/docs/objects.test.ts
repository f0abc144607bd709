import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runCommandLine } from "../../src/cli/command-line.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { recordingTerminal } from "../cli/recording-terminal.ts";
import { examplesOf } from "./examples.ts";

const [host, ...examples] = examplesOf("objects.md");

for (const { line, section, yaml, said } of examples)
  test(`docs/objects.md:${line} (${section}): validate says ${said.length === 0 ? "nothing" : "what the page says"}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "signalbox-docs-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, "hosts.yaml"), host?.yaml ?? "");
    await writeFile(join(folder, "objects.yaml"), yaml);
    const terminal = recordingTerminal();
    const code = await runCommandLine(COMMANDS, ["validate", folder], terminal);
    const lines = terminal.written.out.replaceAll(`${folder}/`, "").split("\n");
    assert.deepEqual(
      lines.filter((text) => text !== ""),
      said,
      terminal.written.err,
    );
    assert.equal(code, said.length === 0 ? 0 : 1);
  });

test("the page has its examples", () => {
  assert.equal(examples.length, 11);
  assert.ok(host?.yaml.includes("kind: Host"));
});
