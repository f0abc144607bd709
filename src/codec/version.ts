/** Versions of resources: content hashes, so that replicas and restarts agree without speaking to each other. */
import { createHash, hash } from "node:crypto";

/** 16 hexadecimal digits of the SHA-256 of the bytes: equal bytes, equal version, everywhere. 64 bits are plenty: versions are compared per resource, never searched. */
export function versionOf(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex").slice(0, 16);
}

/** The same over an ordered list; parts are told apart, so that ["ab", "c"] and ["a", "bc"] differ. */
export function hashOf(parts: Iterable<string | Uint8Array>): string {
  const sum = createHash("sha256");
  for (const part of parts) {
    const bytes = typeof part === "string" ? Buffer.from(part) : part;
    sum.update(`${bytes.length}:`).update(bytes);
  }
  return sum.digest("hex").slice(0, 16);
}
