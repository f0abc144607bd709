/**
 * Room `tls`: who we are on a TLS port and whom we believe, from files that change while they are used; and certificates where nobody else makes them.
 * Given: PEM files. Gives: checked credentials and their changes, faults as values. Must not import: gRPC, a logger, any other room but files.
 * This file: whether three texts are credentials that work. Pure: time is an argument.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContextOptions } from "node:tls";

/** Paths of the PEM files, named as in the configuration. */
export interface TlsFiles {
  /** Our certificate, the authorities between it and the root behind it. */
  readonly certFile: string;
  /** The key of the first certificate in certFile. */
  readonly keyFile: string;
  /** Who may sign the certificates of clients. */
  readonly caFile: string;
}

/** What the files say. */
export type TlsTexts = Readonly<Record<keyof TlsFiles, string>>;

/** Credentials that OpenSSL has taken. */
export interface Credentials {
  /** For node:tls and node:http2. */
  readonly context: Pick<SecureContextOptions, "cert" | "key" | "ca">;
  /** Of our certificate, in hexadecimal digits. */
  readonly serial: string;
  /** Of our certificate, as OpenSSL writes them: `DNS:signalbox.signalbox, DNS:localhost`. */
  readonly names: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** When the last of the authorities expires: no client can be admitted after that. */
  readonly caNotAfterMs: number;
}

/** Why files are no credentials. Each code has a remedy of its own. */
export interface CredentialsFault {
  readonly code:
    | "unreadable"
    | "not-pem"
    | "cut-off"
    | "not-certificate"
    | "not-key"
    | "key-mismatch"
    | "not-yet-valid"
    | "expired"
    | "not-for-servers"
    | "refused";
  readonly file: keyof TlsFiles;
  /** Names the file, and says what is wrong with it; no full stop. */
  readonly cause: string;
  /** Begins with a verb; no full stop. */
  readonly remedy: string;
}

/** OID of "may be a server" in a certificate's extended key usage. */
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

/** Credentials, or the first thing that is wrong with them. `nowMs` since the epoch. */
export function credentialsOf(texts: TlsTexts, files: TlsFiles, nowMs: number): Credentials | CredentialsFault {
  const chain = certificatesIn("certFile", texts, files);
  if ("cause" in chain) return chain;
  const [leaf] = chain;
  const key = keyIn(texts, files);
  if ("cause" in key) return key;
  if (!leaf.checkPrivateKey(key))
    return faultOf(files, "keyFile", "key-mismatch", {
      wrong: `is not the key of the first certificate in ${files.certFile}`,
      remedy: "Put both of one pair there, the own certificate before those of its authorities",
    });
  const bounds = { notBeforeMs: leaf.validFromDate.getTime(), notAfterMs: leaf.validToDate.getTime() };
  if (nowMs < bounds.notBeforeMs)
    return faultOf(files, "certFile", "not-yet-valid", {
      wrong: `is not valid before ${leaf.validFromDate.toISOString()}`,
      remedy: "Correct the clock of this machine, or wait",
    });
  if (nowMs >= bounds.notAfterMs)
    return faultOf(files, "certFile", "expired", {
      wrong: `expired at ${leaf.validToDate.toISOString()}`,
      remedy: RENEW,
    });
  // Node.js calls the extended key usage `keyUsage`, and its types do not know that it may be missing.
  const usages = leaf.keyUsage as readonly string[] | undefined;
  if (usages !== undefined && !usages.includes(SERVER_AUTH))
    return faultOf(files, "certFile", "not-for-servers", {
      wrong: "is not for servers (its extended key usage lacks serverAuth)",
      remedy: "Use the certificate that was made for Signalbox, not one of an Envoy",
    });
  const authorities = certificatesIn("caFile", texts, files);
  if ("cause" in authorities) return authorities;
  const caNotAfterMs = Math.max(...authorities.map((authority) => authority.validToDate.getTime()));
  if (nowMs >= caNotAfterMs)
    return faultOf(files, "caFile", "expired", {
      wrong: `holds only authorities that have expired, the last at ${new Date(caNotAfterMs).toISOString()}`,
      remedy: "Put the authority there that signs the certificates of your Envoys now",
    });
  const context = { cert: texts.certFile, key: texts.keyFile, ca: authorities.map(String) };
  try {
    createSecureContext(context);
  } catch (error) {
    return faultOf(files, "certFile", "refused", {
      wrong: `is refused by OpenSSL: ${error instanceof Error ? error.message : String(error)}`,
      remedy: "Use a key of at least 2,048 bits (RSA) or a P-256 key, and SHA-256",
    });
  }
  return { context, serial: leaf.serialNumber, names: leaf.subjectAltName ?? "", ...bounds, caNotAfterMs };
}

const RENEW = "Renew it: by cert-manager, or by signalbox certgen --renew";

/** A fault of one file, whose path begins the cause. */
export function faultOf(
  files: TlsFiles,
  file: keyof TlsFiles,
  code: CredentialsFault["code"],
  { wrong, remedy }: { readonly wrong: string; readonly remedy: string },
): CredentialsFault {
  return { code, file, cause: `${files[file]} ${wrong}`, remedy };
}

const BEGIN = "-----BEGIN CERTIFICATE-----";
const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

type Chain = readonly [X509Certificate, ...X509Certificate[]];

/** Every certificate of a file. OpenSSL itself would silently do without those behind a broken one. */
function certificatesIn(
  file: "certFile" | "caFile",
  { [file]: text }: TlsTexts,
  files: TlsFiles,
): Chain | CredentialsFault {
  const begun = text.split(BEGIN).length - 1;
  const blocks = text.match(BLOCK) ?? [];
  if (begun === 0)
    return faultOf(files, file, "not-pem", {
      wrong: text.trim() === "" ? "is empty" : "has no PEM certificate in it",
      remedy: 'Write certificates as PEM, each between "BEGIN CERTIFICATE" and "END CERTIFICATE"',
    });
  if (blocks.length < begun)
    return faultOf(files, file, "cut-off", {
      wrong: `is cut off: of ${begun} certificates ${blocks.length} are whole`,
      remedy: "Write the whole file, best under another name that is then renamed",
    });
  const found: X509Certificate[] = [];
  for (const [i, block] of blocks.entries())
    try {
      found.push(new X509Certificate(block));
    } catch (error) {
      return faultOf(files, file, "not-certificate", {
        wrong: `is broken: certificate ${i + 1} of ${begun} cannot be read (${words(error)})`,
        remedy: "Write the file anew",
      });
    }
  return found as unknown as Chain; // at least one, since one was begun and all are whole
}

function keyIn({ keyFile: text }: TlsTexts, files: TlsFiles): KeyObject | CredentialsFault {
  const not = (wrong: string, remedy: string) => faultOf(files, "keyFile", "not-key", { wrong, remedy });
  if (text.includes("ENCRYPTED"))
    return not("is locked by a passphrase", "Unlock it: openssl pkey -in <locked> -out <unlocked>");
  try {
    return createPrivateKey(text);
  } catch (error) {
    const wrong = text.trim() === "" ? "is empty" : `holds no private key that can be read (${words(error)})`;
    return not(wrong, "Write the key as PEM, whole, without a passphrase");
  }
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
