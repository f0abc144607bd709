/** All certificates that an installation needs: an authority, one for Signalbox, and one for each fleet of Envoys. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { type Issued, issueAuthority, issueCertificate } from "./issue.ts";

/** A whole set. */
export interface CertificateSet {
  readonly authority: Issued;
  readonly server: Issued;
  /** By the name of the fleet. */
  readonly fleets: ReadonlyMap<string, Issued>;
}

/** What certificates are to say. */
export interface SetWish {
  /** DNS names and IP addresses at which Envoys reach Signalbox. */
  readonly serverNames: readonly string[];
  /** Subject alternative names of a fleet's certificate, by the name of the fleet. */
  readonly fleets: ReadonlyMap<string, readonly string[]>;
  /** How long certificates are valid from now on, in ms. */
  readonly validMs: number;
  readonly nowMs: number;
}

/** Clocks of other machines may be late: certificates are valid from so many ms ago. */
const LATE_MS = 300_000;

/** The name by which an Envoy of a fleet is known, where nobody asked for another. */
export const usualSan = (fleet: string): string => `${fleet}.fleet.signalbox`;

/** An authority of our own, valid for `validMs`. */
export const newAuthority = ({ nowMs, validMs }: Pick<SetWish, "nowMs" | "validMs">): Issued =>
  issueAuthority({ name: "Signalbox xDS", notBeforeMs: nowMs - LATE_MS, notAfterMs: nowMs + validMs });

/** New certificates and keys, signed by an authority that was made here. */
export function certificatesBy(authority: Issued, { serverNames, fleets, validMs, nowMs }: SetWish): CertificateSet {
  const bounds = { notBeforeMs: nowMs - LATE_MS, notAfterMs: nowMs + validMs };
  const server = issueCertificate({ name: "signalbox", use: "server", sans: serverNames, ...bounds }, authority);
  const issued = [...fleets].map(
    ([fleet, sans]) =>
      [
        fleet,
        issueCertificate({ name: `fleet ${fleet}`.slice(0, 64), use: "client", sans, ...bounds }, authority),
      ] as const,
  );
  return { authority, server, fleets: new Map(issued) };
}

/** Until when an authority can sign, in ms since the epoch; or why it cannot at all, in words that follow its file's name. */
export function authorityUntil({ cert, key }: Issued): number | string {
  try {
    const read = new X509Certificate(cert);
    if (!read.checkPrivateKey(createPrivateKey(key))) return "is not the certificate of the key beside it";
    if (read.publicKey.asymmetricKeyType !== "ec") return "was not made by signalbox certgen, and cannot be used by it";
    return read.validToDate.getTime();
  } catch (error) {
    return `cannot be read, or the key beside it: ${error instanceof Error ? error.message : String(error)}`;
  }
}
