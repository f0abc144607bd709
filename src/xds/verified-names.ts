/** Who a client has proved to be. */

/**
 * Subject alternative names of the client's verified certificate, each with its kind (`DNS:a.example`, `URI:spiffe://a/b`); undefined if it showed
 * none. A certificate without such names gives none: a common name is nobody's identity.
 */
export function verifiedNames(
  certificate: { readonly subjectAltName: string | undefined } | undefined,
): readonly string[] | undefined {
  return certificate === undefined ? undefined : namesIn(certificate.subjectAltName ?? "");
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
