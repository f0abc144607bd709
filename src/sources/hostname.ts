/** The rule by which a wasm host takes a hostname, with a reason and a remedy for everything it refuses. */
import { domainToASCII } from "node:url";
import type { RegisteredName } from "../placement/records.ts";

/** A hostname that hosts register, or why they do not. */
export type HostnameVerdict =
  | { readonly name: RegisteredName }
  | { /** Completes `"<value>" …`. */ readonly reason: string /** Begins with a verb. */; readonly remedy: string };

/** One DNS label as hosts accept it (RFC 1123 section 2.1): letters, digits and inner hyphens. */
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/;
const MAX_LABEL_BYTES = 63;
const MAX_HOSTNAME_BYTES = 253;

/**
 * What wash-runtime's `is_valid_hostname` says of a name (wasmCloud 2.7.0, crates/wash-runtime/src/host/http.rs): 1 to 253 bytes, labels of 1 to 63
 * letters, digits and inner hyphens; an IPv4 address and a single label pass. Case is kept in `spelling` and folded in `hostname`.
 * Anything else must never become Envoy configuration: Envoy would give `*` everybody's names, and reject control characters together with their neighbours.
 */
export function checkHostname(text: string): HostnameVerdict {
  if (text.length <= MAX_HOSTNAME_BYTES && text.split(".").every((l) => l.length <= MAX_LABEL_BYTES && LABEL.test(l)))
    return { name: { hostname: text.toLowerCase(), spelling: text } };
  return refusalOf(text);
}

/** The most helpful of the reasons against a name: first what tells a misunderstanding, last what tells a slip. */
function refusalOf(text: string): HostnameVerdict {
  if (text.trim() === "") return { reason: "is empty", remedy: "Write the hostname that clients ask for" };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f]/.test(text))
    return { reason: "holds a control character", remedy: "Remove line breaks and other invisible characters" };
  if (text !== text.trim()) return { reason: "begins or ends with a space", remedy: `Write ${quoted(text.trim())}` };
  if (text.includes(","))
    return { reason: "is a list, not one hostname", remedy: "Keep one and move the others to host-aliases" };
  if (text.includes("://"))
    return {
      reason: "is a URL, not a hostname",
      remedy: `Write ${quoted(text.replace(/^[^:]*:\/\//, "").replace(/[/:?#].*$/, ""))}`,
    };
  if (/[/?#]/.test(text))
    return {
      reason: "has a path; hosts route by hostname alone",
      remedy: `Write ${quoted(text.replace(/[/?#].*$/, ""))}`,
    };
  if (text.includes("*"))
    return {
      reason: "is a wildcard, which hosts do not know",
      remedy: "Name each hostname; use host-aliases for more than one",
    };
  if (/^\[|:.*:/.test(text))
    return { reason: "is an IPv6 address, which hosts refuse", remedy: "Use a DNS name or an IPv4 address" };
  if (text.includes(":"))
    return {
      reason: "has a port; requests match whatever their port",
      remedy: `Write ${quoted(text.replace(/:.*$/, ""))}`,
    };
  if (/[^\u0020-\u007e]/.test(text)) return unicodeRefusal(text);
  if (text.includes(" ")) return { reason: "holds a space", remedy: "Remove it" };
  if (text.length > MAX_HOSTNAME_BYTES)
    return {
      reason: `is ${text.length} bytes long, ${MAX_HOSTNAME_BYTES} are possible`,
      remedy: "Choose a shorter hostname",
    };
  if (text.endsWith(".") && !text.endsWith("..") && text.length > 1)
    return {
      reason: "ends with a dot",
      remedy: `Write ${quoted(text.slice(0, -1))}; requests match with and without the dot`,
    };
  return labelRefusal(text.split(".").find((label) => label.length > MAX_LABEL_BYTES || !LABEL.test(label)) ?? "");
}

function unicodeRefusal(text: string): HostnameVerdict {
  const ascii = domainToASCII(text); // "" where there is no such form
  const reason = "holds characters that DNS does not have; clients send the xn-- form";
  return { reason, remedy: ascii === "" ? "Use letters, digits and hyphens" : `Write ${quoted(ascii)}` };
}

function labelRefusal(label: string): HostnameVerdict {
  if (label === "") return { reason: "has an empty label (a dot too many)", remedy: "Remove the extra dot" };
  if (label.includes("_"))
    return { reason: `has an underscore in ${quoted(label)}`, remedy: "Use a hyphen instead of the underscore" };
  if (label.length > MAX_LABEL_BYTES)
    return {
      reason: `has a label of ${label.length} bytes, ${MAX_LABEL_BYTES} are possible`,
      remedy: "Choose a shorter label",
    };
  if (/^-|-$/.test(label) && /^[A-Za-z0-9-]+$/.test(label))
    return { reason: `has a label that begins or ends with a hyphen (${quoted(label)})`, remedy: "Remove that hyphen" };
  return {
    reason: `has a character that is no letter, digit or hyphen in ${quoted(label)}`,
    remedy: "Use letters, digits and hyphens",
  };
}

/** The value in quotes with anything invisible spelt out, cut after 100 characters. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
