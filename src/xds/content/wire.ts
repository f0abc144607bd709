/** The two response envelopes, written by hand: a response is a head and frames that were encoded once and are shared by all streams. */

/** Field numbers, from envoy/service/discovery/v3/discovery.proto; `tag` of a length-delimited field. */
const tag = (field: number): number => (field << 3) | 2;
const RESOURCES = tag(2); // of both responses
const RESOURCE_VERSION = tag(1);
const RESOURCE_BODY = tag(2);
const RESOURCE_NAME = tag(3);
const ANY_TYPE = tag(1);
const ANY_VALUE = tag(2);
const VERSION = tag(1); // version_info, system_version_info
const TYPE = tag(4); // of both
const NONCE = tag(5); // of both
const REMOVED = tag(6); // of the delta response

/** One entry of `DeltaDiscoveryResponse.resources`; the body's pieces are concatenated. */
export function deltaEntry(
  resource: { readonly name: string; readonly version: string; readonly type: string },
  pieces: readonly Uint8Array[],
): Buffer {
  const { name, version, type } = resource;
  const body = bytesIn(pieces);
  const any = anyBytes(type, body);
  const entry = textBytes(version) + textBytes(name) + prefixBytes(any) + any;
  const out = ofItsOwn(prefixBytes(entry) + entry);
  let at = writePrefix(out, 0, RESOURCES, entry);
  at = writeText(out, at, RESOURCE_VERSION, version);
  at = writeText(out, at, RESOURCE_NAME, name);
  at = writePrefix(out, at, RESOURCE_BODY, any);
  writeAny(out, at, type, pieces);
  return out;
}

/** One entry of `DiscoveryResponse.resources`; the body's pieces are concatenated. */
export function sotwEntry(type: string, pieces: readonly Uint8Array[]): Buffer {
  const any = anyBytes(type, bytesIn(pieces));
  const out = ofItsOwn(prefixBytes(any) + any);
  writeAny(out, writePrefix(out, 0, RESOURCES, any), type, pieces);
  return out;
}

/** A DeltaDiscoveryResponse in pieces, to be concatenated. `system_version_info` is left empty: versions are per resource. */
export function deltaResponse(
  head: { readonly type: string; readonly nonce: string; readonly removals: readonly string[] },
  entries: readonly Uint8Array[],
): readonly Uint8Array[] {
  const removed = head.removals.map((name) => entry(REMOVED, name));
  return [...entries, text(TYPE, head.type), text(NONCE, head.nonce), ...removed];
}

/** A DiscoveryResponse in pieces, to be concatenated. */
export function sotwResponse(
  head: { readonly type: string; readonly nonce: string; readonly version: string },
  entries: readonly Uint8Array[],
): readonly Uint8Array[] {
  return [text(VERSION, head.version), ...entries, text(TYPE, head.type), text(NONCE, head.nonce)];
}

/** Bytes of pieces together. */
export const bytesIn = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, piece) => sum + piece.length, 0);

/**
 * Memory for an entry, which is kept as long as its resource: not of Node's pool, of which an entry of 200 bytes would keep a slab of 64 KiB (Buffer.poolSize
 * of Node 24). 5,000 hostnames that each moved once by itself kept 300 MB that way.
 */
const ofItsOwn = (bytes: number): Buffer => Buffer.allocUnsafeSlow(bytes);

const anyBytes = (type: string, body: number): number => textBytes(type) + prefixBytes(body) + body;

function writeAny(out: Buffer, from: number, type: string, pieces: readonly Uint8Array[]): void {
  let at = writePrefix(out, writeText(out, from, ANY_TYPE, type), ANY_VALUE, bytesIn(pieces));
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
}

/** One of a repeated field: an empty one counts. */
const entry = (fieldTag: number, value: string): Buffer =>
  value === "" ? Buffer.of(fieldTag, 0) : text(fieldTag, value);

function text(fieldTag: number, value: string): Buffer {
  const out = Buffer.allocUnsafe(textBytes(value));
  writeText(out, 0, fieldTag, value);
  return out;
}

/** Of a text with its tag and length; proto3 leaves defaults out. */
function textBytes(value: string): number {
  const bytes = Buffer.byteLength(value);
  return bytes === 0 ? 0 : prefixBytes(bytes) + bytes;
}

/** Returns the offset behind it, as all that write. */
function writeText(out: Buffer, at: number, fieldTag: number, value: string): number {
  const bytes = Buffer.byteLength(value);
  if (bytes === 0) return at;
  const start = writePrefix(out, at, fieldTag, bytes);
  return start + out.write(value, start);
}

/** Of the tag and length of a field whose content has `content` bytes. */
const prefixBytes = (content: number): number => 1 + varintBytes(content);

function writePrefix(out: Buffer, at: number, fieldTag: number, content: number): number {
  out[at] = fieldTag;
  return writeVarint(out, at + 1, content);
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}

/** Lengths only: non-negative, below 2^53. */
function writeVarint(out: Buffer, at: number, value: number): number {
  let rest = value;
  let offset = at;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) out[offset++] = (rest % 128) | 0x80;
  out[offset++] = rest;
  return offset;
}
