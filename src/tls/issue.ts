/** Makes certificates: an authority, and what it signs. ECDSA on P-256 with SHA-256, which every Envoy and OpenSSL takes. */
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from "node:crypto";
import { isIP } from "node:net";
import * as der from "./der.ts";

/** A certificate and its key, as PEM. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

/** What is asked for. */
export interface Wish {
  /** Common name, for people; nobody is identified by it. At most 64 characters. */
  readonly name: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** A certificate for one side of a connection. */
export interface EndWish extends Wish {
  readonly use: "server" | "client";
  /** DNS names, IP addresses and URIs. At least one. */
  readonly sans: readonly string[];
}

/** An authority that signs end certificates, and no other authorities. */
export function issueAuthority(wish: Wish): Issued {
  const { privateKey, publicKey } = keyPair();
  const own: Subject = { name: nameOf(wish.name), keyId: keyIdOf(publicKey) };
  const extensions = [
    extension("2.5.29.19", der.sequence(der.boolean(true), der.integer(Buffer.of(0))), "critical"), // basicConstraints: CA, pathlen 0
    extension("2.5.29.15", der.bitString(Buffer.of(0b0000_0110), 1), "critical"), // keyUsage: keyCertSign, cRLSign
    ...identifiersOf(own, own),
  ];
  return { cert: signed({ wish, publicKey, extensions, issuer: own, issuerKey: privateKey }), key: pemOf(privateKey) };
}

/** A certificate signed by an authority that `issueAuthority` made. */
export function issueCertificate(wish: EndWish, authority: Issued): Issued {
  const { privateKey, publicKey } = keyPair();
  const issuerCert = new X509Certificate(authority.cert);
  const commonName = /^CN=(.*)$/m.exec(issuerCert.subject)?.[1] ?? "";
  const issuer: Subject = { name: nameOf(commonName), keyId: keyIdOf(issuerCert.publicKey) };
  const usage = wish.use === "server" ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.2";
  const extensions = [
    extension("2.5.29.19", der.sequence(), "critical"), // basicConstraints: no authority
    extension("2.5.29.15", der.bitString(Buffer.of(0b1000_0000), 7), "critical"), // keyUsage: digitalSignature
    extension("2.5.29.37", der.sequence(der.objectIdentifier(usage))), // extKeyUsage
    extension("2.5.29.17", der.sequence(...wish.sans.map(generalName))), // subjectAltName
    ...identifiersOf({ name: nameOf(wish.name), keyId: keyIdOf(publicKey) }, issuer),
  ];
  const issuerKey = createPrivateKey(authority.key);
  return { cert: signed({ wish, publicKey, extensions, issuer, issuerKey }), key: pemOf(privateKey) };
}

interface Subject {
  readonly name: der.Der;
  readonly keyId: Buffer;
}

const keyPair = () => generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const pemOf = (key: KeyObject): string => String(key.export({ type: "pkcs8", format: "pem" }));
const spkiOf = (key: KeyObject): Buffer => key.export({ type: "spki", format: "der" });

/** RFC 7093, 2 (1): the first 160 bits of the SHA-256 of the public key's bits, which are the last 65 bytes of its encoding on P-256. */
const keyIdOf = (key: KeyObject): Buffer =>
  createHash("sha256").update(spkiOf(key).subarray(-65)).digest().subarray(0, 20);

const nameOf = (commonName: string): der.Der =>
  der.sequence(der.set(der.sequence(der.objectIdentifier("2.5.4.3"), der.utf8String(commonName))));

const extension = (oid: string, content: der.Der, critical?: "critical"): der.Der =>
  der.sequence(
    der.objectIdentifier(oid),
    ...(critical === undefined ? [] : [der.boolean(true)]),
    der.octetString(content),
  );

const identifiersOf = (subject: Subject, issuer: Subject): readonly der.Der[] => [
  extension("2.5.29.14", der.octetString(subject.keyId)),
  extension("2.5.29.35", der.sequence(der.implicit(0, issuer.keyId))),
];

function generalName(san: string): der.Der {
  const family = isIP(san);
  if (family === 4) return der.implicit(7, Buffer.from(san.split(".").map(Number)));
  if (family === 6) return der.implicit(7, ipv6Bytes(san));
  return der.implicit(san.includes(":") ? 6 : 2, Buffer.from(san));
}

/** The 16 bytes of an IPv6 address; URL writes the last four as two groups where they were written like IPv4. */
function ipv6Bytes(text: string): Buffer {
  const [head = "", tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split("::");
  const groups = (part: string): readonly number[] =>
    part === "" ? [] : part.split(":").map((g) => Number.parseInt(g, 16));
  const [before, after] = [groups(head), groups(tail ?? "")];
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

interface Signing {
  readonly wish: Wish;
  readonly publicKey: KeyObject;
  readonly extensions: readonly der.Der[];
  readonly issuer: Subject;
  readonly issuerKey: KeyObject;
}

/** RFC 5280, 4.1: what is signed, how, and the signature. */
function signed({ wish, publicKey, extensions, issuer, issuerKey }: Signing): string {
  const algorithm = der.sequence(der.objectIdentifier("1.2.840.10045.4.3.2")); // ecdsa-with-SHA256
  const content = der.sequence(
    der.explicit(0, der.integer(Buffer.of(2))), // version 3
    der.integer(randomBytes(16)),
    algorithm,
    issuer.name,
    der.sequence(der.time(wish.notBeforeMs), der.time(wish.notAfterMs)),
    nameOf(wish.name),
    spkiOf(publicKey),
    der.explicit(3, der.sequence(...extensions)),
  );
  const certificate = der.sequence(content, algorithm, der.bitString(sign("sha256", content, issuerKey)));
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
