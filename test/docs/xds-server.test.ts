/** docs/xds-server.md is true: its program serves a real Envoy, and every rule it lists has a test of that name. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bootstrapOf } from "../../src/envoy/bootstrap.ts";
import { startEnvoy } from "../envoy/envoy-process.ts";
import { rulesTable } from "./conformance-rules.ts";
import { startXdsProgram, xdsProgram } from "./xds-program.ts";

const ROOT = join(import.meta.dirname, "../..");
const PAGE = join(ROOT, "docs/xds-server.md");

test("the program of the page gives a real Envoy its cluster", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-docs-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const program = (await xdsProgram())
    .replace("signalbox/xds", join(ROOT, "src/xds/plain-server.ts"))
    .replace("signalbox/codec", join(ROOT, "src/codec/encode.ts"));
  await writeFile(join(folder, "program.ts"), program);
  const xdsAddress = `127.0.0.1:${await startXdsProgram(join(folder, "program.ts"), t)}`;
  const envoy = await startEnvoy({
    bootstrap: bootstrapOf({
      fleet: "docs",
      nodeId: "docs",
      nodeCluster: "docs",
      xdsAddress,
      adminAddress: "127.0.0.1:0",
      transport: "delta-ads",
      tls: undefined,
      probeAddress: undefined,
    }),
    test: t,
  });
  const hasShop = async () => (await envoy.admin("/clusters")).includes("shop::127.0.0.1:8080::cx_active::0");
  while (!(await hasShop())) await new Promise((settle) => setTimeout(settle, 20));
});

test("the page lists the rules that have tests (else: UPDATE_GOLDEN=1 node --test test/docs/xds-server.test.ts)", async () => {
  const text = await readFile(PAGE, "utf8");
  const [before = "", rest = ""] = text.split(/(?<=<!-- rules: .* -->\n)/);
  const [listed = "", after = ""] = rest.split(/(?=<!-- end of rules -->)/);
  const table = `\n${rulesTable()}\n`;
  if (process.env["UPDATE_GOLDEN"] !== undefined) await writeFile(PAGE, `${before}${table}${after}`);
  else assert.equal(listed, table);
  assert.ok(table.split("\n").length > 80, "the pattern found the tests");
});
