/** Messages to bytes. */
import { Writer } from "protobufjs/minimal.js";
import type { MessageTypes } from "./generated/messages.ts";
import {
  type FieldPlan,
  isDefault,
  type MessageName,
  type MessagePlan,
  type PlainMessage,
  planOf,
  type ScalarName,
  type ValuePlan,
  WIRE_TYPES,
} from "./message-plan.ts";

/** A message that is not of its type: `path` leads to the field (`endpoints[0].lb_endpoints`). Our own fault, never an owner's. */
export class EncodeError extends Error {
  readonly path: string;
  readonly reason: string;
  constructor(path: string, reason: string) {
    super(`${path}: ${reason}`);
    this.path = path;
    this.reason = reason;
  }
}

/**
 * The bytes of a message.
 * - Equal messages give equal bytes: fields in order of their ids, map entries in order of their keys, defaults left out.
 * - The bytes are an exact copy with memory of their own: kept for years, they retain nothing else.
 * - A field the type does not have, a value of the wrong kind or range, and two fields of one oneof throw EncodeError.
 */
export function encode<Name extends MessageName>(type: Name, message: MessageTypes[Name]): Uint8Array {
  const writer = Writer.create();
  try {
    writeMessage(writer, planOf(type), message as PlainMessage);
  } catch (cause) {
    if (cause instanceof EncodeError) throw new EncodeError(`${type} ${cause.path}`, cause.reason);
    throw cause;
  }
  return new Uint8Array(writer.finish()); // finish gives a view into a pool of 8 KiB, which a cached view would keep alive
}

function writeMessage(writer: Writer, plan: MessagePlan, message: PlainMessage): void {
  const fields: FieldPlan[] = [];
  const values: unknown[] = [];
  let oneofs = 0;
  for (const property in message) {
    const value = message[property];
    if (value === undefined) continue;
    const field = plan.byProperty.get(property);
    if (field === undefined) throw new EncodeError(property, `${plan.name} has no such field`);
    if (field.oneof !== undefined && oneofs++ > 0) refuseSecond(fields, field);
    // Builders write fields nearly in order, so this moves next to nothing.
    let at = fields.length;
    for (; at > 0 && (fields[at - 1] as FieldPlan).id > field.id; at--) {
      fields[at] = fields[at - 1] as FieldPlan;
      values[at] = values[at - 1];
    }
    fields[at] = field;
    values[at] = value;
  }
  let at = 0;
  try {
    for (; at < fields.length; at++) writeField(writer, fields[at] as FieldPlan, values[at]);
  } catch (cause) {
    throw located(cause, (fields[at] as FieldPlan).name);
  }
}

function refuseSecond(fields: readonly FieldPlan[], field: FieldPlan): void {
  const first = fields.find((other) => other.oneof === field.oneof);
  if (first !== undefined)
    throw new EncodeError(field.name, `${first.name} is set too, and only one of ${field.oneof} can be`);
}

function writeField(writer: Writer, field: FieldPlan, value: unknown): void {
  if (field.cardinality === "one") {
    if (field.presence || !isDefault(field.value, value)) writeTagged(writer, field.id, field.value, value);
  } else if (field.cardinality === "map") writeMap(writer, field, value);
  else if (!Array.isArray(value)) throw new EncodeError("", `is ${wordOf(value)}, not an array`);
  else if (field.packed) writePacked(writer, field, value);
  else writeMany(writer, field, value);
}

function writeMany(writer: Writer, field: FieldPlan, values: readonly unknown[]): void {
  let at = 0;
  try {
    for (; at < values.length; at++) writeTagged(writer, field.id, field.value, values[at]);
  } catch (cause) {
    throw located(cause, `[${at}]`);
  }
}

function writePacked(writer: Writer, field: FieldPlan, values: readonly unknown[]): void {
  if (values.length === 0) return;
  writer.uint32((field.id << 3) | 2).fork();
  let at = 0;
  try {
    for (; at < values.length; at++) writeValue(writer, field.value, values[at]);
  } catch (cause) {
    throw located(cause, `[${at}]`);
  }
  writer.ldelim();
}

function writeMap(writer: Writer, field: FieldPlan, value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new EncodeError("", `is ${wordOf(value)}, not an object`);
  const entries = value as PlainMessage;
  for (const key of Object.keys(entries).sort()) {
    if (entries[key] === undefined) continue;
    try {
      writer.uint32((field.id << 3) | 2).fork();
      writeTagged(writer, 1, { kind: "scalar", scalar: field.key }, mapKey(field.key, key));
      writeTagged(writer, 2, field.value, entries[key]);
      writer.ldelim();
    } catch (cause) {
      throw located(cause, `[${JSON.stringify(key)}]`);
    }
  }
}

function mapKey(scalar: ScalarName, key: string): unknown {
  if (scalar === "string") return key;
  return scalar === "bool" ? key === "true" : Number(key);
}

function writeTagged(writer: Writer, id: number, plan: ValuePlan, value: unknown): void {
  if (plan.kind === "message") {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new EncodeError("", `is ${wordOf(value)}, not a ${plan.name}`);
    writer.uint32((id << 3) | 2).fork();
    writeMessage(writer, plan.plan, value as PlainMessage);
    writer.ldelim();
    return;
  }
  writer.uint32((id << 3) | (plan.kind === "enum" ? 0 : WIRE_TYPES[plan.scalar]));
  writeValue(writer, plan, value);
}

function writeValue(writer: Writer, plan: ValuePlan, value: unknown): void {
  if (plan.kind === "scalar") SCALARS[plan.scalar](writer, value);
  else if (plan.kind === "enum") writer.int32(enumNumber(plan, value));
}

function enumNumber(plan: ValuePlan & { readonly kind: "enum" }, value: unknown): number {
  const number = typeof value === "string" ? plan.enum.numbers.get(value) : undefined;
  if (number !== undefined) return number;
  throw new EncodeError("", `is ${JSON.stringify(value)}, not one of ${[...plan.enum.numbers.keys()].join(", ")}`);
}

type ScalarWriter = (writer: Writer, value: unknown) => void;

const SCALARS: Readonly<Record<ScalarName, ScalarWriter>> = {
  double: (writer, value) => writer.double(number(value)),
  float: (writer, value) => writer.float(number(value)),
  int32: (writer, value) => writer.int32(integer(value, -0x8000_0000, 0x7fff_ffff)),
  int64: (writer, value) => writer.int64(integer(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)),
  uint32: (writer, value) => writer.uint32(integer(value, 0, 0xffff_ffff)),
  uint64: (writer, value) => writer.uint64(integer(value, 0, Number.MAX_SAFE_INTEGER)),
  sint32: (writer, value) => writer.sint32(integer(value, -0x8000_0000, 0x7fff_ffff)),
  sint64: (writer, value) => writer.sint64(integer(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)),
  fixed32: (writer, value) => writer.fixed32(integer(value, 0, 0xffff_ffff)),
  fixed64: (writer, value) => writer.fixed64(integer(value, 0, Number.MAX_SAFE_INTEGER)),
  sfixed32: (writer, value) => writer.sfixed32(integer(value, -0x8000_0000, 0x7fff_ffff)),
  sfixed64: (writer, value) => writer.sfixed64(integer(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)),
  bool: (writer, value) => {
    if (typeof value !== "boolean") throw new EncodeError("", `is ${wordOf(value)}, not a boolean`);
    writer.bool(value);
  },
  string: (writer, value) => {
    if (typeof value !== "string") throw new EncodeError("", `is ${wordOf(value)}, not a string`);
    if (!value.isWellFormed()) throw new EncodeError("", "holds half a surrogate pair, which UTF-8 cannot");
    writer.string(value);
  },
  bytes: (writer, value) => {
    if (!(value instanceof Uint8Array)) throw new EncodeError("", `is ${wordOf(value)}, not bytes`);
    writer.bytes(value);
  },
};

function number(value: unknown): number {
  if (typeof value === "number") return value;
  throw new EncodeError("", `is ${wordOf(value)}, not a number`);
}

function integer(value: unknown, least: number, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new EncodeError("", `is ${wordOf(value)}, not an integer from ${least} to ${most}`);
}

function wordOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : (JSON.stringify(value) ?? typeof value);
}

/** What was thrown, one step further from the place: `[0]`, `endpoints`. */
function located(cause: unknown, step: string): unknown {
  return cause instanceof EncodeError ? new EncodeError(joined(step, cause.path), cause.reason) : cause;
}

function joined(step: string, rest: string): string {
  return rest === "" || rest.startsWith("[") ? step + rest : `${step}.${rest}`;
}
