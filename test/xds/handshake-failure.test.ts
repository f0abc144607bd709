import assert from "node:assert/strict";
import { test } from "node:test";
import { HANDSHAKE_FAILURES, handshakeFailureOf } from "../../src/xds/handshake-failure.ts";

type Kind = (typeof HANDSHAKE_FAILURES)[number];

const rows: readonly (readonly [code: string, verification: string | null, kind: Kind, cause: string])[] = [
  ["ECONNRESET", "CERT_HAS_EXPIRED", "expired", "shows a certificate that has expired"],
  ["ECONNRESET", "CERT_NOT_YET_VALID", "expired", "shows a certificate that is not valid yet"],
  ["ECONNRESET", "INVALID_PURPOSE", "untrusted", "shows a certificate that is not for clients"],
  [
    "ECONNRESET",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "untrusted",
    "shows a certificate of an authority that is not ours (DEPTH_ZERO_SELF_SIGNED_CERT)",
  ],
  ["ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE", null, "no-certificate", "shows no certificate"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", null, "plaintext", "does not speak TLS"],
  ["ERR_SSL_HTTP_REQUEST", null, "plaintext", "does not speak TLS"],
  ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", null, "refuses-ours", "refuses our certificate (alert unknown ca)"],
  [
    "ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED",
    null,
    "refuses-ours",
    "refuses our certificate (alert certificate expired)",
  ],
  [
    "ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN",
    null,
    "refuses-ours",
    "refuses our certificate (alert certificate unknown)",
  ],
  ["ECONNRESET", null, "gave-up", "went away during the handshake"],
  ["ERR_TLS_HANDSHAKE_TIMEOUT", null, "gave-up", "went away during the handshake"],
  ["ERR_SSL_UNSUPPORTED_PROTOCOL", null, "other", "failed: words"],
];
for (const [code, verification, kind, cause] of rows)
  test(`a handshake that failed: ${code} ${verification ?? ""}`, () => {
    const found = handshakeFailureOf({
      error: Object.assign(new Error("long words"), { code, reason: "words" }),
      verification,
    });
    assert.deepEqual([found.kind, found.cause], [kind, cause]);
    assert.match(found.remedy, kind === "gave-up" ? /^$/ : /^[A-Z].*[^.]$/);
  });

test("every kind is seen", () =>
  assert.deepEqual([...new Set(rows.map(([, , kind]) => kind))].toSorted(), [...HANDSHAKE_FAILURES].toSorted()));
