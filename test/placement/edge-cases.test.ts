/** Every edge case names a test that exists, and the page in docs/ tells the same as the table. */
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { edgeCasesPage } from "../../scripts/generate-edge-cases.ts";
import { EDGE_CASES } from "./edge-cases.ts";

const root = join(import.meta.dirname, "../..");

/** String literals of a file, in double quotes, unescaped. */
function literals(text: string): ReadonlySet<string> {
  const found = text.match(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g) ?? [];
  return new Set(
    found.map((literal) =>
      literal
        .slice(1, -1)
        .replaceAll(/\\u\{?([0-9a-fA-F]{4})\}?|\\(.)/g, (_, hex, char) =>
          hex ? String.fromCharCode(Number.parseInt(hex, 16)) : char === "n" ? "\n" : char,
        ),
    ),
  );
}

/**
 * Whether a file defines a test, or a row that becomes one, of that name. Names are found as text:
 * - `test("name", …)`, `name: "name"`: literally;
 * - test(`words ${value} words`, …): the name fits the template, and the longest value in it is a literal of the file (a cell of the row that makes it).
 * A test that is skipped or renamed, and a row that is gone, are not found.
 */
function defines(text: string, name: string): boolean {
  const quoted = JSON.stringify(name).replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  if (new RegExp(`(?:\\btest\\(|\\bname:)\\s*${quoted}`).test(text)) return true;
  const known = literals(text);
  for (const [, template = ""] of text.matchAll(
    /\btest\(\s*`((?:[^`\\$]|\\.|\$\{(?:[^{}`]|`[^`]*`|\{[^}]*\})*\})*)`/g,
  )) {
    const words = template
      .split(/\$\{(?:[^{}`]|`[^`]*`|\{[^}]*\})*\}/)
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const values = new RegExp(`^${words.join("(.*)")}$`).exec(name)?.slice(1);
    const longest = values?.toSorted((a, b) => b.length - a.length)[0];
    if (longest !== undefined && (known.has(longest) || known.has(unquoted(longest)))) return true;
  }
  return false;
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}

/** Test files, and the files they import from test/, directly or not: a table of rows that no test file imports shows nothing. */
function reached(): ReadonlySet<string> {
  const found = new Set(globSync("test/**/*.test.ts", { cwd: root }));
  for (const file of found) {
    for (const [, target = ""] of readFileSync(join(root, file), "utf8").matchAll(/from\s+"(\.[^"]+)"/g)) {
      const path = join(dirname(file), target);
      if (path.startsWith("test/") && existsSync(join(root, path))) found.add(path);
    }
  }
  return found;
}

const files = reached();
for (const { section, case: given, test: name, file } of EDGE_CASES)
  test(`shown: ${section}, ${given}`, () => {
    assert.ok(files.has(file), `${file} is no test file, nor imported by one`);
    assert.ok(defines(readFileSync(join(root, file), "utf8"), name), `${file} has no test named: ${name}`);
  });

const shown = `for (const [why, n] of rows) test(\`row \${n}: \${why}\`, () => {}); const rows = [["it is so", 1]];
  test("by name", () => {}); test.skip("skipped", () => {}); const row = { name: "in a table" }; const other = "a literal";`;
const finds: readonly (readonly [name: string, found: boolean])[] = [
  ["by name", true],
  ["in a table", true],
  ["row 1: it is so", true],
  ["row 1: it is not so", false],
  ["skipped", false],
  ["a literal", false],
  ["by nam", false],
];
for (const [name, found] of finds)
  test(`a test is ${found ? "found" : "missed"}: ${name}`, () => assert.equal(defines(shown, name), found));

test("each case is told once", () => {
  const cases = EDGE_CASES.map(({ section, case: given }) => `${section}: ${given}`);
  assert.deepEqual(cases, [...new Set(cases)]);
});

test("docs/edge-cases.md is what scripts/generate-edge-cases.ts writes", () => {
  assert.equal(readFileSync(join(root, "docs/edge-cases.md"), "utf8"), edgeCasesPage());
});
