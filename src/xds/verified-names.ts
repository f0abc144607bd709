/** Who a client has proved to be. */

/** What grpc-js tells of a connection (`call.getAuthContext()`): the certificate only if it was verified (1.14.7). */
interface AuthContext {
  readonly sslPeerCertificate?: { readonly subjectaltname?: string | undefined } | undefined;
}

/**
 * Subject alternative names of the client's verified certificate, each with its kind (`DNS:a.example`, `URI:spiffe://a/b`); undefined if it showed
 * none. A certificate without such names gives none: a common name is nobody's identity.
 */
export function verifiedNames({ sslPeerCertificate }: AuthContext): readonly string[] | undefined {
  return sslPeerCertificate === undefined ? undefined : namesIn(sslPeerCertificate.subjectaltname ?? "");
}

/**
 * The names in the text that Node.js makes of them. One with a comma or a quote in it is written as JSON, so that nobody can smuggle in a second
 * name; a text that cannot be read to its end gives none at all.
 */
export function namesIn(text: string): readonly string[] {
  const name = /([^:,]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;
  const names: string[] = [];
  while (name.lastIndex < text.length) {
    const [, kind = "", value = ""] = name.exec(text) ?? [];
    if (kind === "") return [];
    names.push(`${kind}:${value.startsWith('"') ? String(JSON.parse(value)) : value}`);
  }
  return names;
}
