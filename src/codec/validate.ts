/**
 * What Envoy's own validation would refuse in a message, found before it is sent: `(validate.rules)` and required oneofs, through nested
 * messages and through every Any whose type is known. It does not know rules that Envoy has in code only (two virtual hosts with one domain).
 */
import { messageNameOf } from "./any.ts";
import { decode } from "./decode.ts";
import type { Any, MessageTypes } from "./generated/messages.ts";
import {
  defaultOf,
  type FieldPlan,
  type MessageName,
  type MessagePlan,
  type PlainMessage,
  planOf,
  type ValuePlan,
} from "./message-plan.ts";
import { type Check, checkOf } from "./rules.ts";
import { isDuration } from "./well-known-json.ts";

/** One broken rule. Reads: circuit_breakers.thresholds[0].priority must be a name of its enum, is "URGENT". */
export interface Violation {
  /** Path of the field, with the names of Envoy's documentation; "" for the message itself. */
  readonly path: string;
  /** What is wrong, beginning with a verb. */
  readonly words: string;
}

/**
 * Every rule the message breaks, in order of the fields' ids; empty if Envoy's validation would accept it. Takes the message itself or its bytes.
 * Bytes that are no such message throw DecodeError.
 */
export function violations<Name extends MessageName>(
  type: Name,
  message: MessageTypes[Name] | Uint8Array,
): readonly Violation[] {
  const plain = message instanceof Uint8Array ? decode(type, message) : message;
  return checkerOf(type)(plain as PlainMessage);
}

/** The violation in one phrase. */
export function violationText({ path, words }: Violation): string {
  return path === "" ? words : `${path} ${words}`;
}

type Checker = (message: PlainMessage) => readonly Violation[];
type ValueChecker = (value: unknown) => readonly Violation[];

const NONE: readonly Violation[] = [];
const checkers = new Map<MessageName, Checker>();

/** Compiles a message's rules at its first use. Messages that hold each other meet through the map, which is why nested ones are looked up late. */
function checkerOf(type: MessageName): Checker {
  let checker = checkers.get(type);
  if (checker === undefined) {
    checker = compile(planOf(type));
    checkers.set(type, checker);
  }
  return checker;
}

function compile(plan: MessagePlan): Checker {
  const fields = plan.fields.flatMap((field) => fieldChecker(field));
  const oneofs = [...plan.required].map(([oneof, members]) => oneofChecker(oneof, members));
  const all = [
    ...fields,
    ...oneofs,
    ...(plan.name === "google.protobuf.Any" ? [packedChecker] : []),
    ...(plan.name === "google.protobuf.Duration" ? [durationChecker] : []),
  ];
  return (message) => {
    let found: Violation[] | undefined;
    for (const check of all) {
      const more = check(message);
      if (more.length > 0) found = found === undefined ? [...more] : [...found, ...more];
    }
    return found ?? NONE;
  };
}

function oneofChecker(oneof: string, members: readonly FieldPlan[]): Checker {
  const names = members.map((field) => field.name).join(", ");
  return (message) =>
    members.some((field) => message[field.property] !== undefined)
      ? NONE
      : [{ path: "", words: `must have a ${oneof}: one of ${names}` }];
}

function fieldChecker(field: FieldPlan): readonly Checker[] {
  const check = valueCheckerOf(field);
  // In a oneof, "required" speaks of the field's own content once it is the one that is set: a message of ours cannot lack that.
  const isRequired =
    field.oneof === undefined && Object.values(field.rules).some((settings) => settings["required"] === true);
  const missing: readonly Violation[] = isRequired
    ? [{ path: field.name, words: "must be set" }]
    : implicit(field, check);
  if (check === undefined && missing.length === 0) return [];
  return [
    (message) => {
      const value = message[field.property];
      if (value === undefined) return missing;
      return check === undefined ? NONE : below(field.name, check(value));
    },
  ];
}

/** A field without presence is checked at its default when it is left out. */
function implicit(field: FieldPlan, check: ValueChecker | undefined): readonly Violation[] {
  if (check === undefined || (field.presence && field.cardinality === "one")) return NONE;
  if (field.cardinality !== "one") return below(field.name, check(field.cardinality === "many" ? [] : {}));
  return below(field.name, check(defaultOf(field.value)));
}

function valueCheckerOf(field: FieldPlan): ValueChecker | undefined {
  if (field.cardinality === "one") return oneChecker(field.value, field.rules);
  const { [field.cardinality === "many" ? "repeated" : "map"]: whole = {}, ...rest } = field.rules;
  const outer = checkOf({ ...rest, [field.cardinality === "many" ? "repeated" : "map"]: whole }, undefined);
  const each = oneChecker(field.value, rulesIn(whole[field.cardinality === "many" ? "items" : "values"]));
  const keys = field.cardinality === "map" ? checkOf(rulesIn(whole["keys"]), undefined) : undefined;
  if (outer === undefined && each === undefined && keys === undefined) return undefined;
  return (value) => {
    const found: Violation[] = [...plain(outer?.(value))];
    if (field.cardinality === "many") {
      const values = value as readonly unknown[];
      if (each !== undefined) for (let i = 0; i < values.length; i++) append(found, `[${i}]`, each(values[i]));
    } else
      for (const [key, one] of Object.entries(value as object)) {
        const path = `[${JSON.stringify(key)}]`;
        append(found, path, plain(keys?.(key)));
        if (each !== undefined && one !== undefined) append(found, path, each(one));
      }
    return found;
  };
}

function append(found: Violation[], step: string, more: readonly Violation[]): void {
  if (more.length > 0) found.push(...below(step, more));
}

function rulesIn(settings: unknown): FieldPlan["rules"] {
  return (settings ?? {}) as FieldPlan["rules"];
}

function oneChecker(value: ValuePlan, rules: FieldPlan["rules"]): ValueChecker | undefined {
  const check = checkOf(rules, value.kind === "enum" ? value.enum : undefined);
  if (value.kind !== "message") return check === undefined ? undefined : (one) => plain(check(one));
  if (WRAPPERS.has(value.name)) return wrapperChecker(check);
  if (!isChecked(value.name, new Set())) return check === undefined ? undefined : (one) => plain(check(one));
  const { name } = value;
  return (one) => {
    const inside = checkerOf(name)(one as PlainMessage);
    const words = check?.(one);
    return words === undefined ? inside : [...plain(words), ...inside];
  };
}

/** Rules on a wrapper (`UInt32Value`) are rules on its value. */
function wrapperChecker(check: Check | undefined): ValueChecker | undefined {
  if (check === undefined) return undefined;
  return (one) => {
    const { value = 0 } = one as { readonly value?: unknown };
    return plain(check(value));
  };
}

const WRAPPERS: ReadonlySet<string> = new Set(
  ["Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes"].map(
    (name) => `google.protobuf.${name}Value`,
  ),
);

/** True if the message, or one that it may hold, has a rule: Struct has none, so metadata is not walked. */
function isChecked(type: MessageName, seen: Set<MessageName>): boolean {
  if (type === "google.protobuf.Any" || type === "google.protobuf.Duration") return true;
  if (seen.has(type)) return false;
  seen.add(type);
  const plan = planOf(type);
  return (
    plan.required.size > 0 ||
    plan.fields.some(
      (field) =>
        Object.keys(field.rules).length > 0 || (field.value.kind === "message" && isChecked(field.value.name, seen)),
    )
  );
}

const packedChecker: Checker = (message) => {
  const any = message as Any;
  const type = messageNameOf(any.typeUrl ?? "");
  if (type === undefined) return NONE;
  return below(`[${type}]`, checkerOf(type)(decode(type, any.value ?? new Uint8Array(0)) as PlainMessage));
};

/** Envoy refuses a Duration out of protobuf's range, whatever the field's own rules say. */
const durationChecker: Checker = (message) => {
  const { seconds = 0, nanos = 0 } = message as { readonly seconds?: number; readonly nanos?: number };
  return isDuration({ seconds, nanos })
    ? NONE
    : [{ path: "", words: `must be a duration, is ${seconds} s and ${nanos} ns` }];
};

function plain(words: string | undefined): readonly Violation[] {
  return words === undefined ? NONE : [{ path: "", words }];
}

function below(step: string, found: readonly Violation[]): readonly Violation[] {
  if (found.length === 0) return found;
  return found.map(({ path, words }) => ({
    path: path === "" || path.startsWith("[") ? step + path : `${step}.${path}`,
    words,
  }));
}
