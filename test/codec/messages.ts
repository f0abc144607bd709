/** Random messages of the codec's types, for properties. */
import fc from "fast-check";
import type { MessageTypes } from "../../src/codec/generated/messages.ts";
import {
  type FieldPlan,
  type MessageName,
  planOf,
  type ScalarName,
  type ValuePlan,
} from "../../src/codec/message-plan.ts";

/** Any valid message of the type, at most four messages deep, with fields in random order. */
export function messageOf<Name extends MessageName>(type: Name): fc.Arbitrary<MessageTypes[Name]> {
  return plainOf(type, 4) as fc.Arbitrary<MessageTypes[Name]>;
}

function plainOf(type: MessageName, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const fields = planOf(type).fields.filter((field) => depth > 0 || field.value.kind !== "message");
  return fc
    .shuffledSubarray([...fields], { maxLength: Math.min(6, fields.length) })
    .map((chosen) => chosen.filter((field, at) => chosen.findIndex((other) => rivals(field, other)) >= at))
    .chain((chosen) =>
      fc
        .tuple(...chosen.map((field) => fieldValue(field, depth)))
        .map((values) => Object.fromEntries(chosen.map((field, at) => [field.property, values[at]]))),
    );
}

const rivals = (a: FieldPlan, b: FieldPlan): boolean => a === b || (a.oneof !== undefined && a.oneof === b.oneof);

function fieldValue(field: FieldPlan, depth: number): fc.Arbitrary<unknown> {
  const one = valueFor(field.value, depth - 1);
  if (field.cardinality === "one") return one;
  if (field.cardinality === "many") return fc.array(one, { minLength: 1, maxLength: 3 });
  // No key that is an integer: objects put those first, so protobufjs would not write them in the order given.
  return fc
    .uniqueArray(fc.tuple(fc.constantFrom("b", "a", "ä", "", "B", "B1"), one), {
      selector: ([key]) => key,
      minLength: 1,
      maxLength: 3,
    })
    .map((entries) => Object.fromEntries(entries));
}

function valueFor(plan: ValuePlan, depth: number): fc.Arbitrary<unknown> {
  if (plan.kind === "message") return plainOf(plan.name, Math.max(depth, 0));
  if (plan.kind === "enum") return fc.constantFrom(...plan.enum.names.values());
  return SCALARS[plan.scalar];
}

const unsigned = fc.constantFrom(0, 1, 127, 128, 65_535, 0xffff_ffff);
const signed = fc.constantFrom(0, 1, -1, 0x7fff_ffff, -0x8000_0000);
const unsigned64 = fc.constantFrom(0, 1, 0x1_0000_0000, Number.MAX_SAFE_INTEGER);
const signed64 = fc.constantFrom(0, 1, -1, -0x1_0000_0000, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER);

const SCALARS: Readonly<Record<ScalarName, fc.Arbitrary<unknown>>> = {
  double: fc.constantFrom(0, 0.1, -1e300, Number.POSITIVE_INFINITY),
  float: fc.constantFrom(0, 0.5, -2),
  int32: signed,
  int64: signed64,
  uint32: unsigned,
  uint64: unsigned64,
  sint32: signed,
  sint64: signed64,
  fixed32: unsigned,
  fixed64: unsigned64,
  sfixed32: signed,
  sfixed64: signed64,
  bool: fc.boolean(),
  string: fc.constantFrom("", "a", "shop.example.com", "ä€😀", "x".repeat(200)),
  bytes: fc.constantFrom(new Uint8Array(0), new Uint8Array([0, 255]), new Uint8Array(300)),
};
