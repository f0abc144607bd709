/** Bytes to messages. */
import { Reader } from "protobufjs/minimal.js";
import type { MessageTypes } from "./generated/messages.ts";
import {
  defaultOf,
  type FieldPlan,
  isDefault,
  type MessageName,
  type MessagePlan,
  planOf,
  type ScalarName,
  type ValuePlan,
  WIRE_TYPES,
} from "./message-plan.ts";

/** Bytes that are not a message of the type they were taken for. */
export class DecodeError extends Error {}

/** Nested messages beyond this are refused, as protobuf's own libraries do: a Struct could nest until our stack ends. */
const MAX_DEPTH = 100;

/**
 * The message in bytes.
 * - Fields, oneof fields and enum values that the codec does not know (a newer Envoy's) are left out; fields at their default are absent.
 * - 64-bit numbers beyond 2^53 lose their last digits. Fields of type `bytes` are views of the input and keep it alive.
 * - Throws DecodeError for anything else than a message, whoever sent it.
 */
export function decode<Name extends MessageName>(type: Name, bytes: Uint8Array): MessageTypes[Name] {
  try {
    const reader = Reader.create(bytes);
    return readMessage(reader, planOf(type), bytes.length, {}, 0) as MessageTypes[Name];
  } catch (cause) {
    if (cause instanceof DecodeError) throw new DecodeError(`not a ${type}: ${cause.message}`);
    throw new DecodeError(`not a ${type}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

type Message = Record<string, unknown>;

/** Reads up to `end` into `message`: the second occurrence of a message field adds to the first, as protobuf prescribes. */
function readMessage(reader: Reader, plan: MessagePlan, end: number, message: Message, depth: number): Message {
  if (depth > MAX_DEPTH) throw new DecodeError(`more than ${MAX_DEPTH} messages inside each other`);
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = plan.byId.get(tag >>> 3);
    if (field === undefined || !fits(field, tag & 7)) reader.skipType(tag & 7);
    else if (field.cardinality === "one") readOne(reader, field, message, depth);
    else if (field.cardinality === "many") readMany(reader, field, tag & 7, message, depth);
    else readEntry(reader, field, message, depth);
  }
  expectEnd(reader, end);
  return message;
}

/** A field of another wire type than expected is an unknown field, by protobuf's rule. */
function fits(field: FieldPlan, wireType: number): boolean {
  if (field.cardinality === "map") return wireType === 2;
  return wireType === wireTypeOf(field.value) || (wireType === 2 && field.cardinality === "many");
}

function wireTypeOf(value: ValuePlan): number {
  if (value.kind === "scalar") return WIRE_TYPES[value.scalar];
  return value.kind === "enum" ? 0 : 2;
}

function readOne(reader: Reader, field: FieldPlan, message: Message, depth: number): void {
  const value = readValue(reader, field.value, message[field.property], depth);
  if (value === undefined) return;
  for (const rival of field.rivals) delete message[rival]; // the last of a oneof counts
  if (!field.presence && isDefault(field.value, value)) delete message[field.property];
  else message[field.property] = value;
}

function readMany(reader: Reader, field: FieldPlan, wireType: number, message: Message, depth: number): void {
  message[field.property] ??= [];
  const values = message[field.property] as unknown[];
  const isPacked = wireType === 2 && wireTypeOf(field.value) !== 2;
  const end = isPacked ? endOf(reader) : reader.pos + 1;
  while (reader.pos < end) {
    const value = readValue(reader, field.value, undefined, depth);
    if (value !== undefined) values.push(value);
  }
  if (isPacked) expectEnd(reader, end);
}

function readEntry(reader: Reader, field: FieldPlan, message: Message, depth: number): void {
  const end = endOf(reader);
  let key: unknown = defaultOf({ kind: "scalar", scalar: field.key });
  let value: unknown;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag >>> 3 === 1 && (tag & 7) === WIRE_TYPES[field.key]) key = SCALARS[field.key](reader);
    else if (tag >>> 3 === 2 && (tag & 7) === wireTypeOf(field.value))
      value = readValue(reader, field.value, undefined, depth);
    else reader.skipType(tag & 7);
  }
  expectEnd(reader, end);
  message[field.property] ??= {};
  put(message[field.property] as Record<string, unknown>, String(key), value ?? defaultOf(field.value));
}

/** An assignment to "__proto__" would be none; a definition of every key costs three times as much (a proxy that comes back tells 15,000). */
function put(map: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(map, key, { value, configurable: true, enumerable: true, writable: true });
  else map[key] = value;
}

function readValue(reader: Reader, value: ValuePlan, before: unknown, depth: number): unknown {
  if (value.kind === "scalar") return SCALARS[value.scalar](reader);
  if (value.kind === "enum") return value.enum.names.get(reader.int32());
  return readMessage(reader, value.plan, endOf(reader), (before ?? {}) as Message, depth + 1);
}

function expectEnd(reader: Reader, end: number): void {
  if (reader.pos !== end) throw new DecodeError("a field ends outside its message");
}

function endOf(reader: Reader): number {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new DecodeError("a field is longer than its message");
  return end;
}

const SCALARS: Readonly<Record<ScalarName, (reader: Reader) => unknown>> = {
  double: (reader) => reader.double(),
  float: (reader) => reader.float(),
  int32: (reader) => reader.int32(),
  int64: (reader) => Number(reader.int64()),
  uint32: (reader) => reader.uint32(),
  uint64: (reader) => Number(reader.uint64()),
  sint32: (reader) => reader.sint32(),
  sint64: (reader) => Number(reader.sint64()),
  fixed32: (reader) => reader.fixed32(),
  fixed64: (reader) => Number(reader.fixed64()),
  sfixed32: (reader) => reader.sfixed32(),
  sfixed64: (reader) => Number(reader.sfixed64()),
  bool: (reader) => reader.bool(),
  string: (reader) => reader.string(),
  bytes: (reader) => reader.bytes(),
};
