/** What a request will cost, seen before it is decoded: decoding a million names would hold the event loop for a second. */

/** Work that counts as one request: bytes, or names. */
const BYTES_EACH = 16_384;
const NAMES_EACH = 64;

/** A request from outside. */
export interface Weight {
  /** Fields of the message itself; each name, and each pair of a map, is one. */
  readonly fields: number;
  /** Bytes of the longest field with the node's number. */
  readonly nodeBytes: number;
  /** Work, in requests of the usual size. */
  readonly work: number;
}

/** The weight of an encoded message. What is no message is weighed as far as it is one: decoding it tells what is wrong. */
export function weightOf(bytes: Uint8Array, nodeField: number): Weight {
  let fields = 0;
  let nodeBytes = 0;
  let at = 0;
  /** Up to 2^35, more than any message has; NaN at the end of the bytes. */
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? Number.NaN;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      if (!(byte >= 0x80) || scale > 2 ** 63) return Number.NaN;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const wireType = tag % 8;
    fields += 1;
    if (wireType === 0) varint();
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else if (wireType === 2) {
      const length = varint();
      if (Math.floor(tag / 8) === nodeField && length > nodeBytes) nodeBytes = length; // not NaN
      at += length;
    } else break; // groups and nonsense; NaN ends the loop by itself
  }
  return { fields, nodeBytes, work: 1 + bytes.length / BYTES_EACH + fields / NAMES_EACH };
}
