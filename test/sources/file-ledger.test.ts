import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { FileLedger } from "../../src/sources/file-ledger.ts";
import type { ObjectRecord } from "../../src/sources/source.ts";
import { RecordingSink } from "./recording-sink.ts";

const host = (name: string, hostId = name) =>
  `---\napiVersion: runtime.wasmcloud.dev/v1alpha1\nkind: Host\nmetadata: {name: ${name}}\nhostId: ${hostId}\nhostname: 10.0.0.1\nhttpPort: 80\n`;

/** A ledger with a clock of its own that doubts for 200 ms, and the story of what it gave: `+a=hostId`, `-a`, `!about`, `ok about`. */
function ledger() {
  const clock = { nowMs: 1_000 };
  const files = new FileLedger({ doubtMs: 200, now: () => clock.nowMs });
  const got = new RecordingSink<ObjectRecord>();
  const given = () => {
    const { changes, problems } = files.take();
    if (changes.length + problems.length > 0) got.sink({ changes, problems, synced: true, stale: undefined });
    return [
      ...changes.map((change) =>
        "put" in change
          ? `+${change.put.name}=${change.put.kind === "Host" ? change.put.hostId : ""}`
          : `-${change.remove.name}`,
      ),
      ...problems.map(({ about, problems: all }) => `${all.length > 0 ? "!" : "ok "}${about}`),
    ];
  };
  const all = (pieces: Iterator<unknown>) => {
    while (pieces.next().done !== true);
  };
  const write = (text: string, name = "a.yaml") => {
    all(files.follow({ name, text }, false));
    return given();
  };
  const remove = (name: string) => {
    all(files.follow({ name, gone: true }, false));
    return given();
  };
  const after = (ms: number) => {
    clock.nowMs += ms;
    for (const file of files.due) all(files.believe(file));
    return given();
  };
  return { files, write, remove, after, got };
}

test("a complete change is told at once, and nothing is left in doubt", () => {
  const { files, write } = ledger();
  assert.deepEqual(write(host("a")), ["+a=a"]);
  assert.deepEqual(write(host("a", "b")), ["+a=b"]);
  assert.equal(files.nextDueAt, undefined);
});

test("a text cut short tells of all its objects but the last, and nothing of what it lacks", () => {
  const { files, write, after } = ledger();
  write(host("a") + host("b") + host("c"));
  const next = host("a", "x") + host("b", "xyz") + host("c", "x");
  assert.deepEqual(write(next.slice(0, next.indexOf("xyz") + 1)), ["+a=x"]);
  assert.equal(files.nextDueAt, 1_200);
  assert.deepEqual(after(199), []);
  assert.deepEqual(write(next), ["+b=xyz", "+c=x"]);
  assert.equal(files.nextDueAt, undefined);
});

test("a text of fewer lines is doubted in the same way, and believed when it lasts", () => {
  const { write, after } = ledger();
  write(host("a") + host("b"));
  assert.deepEqual(write(host("a", "x")), []);
  assert.deepEqual(after(199), []);
  assert.deepEqual(after(1), ["+a=x", "-b"]);
  assert.deepEqual(write(host("a", "y")), ["+a=y"]);
});

test("every write begins the doubt anew", () => {
  const { write, after } = ledger();
  write(host("a") + host("b"));
  write(host("a"));
  assert.deepEqual(after(150), []);
  assert.deepEqual(write(`# more\n${host("a")}`), []);
  assert.deepEqual(after(150), []);
  assert.deepEqual(after(50), ["-b"]);
});

test("a file that cannot be parsed is blamed when that lasts, and not at all when it is mended before", () => {
  const { write, after } = ledger();
  write(host("a"));
  assert.deepEqual(write("kind: ["), []);
  assert.deepEqual(write(host("a", "x")), ["+a=x"]);
  assert.deepEqual(after(1_000), []);
  assert.deepEqual(write("kind: ["), []);
  assert.deepEqual(after(200), ["!File//a.yaml"]);
  assert.deepEqual(write(host("a", "x")), ["ok File//a.yaml"]);
});

test("an object that moves to another file never goes, whichever file is written first", () => {
  const { write, remove, after } = ledger();
  write(host("a") + host("b"));
  write(host("a"));
  assert.deepEqual(write(host("b", "x"), "b.yaml"), ["+b=x"]);
  assert.deepEqual(after(200), []);
  assert.deepEqual(remove("b.yaml"), ["-b"]);
});

test("an object that is malformed is reported and goes when that lasts", () => {
  const { write, after } = ledger();
  write(host("a"));
  assert.deepEqual(write(host("a", '""')), []);
  assert.deepEqual(after(200), ["-a", "!Host/default/a"]);
  assert.deepEqual(write(host("a")), ["+a=a", "ok Host/default/a"]);
});

test("a file that is gone or emptied takes its objects with it at once: the reader has waited", () => {
  const { write, remove } = ledger();
  write(host("a"));
  assert.deepEqual(remove("a.yaml"), ["-a"]);
  write(host("a"));
  assert.deepEqual(write(" \n"), ["-a"]);
});

test("what a new file lacks a newline for is doubted, JSON is not", () => {
  const { write, after } = ledger();
  assert.deepEqual(write(host("a").trimEnd()), []);
  assert.deepEqual(after(200), ["+a=a"]);
  const object = { apiVersion: "runtime.wasmcloud.dev/v1alpha1", kind: "Host", metadata: { name: "b" }, hostId: "b" };
  assert.deepEqual(write(JSON.stringify(object), "b.json"), ["+b=b"]);
});

test("a file written in place, cut anywhere, never takes away or garbles what is in it before and after", () => {
  const name = fc.constantFrom("a", "b", "c", "d");
  const names = fc.uniqueArray(name, { minLength: 1 });
  return fc.assert(
    fc.property(names, fc.array(fc.nat(), { maxLength: 4 }), (others, cuts) => {
      const { write, after, got } = ledger();
      const before = ["e", ...others].map((n) => host(n, "old")).join("");
      const next = ["e", ...others].map((n) => host(n, "new")).join("");
      write(before);
      const ends = cuts.map((cut) => cut % next.length).toSorted((a, b) => a - b);
      for (const end of ends) if (end > 0) write(next.slice(0, end));
      write(next);
      after(1_000);
      assert.deepEqual([...got.problems], []);
      for (const word of got.story) assert.ok(word.startsWith("+"), got.story.join(" "));
      for (const batch of got.batches)
        for (const change of batch.changes)
          assert.ok("put" in change && change.put.kind === "Host" && ["old", "new"].includes(change.put.hostId));
      assert.equal(got.records.size, others.length + 1);
    }),
  );
});
