/**
 * Messages as JSON, by protobuf's JSON mapping: durations as "5s", wrappers as their value, Any expanded behind "@type", bytes in base64.
 * Fields have the names of Envoy's documentation and of its /config_dump (snake_case).
 */
import { messageNameOf } from "./any.ts";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import type { Any, MessageTypes } from "./generated/messages.ts";
import { type FieldPlan, type MessageName, type PlainMessage, planOf, type ValuePlan } from "./message-plan.ts";
import { fromWellKnown, isWellKnown, toWellKnown } from "./well-known-json.ts";

/** What JSON.stringify and a YAML writer take. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** JSON that is not of the message's type; `path` leads to the value. */
export class JsonError extends Error {
  readonly path: string;
  constructor(path: string, reason: string) {
    super(`${path}: ${reason}`);
    this.path = path;
  }
}

/**
 * A message, or its bytes, as JSON. Fields stand in order of their ids, those at their default are left out. An Any of a type the codec does
 * not know keeps its bytes in base64 as "value". Throws what `encode` and `decode` throw.
 */
export function toJson<Name extends MessageName>(type: Name, message: MessageTypes[Name] | Uint8Array): JsonValue {
  const bytes = message instanceof Uint8Array ? message : encode(type, message);
  return messageJson(type, decode(type, bytes) as PlainMessage); // through bytes, so that both ways in give one answer
}

function messageJson(type: MessageName, message: PlainMessage): JsonValue {
  if (type === "google.protobuf.Any") return anyJson(message as Any);
  const wellKnown = toWellKnown(type, message);
  if (wellKnown !== undefined) return wellKnown;
  const json: Record<string, JsonValue> = {};
  for (const field of planOf(type).fields) {
    const value = message[field.property];
    if (value !== undefined) json[field.name] = fieldJson(field, value);
  }
  return json;
}

function fieldJson(field: FieldPlan, value: unknown): JsonValue {
  if (field.cardinality === "many") return (value as readonly unknown[]).map((one) => valueJson(field.value, one));
  if (field.cardinality === "one") return valueJson(field.value, value);
  return Object.fromEntries(Object.entries(value as object).map(([key, one]) => [key, valueJson(field.value, one)]));
}

function valueJson(plan: ValuePlan, value: unknown): JsonValue {
  if (plan.kind === "message") return messageJson(plan.name, value as PlainMessage);
  if (plan.kind === "enum") return value as string;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (plan.scalar.endsWith("64")) return String(value); // JSON numbers have 53 bits for everybody else too
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : (value as JsonValue);
}

function anyJson(any: Any): JsonValue {
  const typeUrl = any.typeUrl ?? "";
  const bytes = any.value ?? new Uint8Array(0);
  const type = messageNameOf(typeUrl);
  if (type === undefined) return { "@type": typeUrl, value: Buffer.from(bytes).toString("base64") };
  const content = messageJson(type, decode(type, bytes) as PlainMessage);
  if (isWellKnown(type)) return { "@type": typeUrl, value: content };
  return { "@type": typeUrl, ...(content as { readonly [key: string]: JsonValue }) };
}

/** The message in JSON, with field names in snake_case or camelCase. Throws JsonError for unknown fields and values of the wrong kind. */
export function fromJson<Name extends MessageName>(type: Name, json: unknown): MessageTypes[Name] {
  return parseMessage(type, json, type) as MessageTypes[Name];
}

function parseMessage(type: MessageName, json: unknown, path: string): PlainMessage {
  if (type === "google.protobuf.Any") return parseAny(json, path);
  const wellKnown = fromWellKnown(type, json);
  if (wellKnown !== undefined) return wellKnown;
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw new JsonError(path, `is not a ${type}`);
  const plan = planOf(type);
  const message: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(json)) {
    const field = plan.byProperty.get(name) ?? plan.fields.find((candidate) => candidate.name === name);
    if (field === undefined) throw new JsonError(`${path}.${name}`, `${type} has no such field`);
    if (value !== null) message[field.property] = parseField(field, value, `${path}.${name}`);
  }
  return message;
}

function parseField(field: FieldPlan, json: unknown, path: string): unknown {
  if (field.cardinality === "one") return parseValue(field.value, json, path);
  if (field.cardinality === "many") {
    if (!Array.isArray(json)) throw new JsonError(path, "is not an array");
    return json.map((one, index) => parseValue(field.value, one, `${path}[${index}]`));
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw new JsonError(path, "is not an object");
  return Object.fromEntries(
    Object.entries(json).map(([key, one]) => [key, parseValue(field.value, one, `${path}[${key}]`)]),
  );
}

function parseValue(plan: ValuePlan, json: unknown, path: string): unknown {
  if (plan.kind === "message") return parseMessage(plan.name, json, path);
  if (plan.kind === "enum") {
    const name = typeof json === "number" ? plan.enum.names.get(json) : json;
    if (typeof name === "string" && plan.enum.numbers.has(name)) return name;
    throw new JsonError(path, `is ${JSON.stringify(json)}, not one of ${[...plan.enum.numbers.keys()].join(", ")}`);
  }
  if (plan.scalar === "bool" && typeof json === "boolean") return json;
  if (plan.scalar === "string" && typeof json === "string") return json;
  if (plan.scalar === "bytes" && typeof json === "string") return new Uint8Array(Buffer.from(json, "base64"));
  if (plan.scalar !== "bool" && plan.scalar !== "string" && plan.scalar !== "bytes") {
    const value = typeof json === "string" && json !== "" ? Number(json) : json;
    if (typeof value === "number" && (!Number.isNaN(value) || json === "NaN")) return value;
  }
  throw new JsonError(path, `is ${JSON.stringify(json)}, not a ${plan.scalar}`);
}

function parseAny(json: unknown, path: string): PlainMessage {
  if (typeof json !== "object" || json === null) throw new JsonError(path, "is not an object");
  const { "@type": typeUrl, ...content } = json as { readonly [key: string]: unknown };
  if (typeUrl === undefined && Object.keys(content).length === 0) return {};
  if (typeof typeUrl !== "string") throw new JsonError(path, "has no @type");
  const type = messageNameOf(typeUrl);
  if (type === undefined) {
    if (typeof content["value"] !== "string")
      throw new JsonError(path, `${typeUrl} is not a type the codec knows, and there is no base64 value`);
    return { typeUrl, value: new Uint8Array(Buffer.from(content["value"], "base64")) };
  }
  const message = parseMessage(type, isWellKnown(type) ? content["value"] : content, path);
  return { typeUrl, value: encode(type, message as MessageTypes[typeof type]) };
}
