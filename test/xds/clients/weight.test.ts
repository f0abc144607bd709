/** What a request weighs before it is decoded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encode } from "../../../src/codec/encode.ts";
import { weightOf } from "../../../src/xds/protocol/weight.ts";

const DELTA = "envoy.service.discovery.v3.DeltaDiscoveryRequest";
const names = fc.array(fc.string({ minLength: 1, maxLength: 300 }), { maxLength: 20 });

test("each name, each version and each other field counts once, and the node has its size", () =>
  fc.assert(
    fc.property(
      names,
      names,
      fc.dictionary(fc.string(), fc.string()),
      fc.string(),
      (subscribe, unsubscribe, held, id) => {
        const bytes = encode(DELTA, {
          node: { id, userAgentName: "x" },
          typeUrl: "t",
          resourceNamesSubscribe: subscribe,
          resourceNamesUnsubscribe: unsubscribe,
          initialResourceVersions: held,
        });
        const weight = weightOf(bytes, 1);
        assert.equal(weight.fields, 2 + subscribe.length + unsubscribe.length + Object.keys(held).length);
        assert.equal(weight.nodeBytes, encode("envoy.config.core.v3.Node", { id, userAgentName: "x" }).length);
      },
    ),
  ));

test("any bytes have a weight, in a time that their number bounds", () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const { fields, nodeBytes, work } = weightOf(bytes, 1);
      assert.ok(fields <= bytes.length && nodeBytes >= 0 && work >= 1 && Number.isFinite(work));
    }),
  ));
