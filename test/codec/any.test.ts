import assert from "node:assert/strict";
import { test } from "node:test";
import { anyOf, messageNameOf, typeUrlOf, unpack } from "../../src/codec/any.ts";
import { DecodeError } from "../../src/codec/decode.ts";

test("what is packed is unpacked", () => {
  const any = anyOf("envoy.extensions.filters.http.router.v3.Router", { startChildSpan: true });
  assert.equal(any.typeUrl, "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router");
  assert.deepEqual(unpack(any), {
    type: "envoy.extensions.filters.http.router.v3.Router",
    message: { startChildSpan: true },
  });
});

test("a type URL is known by what follows its last slash", () => {
  assert.equal(messageNameOf("example.com/types/google.rpc.Status"), "google.rpc.Status");
  assert.equal(messageNameOf(typeUrlOf("google.rpc.Status")), "google.rpc.Status");
  assert.equal(messageNameOf("type.googleapis.com/toString"), undefined);
  assert.equal(messageNameOf(""), undefined);
});

test("an unknown type is not unpacked, a wrong value is refused", () => {
  assert.equal(unpack({ typeUrl: "type.googleapis.com/a.B", value: new Uint8Array([1]) }), undefined);
  assert.equal(unpack({}), undefined);
  assert.throws(() => unpack({ typeUrl: typeUrlOf("google.rpc.Status"), value: new Uint8Array([255]) }), DecodeError);
});
