/**
 * Imports point one way. The table is ARCHITECTURE.md's; a room that is not in it, an import that it does not allow, or a file over 400 lines fails here.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "../..");

/** Which rooms a room may import. Itself is always allowed. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  codec: [],
  placement: [],
  kubernetes: [],
  files: [],
  tls: ["files"],
  sources: ["kubernetes", "files", "placement"],
  envoy: ["placement", "codec"],
  xds: ["codec"],
  config: ["files", "placement", "envoy", "sources", "xds"],
  model: ["placement", "envoy", "xds", "codec"],
  admin: ["codec", "files", "tls", "placement", "kubernetes", "sources", "envoy", "xds", "config", "model"],
  cli: ["codec", "files", "tls", "placement", "kubernetes", "sources", "envoy", "xds", "config", "model", "admin"],
  serve: [
    "codec",
    "files",
    "tls",
    "placement",
    "kubernetes",
    "sources",
    "envoy",
    "xds",
    "config",
    "model",
    "admin",
    "cli",
  ],
};

/** Rooms without I/O, clock or logger. The codec hashes, so it may use node:crypto. */
const PURE: Readonly<Record<string, readonly string[]>> = { codec: ["node:crypto"], placement: [], envoy: [] };

interface Import {
  readonly file: string;
  readonly room: string;
  readonly target: string;
}

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const room = file.split("/")[1] ?? "";
  const found = text.matchAll(/^(?:import|export)[^;]*?from\s+"([^"]+)"|\bimport\("([^"]+)"\)|^import\s+"([^"]+)"/gm);
  return [...found].map((match) => ({ file, room, target: match[1] ?? match[2] ?? match[3] ?? "" }));
}

const files = globSync("src/**/*.ts", { cwd: root }).filter((file) => !file.includes("/generated/"));
const inRooms = files.filter((file) => file.split("/").length > 2);

test("imports point one way", () => {
  const wrong: string[] = [];
  for (const { file, room, target } of inRooms.flatMap(importsOf)) {
    const allowed = ALLOWED[room];
    if (allowed === undefined) wrong.push(`${file}: room ${room} is not in the table`);
    else if (target.startsWith(".")) {
      const into = relative(join(root, "src"), normalize(join(root, dirname(file), target))).split("/")[0] ?? "";
      if (into !== room && !allowed.includes(into))
        wrong.push(`${file} imports ${target}: ${room} may not import ${into}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(inRooms.length > 20, "the pattern found the source files");
});

/** Folders of src/xds, and which of the others each may import: bytes and sets, what is sent when, the protocol's words; and calls, which know of none. */
const XDS_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  content: [],
  delivery: ["content"],
  protocol: ["content", "delivery"],
  transport: [],
};

test("inside src/xds the folders point one way", () => {
  const found = files
    .filter((file) => file.startsWith("src/xds/"))
    .flatMap(importsOf)
    .filter(({ target }) => target.startsWith("../"))
    .map(({ file, target }) => ({ file, from: file.split("/")[2] ?? "", into: target.split("/")[1] ?? "" }))
    .filter(({ from, into }) => from in XDS_FOLDERS && into in XDS_FOLDERS);
  const wrong = found.filter(({ from, into }) => from !== into && !XDS_FOLDERS[from]?.includes(into));
  assert.deepEqual(wrong, []);
  assert.ok(found.length > 20, "the pattern found imports between folders");
});

test("pure rooms import nothing that does I/O, tells time or logs", () => {
  const wrong = inRooms
    .flatMap(importsOf)
    .filter(({ room, target }) => {
      const exceptions = PURE[room];
      return (
        exceptions !== undefined &&
        !target.startsWith(".") &&
        !exceptions.includes(target) &&
        target !== "protobufjs" &&
        !target.startsWith("protobufjs/")
      );
    })
    .map(({ file, target }) => `${file} imports ${target}`);
  assert.deepEqual(wrong, []);
});

test("pure rooms read no clock and no chance", () => {
  const wrong = inRooms
    .filter((file) => (file.split("/")[1] ?? "") in PURE)
    .filter((file) =>
      /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bprocess\.|\bconsole\.|performance\.now\(/.test(
        readFileSync(join(root, file), "utf8"),
      ),
    );
  assert.deepEqual(wrong, []);
});

test("no barrels, no files of odds and ends, none over 400 lines", () => {
  const names = globSync("{src,test,scripts}/**/*.ts", { cwd: root }).filter((file) => !file.includes("/generated/"));
  const wrong = names.filter((file) => /(^|\/)(index|utils?|helpers?|common|misc)\.ts$/.test(file));
  const barrels = names.filter((file) => /^export \* from/m.test(readFileSync(join(root, file), "utf8")));
  const long = names.filter((file) => readFileSync(join(root, file), "utf8").split("\n").length > 401);
  assert.deepEqual({ wrong, barrels, long }, { wrong: [], barrels: [], long: [] });
});
