import assert from "node:assert/strict";
import { test } from "node:test";
import { type FailureCode, failureOf, refusalOf } from "../../src/kubernetes/failure.ts";

const coded = (code: string, message: string) => Object.assign(new Error(message), { code });

const rows: readonly (readonly [error: unknown, code: FailureCode, says: RegExp])[] = [
  [
    coded("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1"),
    "unreachable",
    /no connection to https:\/\/api: connect ECONNREFUSED/,
  ],
  [coded("ENOTFOUND", "getaddrinfo ENOTFOUND api"), "unreachable", /ENOTFOUND api/],
  [
    new AggregateError(
      [coded("ECONNREFUSED", "connect ECONNREFUSED ::1:1"), coded("ECONNREFUSED", "and 127.0.0.1:1")],
      "",
    ),
    "unreachable",
    /::1:1; and 127/,
  ],
  [coded("CERT_HAS_EXPIRED", "certificate has expired"), "untrusted", /certificate has expired \(CERT_HAS_EXPIRED\)/],
  [coded("CERT_NOT_YET_VALID", "certificate is not yet valid"), "untrusted", /not yet valid/],
  [coded("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify"), "untrusted", /unable to verify/],
  [coded("ERR_TLS_CERT_ALTNAME_INVALID", "names differ"), "untrusted", /names differ/],
  ["just words", "unreachable", /just words/],
];
for (const [error, code, says] of rows)
  test(`${String(error)}: ${code}`, () => {
    const failure = failureOf(error, "https://api");
    assert.equal(failure.code, code);
    assert.match(failure.cause, says);
  });

test("an expired certificate and an unknown authority have different remedies", () => {
  assert.match(failureOf(coded("CERT_HAS_EXPIRED", ""), "a").remedy, /^Renew the certificate/);
  assert.match(failureOf(coded("SELF_SIGNED_CERT_IN_CHAIN", ""), "a").remedy, /^Put the authority/);
});

test("a refusal of all namespaces asks for a ClusterRole, of one for a Role there", () => {
  const asked = { verb: "list", plural: "workloads", group: "runtime.wasmcloud.dev", namespace: undefined } as const;
  assert.match(
    refusalOf(403, "no", asked).remedy,
    /^Grant the verb list .* ClusterRole and ClusterRoleBinding with apiGroups: \["runtime\.wasmcloud\.dev"\]/,
  );
  assert.match(refusalOf(403, "no", { ...asked, namespace: "shop" }).remedy, /Role and RoleBinding in namespace shop/);
  assert.equal(
    refusalOf(403, "no", asked).cause,
    "cannot list workloads.runtime.wasmcloud.dev in all namespaces: no (403)",
  );
});
