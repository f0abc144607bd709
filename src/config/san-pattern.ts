/** Names that a client's certificate must have: patterns of subject alternative names. */
import type { Refusal } from "./option.ts";

/**
 * Whether `pattern` covers a name of a certificate (`DNS:a.example`, `URI:spiffe://a/b`).
 * - A pattern with a colon is of URIs, compared exactly; another of DNS names, compared in any case.
 * - `*.` at the beginning of a DNS name stands for exactly one label, `/*` at the end of a URI for exactly one segment: neither for none, nor for several.
 * - Names of other kinds (IP addresses, mail addresses) are nobody's identity. A `*` in a certificate is a character like any other.
 */
export function matchesSan(pattern: string, name: string): boolean {
  if (pattern.includes(":")) {
    if (!name.startsWith("URI:")) return false;
    const uri = name.slice(4);
    if (!pattern.endsWith("/*")) return uri === pattern;
    const segment = uri.slice(pattern.length - 1);
    return uri.startsWith(pattern.slice(0, -1)) && segment !== "" && !/[/?#]/.test(segment);
  }
  if (!name.startsWith("DNS:")) return false;
  const dns = name.slice(4).toLowerCase();
  const wanted = pattern.toLowerCase();
  if (!wanted.startsWith("*.")) return dns === wanted;
  return dns.endsWith(wanted.slice(1)) && /^[^.*]+$/.test(dns.slice(0, -wanted.length + 1));
}

/** A name that a pattern covers, as a certificate has it. */
export const nameLike = (pattern: string): string =>
  pattern.includes(":") ? `URI:${pattern.replace(/\*$/, "1")}` : `DNS:${pattern.replace("*", "1")}`;

/** A pattern that `matchesSan` knows. */
export function checkSan(text: string): Refusal | undefined {
  const remedy =
    'Write "public.fleet.signalbox", "*.fleet.signalbox", "spiffe://cluster.local/ns/signalbox/sa/envoy" or ".../sa/*"';
  if (/^(?:DNS|URI|IP(?: Address)?):/i.test(text))
    return { cause: "begins with its kind, which is told by its form", remedy };
  const [beforeStar = "", ...stars] = text.split("*");
  if (text.includes(":")) {
    if (!/^[a-z][a-z0-9+.-]*:[^\s]+$/.test(beforeStar)) return { cause: "is no URI", remedy };
    if (stars.length > 0 && !(beforeStar.endsWith("/") && stars.length === 1 && stars[0] === ""))
      return { cause: "has a * where it stands for nothing: in a URI it is the last segment", remedy };
    return undefined;
  }
  if (stars.length > 0 && !(stars.length === 1 && text.startsWith("*.")))
    return { cause: "has a * where it stands for nothing: in a DNS name it is the first label", remedy };
  if (/^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i.test(text)) return undefined;
  return { cause: "is neither a DNS name nor a URI", remedy };
}
