/** Walks of a value along the option table: what single values break, and what was left out. */
import { isObject, valueText } from "../sources/fields.ts";
import type { Option, SectionOption } from "./option.ts";
import type { Fault } from "./shape.ts";

/** What the checks of single values find. Values must have the shape of the table; others are passed over. */
export function* valueFaults(option: Option, value: unknown, path: Fault["path"] = []): Generator<Fault> {
  if (option.type === "text" && typeof value === "string") {
    const refusal = option.check?.(value);
    if (refusal !== undefined)
      yield { path, at: "value", cause: `${valueText(value)} ${refusal.cause}`, remedy: refusal.remedy };
  } else if (option.type === "list" && Array.isArray(value)) {
    for (const [i, entry] of value.entries()) yield* valueFaults(option.of, entry, [...path, i]);
  } else if (option.type === "section" && isObject(value)) {
    for (const [name, inner] of Object.entries(option.options)) yield* valueFaults(inner, value[name], [...path, name]);
  }
}

/** The value without keys that have none: `xds:` with nothing after it says nothing. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner === null ? [] : [[key, withoutNulls(inner)]])),
  );
}

/** The value with every default filled in. It must have the shape of the table. What has no default and is left out stays out. */
export function withDefaults(option: Option, value: unknown): unknown {
  switch (option.type) {
    case "list":
      return Array.isArray(value) ? value.map((entry) => withDefaults(option.of, entry)) : [];
    case "pairs":
      return value ?? {};
    case "section":
      return value === undefined && option.optional
        ? undefined
        : sectionWithDefaults(option, isObject(value) ? value : {});
    default:
      return value ?? option.default;
  }
}

function sectionWithDefaults(option: SectionOption, value: Readonly<Record<string, unknown>>): unknown {
  return Object.fromEntries(
    Object.entries(option.options).map(([name, inner]) => [name, withDefaults(inner, value[name])]),
  );
}
