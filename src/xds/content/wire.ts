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
  const any = anyPrefix(resource.type, bytesIn(pieces));
  const anyBytes = any.length + bytesIn(pieces);
  const head = Buffer.concat([
    text(RESOURCE_VERSION, resource.version),
    text(RESOURCE_NAME, resource.name),
    prefix(RESOURCE_BODY, anyBytes),
    any,
  ]);
  return Buffer.concat([prefix(RESOURCES, head.length - any.length + anyBytes), head, ...pieces]);
}

/** One entry of `DiscoveryResponse.resources`; the body's pieces are concatenated. */
export function sotwEntry(type: string, pieces: readonly Uint8Array[]): Buffer {
  const any = anyPrefix(type, bytesIn(pieces));
  return Buffer.concat([prefix(RESOURCES, any.length + bytesIn(pieces)), any, ...pieces]);
}

/** A DeltaDiscoveryResponse. `system_version_info` is left empty: versions are per resource. */
export function deltaResponse(
  head: { readonly type: string; readonly nonce: string; readonly removals: readonly string[] },
  entries: readonly Uint8Array[],
): Buffer {
  const removed = head.removals.map((name) => text(REMOVED, name));
  return Buffer.concat([...entries, text(TYPE, head.type), text(NONCE, head.nonce), ...removed]);
}

/** A DiscoveryResponse. */
export function sotwResponse(
  head: { readonly type: string; readonly nonce: string; readonly version: string },
  entries: readonly Uint8Array[],
): Buffer {
  return Buffer.concat([text(VERSION, head.version), ...entries, text(TYPE, head.type), text(NONCE, head.nonce)]);
}

const bytesIn = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, piece) => sum + piece.length, 0);

function anyPrefix(type: string, valueBytes: number): Buffer {
  return Buffer.concat([text(ANY_TYPE, type), prefix(ANY_VALUE, valueBytes)]);
}

function text(fieldTag: number, value: string): Buffer {
  const bytes = Buffer.byteLength(value);
  if (bytes === 0) return EMPTY; // proto3 leaves defaults out
  const out = Buffer.allocUnsafe(1 + varintBytes(bytes) + bytes);
  out[0] = fieldTag;
  out.write(value, writeVarint(out, 1, bytes));
  return out;
}

/** Tag and length of a field whose content follows. */
function prefix(fieldTag: number, bytes: number): Buffer {
  const out = Buffer.allocUnsafe(1 + varintBytes(bytes));
  out[0] = fieldTag;
  writeVarint(out, 1, bytes);
  return out;
}

const EMPTY = Buffer.alloc(0);

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}

/** Returns the offset behind it. Lengths only: non-negative, below 2^53. */
function writeVarint(out: Buffer, at: number, value: number): number {
  let rest = value;
  let offset = at;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) out[offset++] = (rest % 128) | 0x80;
  out[offset++] = rest;
  return offset;
}
