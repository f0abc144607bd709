/** The generated pages of docs/ are what the code says now. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { PAGES } from "../../scripts/generate-reference.ts";
import { ALERTS, metricsIn } from "../../scripts/reference/metrics-page.ts";
import { exampleProblem } from "../../scripts/reference/problem-examples.ts";

const ROOT = join(import.meta.dirname, "../..");
const pageText = (file: string): string => readFileSync(join(ROOT, "docs", file), "utf8");

for (const [file, page] of Object.entries(PAGES))
  test(`docs/${file} is current (else: npm run reference)`, async () => assert.equal(pageText(file), await page()));

test("every alert asks for metrics and labels that there are", () => {
  const rows = [...pageText("metrics.md").matchAll(/^\| `(signalbox_\w+)` \| \w+ \| ([\w, ]*) \|/gm)];
  const labelsOf = new Map(rows.map(([, name = "", labels = ""]) => [name, labels.split(", ")]));
  assert.ok(labelsOf.size > 20, String(labelsOf.size));
  const ofTarget = ["job", "instance"]; // Prometheus adds these
  assert.equal(ALERTS.length, 6);
  for (const { name, expression } of ALERTS) {
    const metrics = expression.match(/signalbox_\w+/g) ?? [];
    assert.ok(metrics.length > 0, name);
    const labels = metrics.flatMap((metric) => labelsOf.get(metric) ?? assert.fail(`${name}: there is no ${metric}`));
    const grouped = [...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(", "));
    for (const label of grouped) assert.ok([...labels, ...ofTarget].includes(label), `${name}: ${label}`);
  }
  const [block = ""] = pageText("metrics.md").match(/(?<=```yaml\n).*?(?=```)/s) ?? [];
  const rules = parse(block) as {
    readonly groups: readonly { readonly rules: readonly { readonly expr: string }[] }[];
  };
  assert.deepEqual(
    rules.groups[0]?.rules.map(({ expr }) => expr),
    ALERTS.map(({ expression }) => expression),
  );
});

test("a metric with a label that is not described fails the page, and so does an example that leads nowhere", async () => {
  const exposition = '# HELP signalbox_a A.\n# TYPE signalbox_a gauge\nsignalbox_a{fleet="x",tenant="y"} 1\n';
  assert.throws(() => metricsIn(exposition), /signalbox_a: .*tenant/);
  await assert.rejects(exampleProblem("file-invalid", { objects: "" }), /file-invalid leads to no problem/);
});

test("links between the pages of this project lead somewhere", () => {
  const pages = globSync("{*.md,{docs,envoy,k8s,examples,test}/**/*.md}", { cwd: ROOT });
  assert.ok(pages.length > 8, String(pages.length));
  const broken: string[] = [];
  for (const page of pages)
    for (const [, target = ""] of readFileSync(join(ROOT, page), "utf8").matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [file = "", anchor] = target.split("#");
      const path = file === "" ? page : join(dirname(page), file);
      const found = globSync(path, { cwd: ROOT }).length > 0;
      const anchors = found && path.endsWith(".md") ? anchorsOf(readFileSync(join(ROOT, path), "utf8")) : [];
      if (!found || (anchor !== undefined && path.endsWith(".md") && !anchors.includes(anchor)))
        broken.push(`${page}: ${target}`);
    }
  assert.deepEqual(broken, []);
});

/** Anchors of headings as GitHub makes them. */
function anchorsOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
