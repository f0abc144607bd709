import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { STATUS } from "../../../src/xds/transport/grpc-status.ts";
import { MessageReader } from "../../../src/xds/transport/message-reader.ts";
import { framed } from "./raw-call.ts";

function reading(maxBytes: number) {
  const messages: string[] = [];
  const reader = new MessageReader(maxBytes, (bytes) => messages.push(bytes.toString("latin1")));
  return { reader, messages };
}

test("messages come out whole and in order, however their bytes are cut", () =>
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 30 })), fc.array(fc.nat(12)), (given, cuts) => {
      const texts = given.map((text) => Buffer.from(text).toString("latin1"));
      let bytes = Buffer.concat(texts.map((text) => framed(Buffer.from(text, "latin1"))));
      const { reader, messages } = reading(1_000);
      for (const cut of cuts) {
        assert.equal(reader.take(Buffer.from(bytes.subarray(0, cut))), undefined);
        bytes = bytes.subarray(cut);
      }
      assert.equal(reader.take(bytes), undefined);
      assert.deepEqual(messages, texts);
      assert.equal(reader.isWithin, false);
    }),
  ));

test("a message that is cut off is known to be so, in its prefix and behind it", () => {
  for (const bytes of [framed("abc").subarray(0, 3), framed("abc").subarray(0, 6)]) {
    const { reader } = reading(10);
    assert.equal(reader.take(bytes), undefined);
    assert.equal(reader.isWithin, true);
  }
});

test("a message of exactly the limit is read; one byte more is told before it has come, and nothing is read after it", () => {
  const { reader, messages } = reading(3);
  assert.equal(reader.take(framed("abc")), undefined);
  const prefix = framed("abcd").subarray(0, 5);
  assert.equal(reader.take(Buffer.concat([framed("x"), prefix]))?.code, STATUS.resourceExhausted);
  assert.equal(reader.take(framed("y"))?.code, STATUS.resourceExhausted);
  assert.deepEqual(messages, ["abc", "x"]);
});

test("a message that comes byte by byte keeps no more than twice what has come, and none of the buffers it came in", () => {
  const { reader, messages } = reading(1_000);
  const bytes = framed("x".repeat(1_000));
  for (const [at, byte] of bytes.entries()) {
    const chunk = Buffer.from([byte]);
    assert.equal(reader.take(chunk), undefined);
    chunk.fill(0); // its memory may be used again
    if (at < bytes.length - 1) assert.equal(reader.keptBytes, at + 1);
  }
  assert.deepEqual([messages, reader.keptBytes], [["x".repeat(1_000)], 0]);
});

test("a compressed message is refused", () => {
  const { reader, messages } = reading(10);
  const compressed = framed("abc");
  compressed[0] = 1;
  assert.equal(reader.take(compressed)?.code, STATUS.unimplemented);
  assert.deepEqual(messages, []);
});
