/** The option table as a JSON schema, and what a text breaks of it in words. */
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { nearest } from "../placement/nearest.ts";
import { isObject, pathOf, valueText } from "../sources/fields.ts";
import type { Option } from "./option.ts";
import { OPTIONS } from "./options.ts";

/** One thing that is wrong, by where it is. */
export interface Fault {
  readonly path: readonly (string | number)[];
  /** What the place of the fault is: the value, or the key that leads to it. */
  readonly at: "key" | "value";
  /** A full clause, with the value found; no full stop. */
  readonly cause: string;
  /** What to do, beginning with a verb. */
  readonly remedy: string;
}

/** The path as a message shows it: `fleets[0].listeners[1].port`. */
export function pathText(path: Fault["path"]): string {
  return path.reduce<string>((text, step) => (typeof step === "number" ? `${text}[${step}]` : pathOf(text, step)), "");
}

/** The JSON schema of an option. Closed: a key that is not in it is a slip. */
export function schemaOf(option: Option): Record<string, unknown> {
  switch (option.type) {
    case "text":
      return { type: "string" };
    case "switch":
      return { type: "boolean" };
    case "choice":
      return { type: "string", enum: option.values };
    case "integer":
    case "number":
      return { type: option.type, minimum: option.minimum, maximum: option.maximum };
    case "pairs":
      return { type: "object", additionalProperties: { type: "string" } };
    case "list":
      return { type: "array", items: schemaOf(option.of) };
    case "section": {
      const properties = Object.fromEntries(Object.entries(option.options).map(([name, o]) => [name, schemaOf(o)]));
      const required = Object.entries(option.options).flatMap(([name, o]) => (o.required ? [name] : []));
      const count = option.given === "one" ? { minProperties: 1, maxProperties: 1 } : {};
      return { type: "object", properties, required, additionalProperties: false, ...count };
    }
  }
}

let compiled: ValidateFunction | undefined;

/** Everything by which a value is not shaped as the table says; none: it is. */
export function shapeFaults(value: unknown): readonly Fault[] {
  compiled ??= new Ajv({ allErrors: true, verbose: true, strictRequired: false }).compile(schemaOf(OPTIONS));
  if (compiled(value)) return [];
  return (compiled.errors ?? []).map(faultOf);
}

function faultOf(error: ErrorObject): Fault {
  const path = error.instancePath.split("/").slice(1).map(stepOf);
  const { cause, remedy, key } = wordsFor(error, path);
  return {
    path: key === undefined ? path : [...path, key],
    at: error.keyword === "additionalProperties" ? "key" : "value",
    cause,
    remedy,
  };
}

/** A step of a JSON pointer. A key made of digits alone is taken for a position, which matters to nobody: the table has no such keys. */
function stepOf(text: string): string | number {
  const step = text.replaceAll("~1", "/").replaceAll("~0", "~");
  return /^\d+$/.test(step) ? Number(step) : step;
}

function wordsFor(error: ErrorObject, path: Fault["path"]): { cause: string; remedy: string; key?: string } {
  const found = valueText(error.data);
  const parent: unknown = error.parentSchema;
  const bounds = `Write a number from ${detail(parent, "minimum")} to ${detail(parent, "maximum")}`;
  switch (error.keyword) {
    case "additionalProperties": {
      const key = detail(error.params, "additionalProperty");
      const known = keysOf(parent);
      const meant = nearest(key, known);
      const remedy = meant === undefined ? `Use one of ${known.join(", ")}` : `Did you mean ${meant}?`;
      return {
        key,
        cause: `there is no option ${JSON.stringify(key)}${path.length === 0 ? "" : ` in ${pathText(path)}`}`,
        remedy,
      };
    }
    case "required": {
      const key = detail(error.params, "missingProperty");
      return { key, cause: "it is missing", remedy: `Add ${key}` };
    }
    case "enum": {
      const allowed = isObject(parent) && Array.isArray(parent["enum"]) ? parent["enum"].map(String) : [];
      const meant = typeof error.data === "string" ? nearest(error.data, allowed) : undefined;
      const remedy = `Use one of ${allowed.join(", ")}`;
      return {
        cause: `${found} is none of the possible values`,
        remedy: meant === undefined ? remedy : `Did you mean ${meant}? ${remedy}`,
      };
    }
    case "minimum":
    case "maximum":
      return { cause: `${found} is too ${error.keyword === "minimum" ? "small" : "large"}`, remedy: bounds };
    case "minProperties":
    case "maxProperties": {
      const names = keysOf(parent).join(", ");
      const given =
        error.keyword === "minProperties"
          ? "nothing is given"
          : `${Object.keys(isObject(error.data) ? error.data : {}).join(" and ")} are given`;
      return { cause: `${given}, exactly one is needed`, remedy: `Give one of ${names}` };
    }
    default:
      return typeWords(found, error.data, detail(error.params, "type"), bounds);
  }
}

function typeWords(found: string, value: unknown, type: string, bounds: string): { cause: string; remedy: string } {
  const wanted = {
    string: "a text",
    integer: "a whole number",
    number: "a number",
    boolean: "true or false",
    array: "a list",
    object: "a section",
  }[type];
  const cause = `${found} is not ${wanted ?? type}`;
  if (type === "string" && typeof value !== "object") return { cause, remedy: `Put it in quotes: "${String(value)}"` };
  if (type === "boolean") return { cause, remedy: "Write true or false, without quotes" };
  if (type === "integer" || type === "number")
    return { cause, remedy: typeof value === "string" ? `${bounds}, without quotes or unit` : bounds };
  if (type === "array")
    return { cause, remedy: "Write a list: each entry on a line of its own after a hyphen, or all in [brackets]" };
  return { cause, remedy: "Write its options on the following lines, indented" };
}

function detail(object: unknown, key: string): string {
  return isObject(object) ? String(object[key]) : "";
}

/** Options that the schema of a section knows. */
function keysOf(schema: unknown): readonly string[] {
  return isObject(schema) && isObject(schema["properties"]) ? Object.keys(schema["properties"]) : [];
}
