import assert from "node:assert/strict";
import { test } from "node:test";
import { namesIn, verifiedNames } from "../../src/xds/verified-names.ts";

const rows: readonly (readonly [why: string, text: string, names: readonly string[]])[] = [
  ["none", "", []],
  ["one", "DNS:a.test", ["DNS:a.test"]],
  [
    "several kinds",
    "URI:spiffe://t/ns/a, DNS:a.test, IP Address:10.0.0.1",
    ["URI:spiffe://t/ns/a", "DNS:a.test", "IP Address:10.0.0.1"],
  ],
  ["a comma within a name is no second name", 'DNS:"a.test, DNS:b.test"', ["DNS:a.test, DNS:b.test"]],
  ["a quote within a name", 'URI:"x:\\"a\\", DNS:b.test", DNS:c.test', ['URI:x:"a", DNS:b.test', "DNS:c.test"]],
  ["a text cut off gives nobody", 'DNS:a.test, DNS:"b.test', []],
  ["a name without kind gives nobody", "DNS:a.test, b.test", []],
];
for (const [why, text, names] of rows)
  test(`names of a certificate: ${why}`, () => assert.deepEqual(namesIn(text), names));

test("no certificate is not a certificate without names", () => {
  assert.equal(verifiedNames(undefined), undefined);
  assert.deepEqual(verifiedNames({ subjectAltName: undefined }), []);
});
