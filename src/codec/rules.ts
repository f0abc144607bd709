/**
 * The rules of protoc-gen-validate, one checker per field kind. Envoy checks the same rules when it takes a configuration in,
 * and rejects what breaks one; semantics as in protoc-gen-validate's validate.proto.
 */
import type { FieldDescriptor } from "./descriptor.ts";
import type { Duration } from "./generated/messages.ts";
import type { EnumPlan } from "./message-plan.ts";

/** What is wrong with a value, in words that follow the field's name ("must not be empty"); undefined if nothing is. */
export type Check = (value: unknown) => string | undefined;

type Rules = NonNullable<FieldDescriptor["rules"]>;
type Rule = (limit: unknown) => Check;

/**
 * The check of one value: of a field, an element, a map's key or value. Undefined if the rules ask for nothing.
 * Throws for a rule that is not implemented here, so that a newer descriptor cannot make us lax without notice.
 */
export function checkOf(rules: Rules, names: EnumPlan | undefined): Check | undefined {
  const checks = Object.entries(rules).flatMap(([kind, settings]) => checksOfKind(kind, settings, names));
  if (checks.length === 0) return undefined;
  const ignoreEmpty = Object.values(rules).some((settings) => settings["ignore_empty"] === true);
  return (value) => {
    if (ignoreEmpty && value === "") return undefined;
    for (const check of checks) {
      const words = check(value);
      if (words !== undefined) return words;
    }
    return undefined;
  };
}

/** Settings that are no check of their own: read elsewhere (`required`, `items`, `keys`, `values`), or that alter others. */
const APART: ReadonlySet<string> = new Set(["required", "items", "keys", "values", "strict", "ignore_empty", "skip"]);

function checksOfKind(
  kind: string,
  settings: Readonly<Record<string, unknown>>,
  names: EnumPlan | undefined,
): readonly Check[] {
  const rules = kind === "enum" ? enumRules(names) : RULES[kind];
  if (rules === undefined) throw new Error(`no rules of kind ${kind} are implemented`);
  const checks: Check[] = [];
  for (const [name, limit] of Object.entries(settings)) {
    if (APART.has(name)) continue;
    const rule = name === "well_known_regex" ? wellKnownRegex(settings["strict"] !== false) : rules[name];
    if (rule === undefined) throw new Error(`rule ${kind}.${name} is not implemented`);
    checks.push(rule(limit));
  }
  return checks;
}

const listOf = (limit: unknown): readonly unknown[] => (Array.isArray(limit) ? limit : [limit]);
const shown = (value: unknown): string => JSON.stringify(value) ?? "nothing";

const EQUALITY: Readonly<Record<string, Rule>> = {
  const: (limit) => (value) => (value === limit ? undefined : `must be ${shown(limit)}, is ${shown(value)}`),
  in: (limit) => (value) =>
    listOf(limit).includes(value)
      ? undefined
      : `must be one of ${listOf(limit).map(shown).join(", ")}, is ${shown(value)}`,
  not_in: (limit) => (value) => (listOf(limit).includes(value) ? `must not be ${shown(value)}` : undefined),
};

const NUMBER: Readonly<Record<string, Rule>> = {
  ...EQUALITY,
  lt: (limit) => (value) => (Number(value) < Number(limit) ? undefined : `must be less than ${limit}, is ${value}`),
  lte: (limit) => (value) => (Number(value) <= Number(limit) ? undefined : `must be at most ${limit}, is ${value}`),
  gt: (limit) => (value) => (Number(value) > Number(limit) ? undefined : `must be greater than ${limit}, is ${value}`),
  gte: (limit) => (value) => (Number(value) >= Number(limit) ? undefined : `must be at least ${limit}, is ${value}`),
};

const STRING: Readonly<Record<string, Rule>> = {
  ...EQUALITY,
  // Lengths are counted in code points, `…_bytes` in UTF-8.
  min_len: (limit) => (value) => {
    if ([...String(value)].length >= Number(limit)) return undefined;
    return limit === 1 ? "must not be empty" : `must have at least ${limit} characters, is ${shown(value)}`;
  },
  max_len: (limit) => (value) =>
    [...String(value)].length <= Number(limit)
      ? undefined
      : `must have at most ${limit} characters, has ${[...String(value)].length}`,
  min_bytes: (limit) => (value) =>
    bytesIn(value) >= Number(limit) ? undefined : `must have at least ${limit} bytes, has ${bytesIn(value)}`,
  max_bytes: (limit) => (value) =>
    bytesIn(value) <= Number(limit) ? undefined : `must have at most ${limit} bytes, has ${bytesIn(value)}`,
  pattern: (limit) => {
    const pattern = new RegExp(String(limit), "u");
    return (value) => (pattern.test(String(value)) ? undefined : `must match ${limit}, is ${shown(value)}`);
  },
  prefix: (limit) => (value) =>
    String(value).startsWith(String(limit)) ? undefined : `must begin with ${shown(limit)}, is ${shown(value)}`,
};

function bytesIn(value: unknown): number {
  return Buffer.byteLength(String(value));
}

// As protoc-gen-validate writes it: "+-." is a range, so a comma passes there and must pass here.
const HEADER_NAME = { strict: /^:?[0-9a-zA-Z!#$%&'*+-.^_|~`]+$/, loose: /^[^\0\r\n]+$/ };
// biome-ignore lint/suspicious/noControlCharactersInRegex: header values are defined by the control characters they must not hold
const HEADER_VALUE = { strict: /^[^\0-\x08\n-\x1f\x7f]*$/, loose: /^[^\0\r\n]*$/ };

function wellKnownRegex(strict: boolean): Rule {
  return (limit) => {
    const patterns =
      limit === "HTTP_HEADER_NAME" ? HEADER_NAME : limit === "HTTP_HEADER_VALUE" ? HEADER_VALUE : undefined;
    if (patterns === undefined) throw new Error(`well-known pattern ${limit} is not implemented`);
    const pattern = strict ? patterns.strict : patterns.loose;
    const words = limit === "HTTP_HEADER_NAME" ? "an HTTP header name" : "an HTTP header value";
    return (value) => (pattern.test(String(value)) ? undefined : `must be ${words}, is ${shown(value)}`);
  };
}

const BYTES: Readonly<Record<string, Rule>> = {
  min_len: (limit) => (value) =>
    (value as Uint8Array).length >= Number(limit)
      ? undefined
      : `must have at least ${limit} bytes, has ${(value as Uint8Array).length}`,
  max_len: (limit) => (value) =>
    (value as Uint8Array).length <= Number(limit)
      ? undefined
      : `must have at most ${limit} bytes, has ${(value as Uint8Array).length}`,
};

function enumRules(names: EnumPlan | undefined): Readonly<Record<string, Rule>> {
  return {
    defined_only: () => (value) =>
      names?.numbers.has(String(value)) === true ? undefined : `must be a name of its enum, is ${shown(value)}`,
    const: (limit) => (value) =>
      names?.numbers.get(String(value)) === limit
        ? undefined
        : `must be ${names?.names.get(Number(limit))}, is ${value}`,
    in: (limit) => (value) =>
      listOf(limit).includes(names?.numbers.get(String(value))) ? undefined : `must not be ${value}`,
    not_in: (limit) => (value) =>
      listOf(limit).includes(names?.numbers.get(String(value))) ? `must not be ${value}` : undefined,
  };
}

const DURATION: Readonly<Record<string, Rule>> = {
  lt: (limit) => (value) =>
    nanosOf(value) < nanosOf(limit) ? undefined : `must be shorter than ${secondsIn(limit)}, is ${secondsIn(value)}`,
  lte: (limit) => (value) =>
    nanosOf(value) <= nanosOf(limit) ? undefined : `must be at most ${secondsIn(limit)}, is ${secondsIn(value)}`,
  gt: (limit) => (value) =>
    nanosOf(value) > nanosOf(limit) ? undefined : `must be longer than ${secondsIn(limit)}, is ${secondsIn(value)}`,
  gte: (limit) => (value) =>
    nanosOf(value) >= nanosOf(limit) ? undefined : `must be at least ${secondsIn(limit)}, is ${secondsIn(value)}`,
};

function nanosOf(value: unknown): bigint {
  const { seconds = 0, nanos = 0 } = value as Duration;
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
}

function secondsIn(value: unknown): string {
  return `${Number(nanosOf(value)) / 1e9}s`;
}

const MANY: Readonly<Record<string, Rule>> = {
  min_items: (limit) => (value) =>
    (value as readonly unknown[]).length >= Number(limit)
      ? undefined
      : `must have at least ${limit} entries, has ${(value as readonly unknown[]).length}`,
  max_items: (limit) => (value) =>
    (value as readonly unknown[]).length <= Number(limit)
      ? undefined
      : `must have at most ${limit} entries, has ${(value as readonly unknown[]).length}`,
  unique: () => (value) =>
    new Set(value as readonly unknown[]).size === (value as readonly unknown[]).length
      ? undefined
      : "must not have an entry twice",
};

const MAP: Readonly<Record<string, Rule>> = {
  min_pairs: (limit) => (value) =>
    Object.keys(value as object).length >= Number(limit)
      ? undefined
      : `must have at least ${limit} entries, has ${Object.keys(value as object).length}`,
};

/** By kind, then by rule. Numbers are all alike to us: their ranges are the encoder's. */
const RULES: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  double: NUMBER,
  float: NUMBER,
  int32: NUMBER,
  int64: NUMBER,
  uint32: NUMBER,
  uint64: NUMBER,
  bool: EQUALITY,
  string: STRING,
  bytes: BYTES,
  duration: DURATION,
  repeated: MANY,
  map: MAP,
  message: {},
  any: {},
};
