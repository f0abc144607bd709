/** Why a client's TLS handshake failed, in words for whoever runs the server: the client itself often sees no more than a closed connection. */

/** Why. A few, since they are a metric's label. */
// biome-ignore format: one line of words
export const HANDSHAKE_FAILURES = ["no-certificate", "expired", "untrusted", "refuses-ours", "plaintext", "gave-up", "other"] as const;

type HandshakeFailureKind = (typeof HANDSHAKE_FAILURES)[number];

export interface HandshakeFailure {
  readonly kind: HandshakeFailureKind;
  /** What the client did; completes "a client was refused: it …". */
  readonly cause: string;
  /** Begins with a verb; "" where nothing is to be done. */
  readonly remedy: string;
}

/** The error of node:tls, and what verification of the client's certificate said, if it came to that (Node.js 24). */
export interface HandshakeError {
  readonly error: unknown;
  readonly verification: unknown;
}

const TRUST = "Give it a certificate of an authority in xds.tls.caFile, or add its authority there";

/** What became of a handshake. */
export function handshakeFailureOf({ error, verification }: HandshakeError): HandshakeFailure {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const verified = typeof verification === "string" ? verification : "";
  const because = (kind: HandshakeFailureKind, cause: string, remedy: string) => ({ kind, cause, remedy });
  if (verified === "CERT_HAS_EXPIRED")
    return because("expired", "shows a certificate that has expired", "Renew its certificate");
  if (verified === "CERT_NOT_YET_VALID")
    return because("expired", "shows a certificate that is not valid yet", "Correct the clock of this machine");
  if (verified === "INVALID_PURPOSE")
    return because("untrusted", "shows a certificate that is not for clients", "Give it one that is (clientAuth)");
  if (verified !== "")
    return because("untrusted", `shows a certificate of an authority that is not ours (${verified})`, TRUST);
  if (code === "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE")
    return because("no-certificate", "shows no certificate", `${TRUST}: signalbox bootstrap --tls-cert`);
  if (code === "ERR_SSL_HTTP_REQUEST" || code === "ERR_SSL_WRONG_VERSION_NUMBER")
    return because("plaintext", "does not speak TLS", "Make its bootstrap anew with signalbox bootstrap --tls-ca");
  const alert = /^ERR_SSL_(?:SSL\/TLS|SSLV3|TLSV1|TLSV13)_ALERT_(.*)$/.exec(code)?.[1]; // named for the version of TLS that has it first
  if (alert !== undefined)
    return because(
      "refuses-ours",
      `refuses our certificate (alert ${alert.toLowerCase().replaceAll("_", " ")})`,
      "See that its CA file has our authority, and that the server name it asks for is in xds.tls.certFile",
    );
  if (code === "ECONNRESET" || code === "ERR_TLS_HANDSHAKE_TIMEOUT" || code === "EPIPE")
    return because("gave-up", "went away during the handshake", "");
  const words = error instanceof Error && "reason" in error ? error.reason : error; // the message itself has OpenSSL's source lines in it
  return because("other", `failed: ${String(words)}`, "See that it speaks TLS 1.2 or later");
}
