/** The descriptor, compiled once per message: what encoding, decoding, JSON and validation look up for each field. */
import { camelCase, type Descriptor, type FieldDescriptor } from "./descriptor.ts";
import generated from "./generated/descriptor.json" with { type: "json" };
import type { MessageTypes } from "./generated/messages.ts";

/** Full name of a message the codec knows, as in `envoy.config.cluster.v3.Cluster`. */
export type MessageName = keyof MessageTypes;

/** A message as all of this room sees it; callers see its interface. */
export type PlainMessage = Readonly<Record<string, unknown>>;

/** An enum, both ways. A name that shares its number with an earlier one is accepted and never given. */
export interface EnumPlan {
  readonly numbers: ReadonlyMap<string, number>;
  readonly names: ReadonlyMap<number, string>;
}

/** What the values of a field are: `scalar` names protobuf's own type. */
export type ValuePlan =
  | { readonly kind: "scalar"; readonly scalar: ScalarName }
  | { readonly kind: "enum"; readonly enum: EnumPlan }
  | { readonly kind: "message"; readonly name: MessageName; readonly plan: MessagePlan };

/** Names of protobuf's scalar types. */
export type ScalarName = keyof typeof WIRE_TYPES;

/** One field. `cardinality` tells which of one value, an array or an object by keys stands in the message. */
export interface FieldPlan {
  /** As Envoy's documentation and JSON have it. */
  readonly name: string;
  /** As our objects have it. */
  readonly property: string;
  readonly id: number;
  readonly value: ValuePlan;
  readonly cardinality: "one" | "many" | "map";
  /** A map's keys. */
  readonly key: ScalarName;
  /** Many numbers are written as one packed record. */
  readonly packed: boolean;
  /** Presence is told apart from the default, which is written too. */
  readonly presence: boolean;
  readonly oneof: string | undefined;
  /** Properties of the other fields of its oneof. */
  readonly rivals: readonly string[];
  readonly rules: NonNullable<FieldDescriptor["rules"]>;
}

/** One message. */
export interface MessagePlan {
  readonly name: MessageName;
  /** In order of ids. */
  readonly fields: readonly FieldPlan[];
  readonly byProperty: ReadonlyMap<string, FieldPlan>;
  readonly byId: ReadonlyMap<number, FieldPlan>;
  /** Oneofs of which one field must be set, and their fields. */
  readonly required: ReadonlyMap<string, readonly FieldPlan[]>;
}

/** Wire type of each scalar: 0 varint, 1 eight bytes, 2 with a length, 5 four bytes. */
export const WIRE_TYPES = {
  double: 1,
  float: 5,
  int32: 0,
  int64: 0,
  uint32: 0,
  uint64: 0,
  sint32: 0,
  sint64: 0,
  fixed32: 5,
  fixed64: 1,
  sfixed32: 5,
  sfixed64: 1,
  bool: 0,
  string: 2,
  bytes: 2,
} as const;

const descriptor: Descriptor = generated as Descriptor;
const plans = new Map<string, MessagePlan>();
const enums = new Map<string, EnumPlan>();

/** Names of all messages, sorted. */
export const messageNames: readonly MessageName[] = Object.keys(descriptor.messages) as MessageName[];

/** True if the codec knows a message of that name. */
export function isMessageName(name: string): name is MessageName {
  return Object.hasOwn(descriptor.messages, name);
}

/** The plan of a message. Throws if the descriptor does not hold it (a root missing in scripts/codec-roots.ts). */
export function planOf(name: MessageName): MessagePlan {
  let plan = plans.get(name);
  if (plan === undefined) {
    plan = compile(name);
    plans.set(name, plan);
  }
  return plan;
}

/** What a value is where it is left out. */
export function defaultOf(value: ValuePlan): unknown {
  if (value.kind === "message") return {};
  if (value.kind === "enum") return value.enum.names.get(0);
  if (value.scalar === "string") return "";
  if (value.scalar === "bool") return false;
  return value.scalar === "bytes" ? new Uint8Array(0) : 0;
}

/** True for the value that a field without presence has when it is left out; false for a value of another kind. */
export function isDefault(plan: ValuePlan, value: unknown): boolean {
  if (plan.kind === "enum") return typeof value === "string" && plan.enum.numbers.get(value) === 0;
  if (plan.kind === "message") return false;
  if (plan.scalar === "bytes") return value instanceof Uint8Array && value.length === 0;
  return value === (plan.scalar === "string" ? "" : plan.scalar === "bool" ? false : 0);
}

function compile(name: MessageName): MessagePlan {
  const message = descriptor.messages[name];
  if (message === undefined) throw new Error(`the codec holds no message ${name}: add it to scripts/codec-roots.ts`);
  const fields = message.fields.map((field) => fieldPlan(field, rivalsOf(field, message.fields)));
  const members = (oneof: string): readonly FieldPlan[] => fields.filter((field) => field.oneof === oneof);
  return {
    name,
    fields,
    byProperty: new Map(fields.map((field) => [field.property, field])),
    byId: new Map(fields.map((field) => [field.id, field])),
    required: new Map((message.required ?? []).map((oneof) => [oneof, members(oneof)])),
  };
}

function rivalsOf(field: FieldDescriptor, fields: readonly FieldDescriptor[]): readonly string[] {
  if (field.oneof === undefined) return [];
  return fields.filter((other) => other.oneof === field.oneof && other !== field).map(({ name }) => camelCase(name));
}

function fieldPlan(field: FieldDescriptor, rivals: readonly string[]): FieldPlan {
  const value = valuePlan(field.type);
  const cardinality = field.key !== undefined ? "map" : field.repeated === true ? "many" : "one";
  const isNumber = value.kind === "enum" || (value.kind === "scalar" && WIRE_TYPES[value.scalar] !== 2);
  return {
    name: field.name,
    property: camelCase(field.name),
    id: field.id,
    value,
    cardinality,
    key: (field.key ?? "string") as ScalarName,
    packed: cardinality === "many" && isNumber && field.unpacked !== true,
    presence: field.oneof !== undefined || field.explicit === true || value.kind === "message",
    oneof: field.oneof,
    rivals,
    rules: field.rules ?? {},
  };
}

function valuePlan(type: string): ValuePlan {
  if (Object.hasOwn(WIRE_TYPES, type)) return { kind: "scalar", scalar: type as ScalarName };
  if (isMessageName(type)) return messagePlan(type);
  return { kind: "enum", enum: enumPlan(type) };
}

/** Looked up at its first use: messages hold each other in circles, and most are never used. */
function messagePlan(name: MessageName): ValuePlan {
  let plan: MessagePlan | undefined;
  return {
    kind: "message",
    name,
    get plan() {
      plan ??= planOf(name);
      return plan;
    },
  };
}

function enumPlan(name: string): EnumPlan {
  let plan = enums.get(name);
  if (plan === undefined) {
    const numbers = new Map(Object.entries(descriptor.enums[name]?.values ?? {}));
    const names = new Map<number, string>();
    for (const [value, number] of numbers) if (!names.has(number)) names.set(number, value);
    plan = { numbers, names };
    enums.set(name, plan);
  }
  return plan;
}
