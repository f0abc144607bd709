/** ASN.1 values in DER (X.690), as far as a certificate needs them. Pure. */

/** An encoded value. */
export type Der = Buffer;

function value(tag: number, ...contents: readonly Uint8Array[]): Der {
  const content = Buffer.concat(contents);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const bytes = length < 0x100 ? [length] : [length >> 8, length & 0xff]; // 64 KiB are enough for any certificate
  return Buffer.concat([Buffer.of(tag, 0x80 + bytes.length, ...bytes), content]);
}

export const sequence = (...elements: readonly Der[]): Der => value(0x30, ...elements);
export const set = (...elements: readonly Der[]): Der => value(0x31, ...elements);
export const boolean = (is: boolean): Der => value(0x01, Buffer.of(is ? 0xff : 0));
export const octetString = (bytes: Uint8Array): Der => value(0x04, bytes);
export const utf8String = (text: string): Der => value(0x0c, Buffer.from(text));

/** A whole number without sign, of any length; leading zeros are left out, and one is put where the first bit would be taken for a sign. */
export function integer(bytes: Uint8Array): Der {
  const first = bytes.findIndex((byte) => byte !== 0);
  const least = first === -1 ? Buffer.of(0) : Buffer.from(bytes.subarray(first));
  return (least[0] ?? 0) >= 0x80 ? value(0x02, Buffer.of(0), least) : value(0x02, least);
}

/** Bytes whose last `unused` bits mean nothing. */
export const bitString = (bytes: Uint8Array, unused = 0): Der => value(0x03, Buffer.of(unused), bytes);

/** `1.2.840.10045.4.3.2`. */
export function objectIdentifier(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return value(0x06, Buffer.from(bytes));
}

/** UTCTime up to 2049, GeneralizedTime from then on (RFC 5280, 4.1.2.5); whole seconds. */
export function time(ms: number): Der {
  const digits = new Date(ms)
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(/[-:T]/g, "");
  return digits < "2050" ? value(0x17, Buffer.from(digits.slice(2))) : value(0x18, Buffer.from(digits));
}

/** `[n]` around other values. */
export const explicit = (n: number, ...elements: readonly Der[]): Der => value(0xa0 + n, ...elements);
/** `[n]` in place of a primitive value's own tag. */
export const implicit = (n: number, bytes: Uint8Array): Der => value(0x80 + n, bytes);
