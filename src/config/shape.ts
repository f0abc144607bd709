/** Whether a value is shaped as the option table says, and what is wrong with it in words. */
import { nearest } from "../placement/nearest.ts";
import { isObject, pathOf, valueText } from "../sources/fields.ts";
import type { Option, SectionOption } from "./option.ts";

/** One thing that is wrong, by where it is. */
export interface Fault {
  readonly path: Path;
  /** What the place of the fault is: the value, or the key that leads to it. */
  readonly at: "key" | "value";
  /** A full clause, with the value found; no full stop. */
  readonly cause: string;
  /** What to do, beginning with a verb. */
  readonly remedy: string;
}

type Path = readonly (string | number)[];

/** The path as a message shows it: `fleets[0].listeners[1].port`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => (typeof step === "number" ? `${text}[${step}]` : pathOf(text, step)), "");
}

/** Everything by which the value is not shaped as the option says; none: it is. A key that is no option is a slip, and refused. */
export function* shapeFaults(option: Option, value: unknown, path: Path = []): Generator<Fault, void> {
  switch (option.type) {
    case "text":
      if (typeof value !== "string")
        yield mistyped(
          path,
          value,
          "a text",
          typeof value === "object" ? SECTION : `Put it in quotes: "${String(value)}"`,
        );
      return;
    case "switch":
      if (typeof value !== "boolean")
        yield mistyped(path, value, "true or false", "Write true or false, without quotes");
      return;
    case "choice":
      if (typeof value !== "string" || !option.values.includes(value)) yield notAmong(option.values, value, path);
      return;
    case "integer":
    case "number":
      yield* numberFaults(option, value, path);
      return;
    case "pairs":
      if (!isObject(value)) return yield mistyped(path, value, "a section", SECTION);
      for (const [key, text] of Object.entries(value)) yield* shapeFaults(PAIR, text, [...path, key]);
      return;
    case "list":
      if (!Array.isArray(value)) return yield mistyped(path, value, "a list", LIST);
      for (const [i, one] of value.entries()) yield* shapeFaults(option.of, one, [...path, i]);
      return;
    case "section":
      if (!isObject(value)) return yield mistyped(path, value, "a section", SECTION);
      yield* sectionFaults(option, value, path);
  }
}

const PAIR: Option = { type: "text", effect: "One of a pair." };
const SECTION = "Write its options on the following lines, indented";
const LIST = "Write a list: each entry on a line of its own after a hyphen, or all in [brackets]";

const mistyped = (path: Path, value: unknown, wanted: string, remedy: string): Fault => ({
  path,
  at: "value",
  cause: `${valueText(value)} is not ${wanted}`,
  remedy,
});

function notAmong(values: readonly string[], value: unknown, path: Path): Fault {
  const meant = typeof value === "string" ? nearest(value, values) : undefined;
  const remedy = `Use one of ${values.join(", ")}`;
  const cause = `${valueText(value)} is none of the possible values`;
  return { path, at: "value", cause, remedy: meant === undefined ? remedy : `Did you mean ${meant}? ${remedy}` };
}

function* numberFaults(
  { type, minimum, maximum }: Extract<Option, { readonly minimum: number }>,
  value: unknown,
  path: Path,
): Generator<Fault, void> {
  const remedy = `Write a number from ${minimum} to ${maximum}`;
  if (typeof value !== "number" || !(type === "integer" ? Number.isInteger(value) : Number.isFinite(value))) {
    const wanted = type === "integer" ? "a whole number" : "a number";
    yield mistyped(path, value, wanted, typeof value === "string" ? `${remedy}, without quotes or unit` : remedy);
  } else if (value < minimum || value > maximum) {
    const cause = `${value} is too ${value < minimum ? "small" : "large"}`;
    yield { path, at: "value", cause, remedy };
  }
}

function* sectionFaults(
  { options, given }: SectionOption,
  value: Readonly<Record<string, unknown>>,
  path: Path,
): Generator<Fault, void> {
  const names = Object.keys(options);
  const keys = Object.keys(value);
  if (given === "one" && keys.length !== 1) {
    const found = keys.length === 0 ? "nothing is given" : `${keys.join(" and ")} are given`;
    const cause = `${found}, exactly one is needed`;
    yield { path, at: "value", cause, remedy: `Give one of ${names.join(", ")}` };
  }
  for (const [name, option] of Object.entries(options))
    if (option.required && value[name] === undefined)
      yield { path: [...path, name], at: "value", cause: "it is missing", remedy: `Add ${name}` };
  for (const key of keys) {
    const option = Object.hasOwn(options, key) ? options[key] : undefined;
    if (option === undefined) yield unknownKey(names, key, path);
    else yield* shapeFaults(option, value[key], [...path, key]);
  }
}

function unknownKey(names: readonly string[], key: string, path: Path): Fault {
  const meant = nearest(key, names);
  const cause = `there is no option ${JSON.stringify(key)}${path.length === 0 ? "" : ` in ${pathText(path)}`}`;
  const remedy = meant === undefined ? `Use one of ${names.join(", ")}` : `Did you mean ${meant}?`;
  return { path: [...path, key], at: "key", cause, remedy };
}
