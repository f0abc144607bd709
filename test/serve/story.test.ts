/** What the log tells of what goes wrong on our own side of the xDS port. */
import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { pino } from "pino";
import { Story } from "../../src/serve/story.ts";
import type { XdsObserver } from "../../src/xds/observer.ts";

const rows: readonly (readonly [name: string, cause: (observer: XdsObserver, error: Error) => void, told: RegExp])[] = [
  ["a fault of ours in a stream", (observer, error) => observer.fault?.(error), /bug in Signalbox; a stream was ended/],
  [
    "an error of the socket that is listened on",
    (observer, error) => observer.listeningFailed?.("127.0.0.1:18000", error),
    /the xDS port had an error; it is listened on/,
  ],
];
for (const [name, cause, told] of rows)
  test(`${name} is logged as an error with its stack, twenty times a minute at most, and told on`, () => {
    const lines: { readonly level: number; readonly msg: string; readonly err: { readonly stack: string } }[] = [];
    const log = pino(new Writable({ write: (line, _, done) => done(void lines.push(JSON.parse(String(line)))) }));
    const also: unknown[] = [];
    const observer = new Story(log, () => 0).observer({
      fault: (error) => also.push(error),
      listeningFailed: (_, error) => also.push(error),
    });
    const error = new Error("of this test");
    for (let i = 0; i < 30; i++) cause(observer, error);
    assert.equal(lines.length, 20);
    assert.deepEqual([lines[0]?.level, lines[0]?.err.stack], [50, error.stack]);
    assert.match(lines[0]?.msg ?? "", told);
    assert.equal(also.length, 30);
  });
