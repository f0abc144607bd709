/** Writes the codec's messages as TypeScript: interfaces and string-literal unions, nothing that exists at run time. */
import { camelCase, type Descriptor, type FieldDescriptor } from "../src/codec/descriptor.ts";

const SCALARS: Readonly<Record<string, string>> = {
  double: "number",
  float: "number",
  int32: "number",
  int64: "number",
  uint32: "number",
  uint64: "number",
  sint32: "number",
  sint64: "number",
  fixed32: "number",
  fixed64: "number",
  sfixed32: "number",
  sfixed64: "number",
  bool: "boolean",
  string: "string",
  bytes: "Uint8Array",
};

/** The text of messages.ts. */
export function typesOf(descriptor: Descriptor): string {
  const names = shortNames([...Object.keys(descriptor.messages), ...Object.keys(descriptor.enums)]);
  const typeOf = (name: string): string => SCALARS[name] ?? names.get(name) ?? fail(name);
  const lines = [
    "// Made by scripts/generate-codec.ts from Envoy's .proto files. Do not edit: run `npm run generate`.",
    "// Every field is optional, as in proto3; leaving one out and giving undefined are the same.",
    "",
  ];
  for (const [name, { values }] of Object.entries(descriptor.enums)) {
    const literals = Object.keys(values).map((value) => JSON.stringify(value));
    lines.push(`/** ${name} */`, `export type ${typeOf(name)} = ${literals.join(" | ")};`, "");
  }
  for (const [name, { fields }] of Object.entries(descriptor.messages)) {
    lines.push(`/** ${name} */`, `export interface ${typeOf(name)} {`);
    for (const field of fields) lines.push(...fieldLines(field, typeOf));
    lines.push("}", "");
  }
  lines.push("/** Every message the codec knows, by full name. */", "export interface MessageTypes {");
  for (const name of Object.keys(descriptor.messages))
    lines.push(`  readonly ${JSON.stringify(name)}: ${typeOf(name)};`);
  lines.push("}", "");
  return lines.join("\n");
}

function fieldLines(field: FieldDescriptor, typeOf: (name: string) => string): readonly string[] {
  const one = typeOf(field.type);
  const type =
    field.key !== undefined
      ? `{ readonly [key: string]: ${one} }`
      : field.repeated === true
        ? `readonly ${one}[]`
        : one;
  const notes = [
    ...(field.oneof === undefined ? [] : [`One of \`${field.oneof}\`.`]),
    ...(field.deprecated === true ? ["@deprecated"] : []),
  ];
  const line = `  readonly ${camelCase(field.name)}?: ${type} | undefined;`;
  return notes.length === 0 ? [line] : [`  /** ${notes.join(" ")} */`, line];
}

/** The last part of each full name (nested ones joined by `_`), with as much of the package before it as makes it unique. */
function shortNames(full: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (let depth = 0; names.size < full.length; depth++) {
    const candidates = Map.groupBy(
      full.filter((name) => !names.has(name)),
      (name) => shortName(name, depth),
    );
    for (const [candidate, owners] of candidates)
      for (const owner of owners) if (owners.length === 1) names.set(owner, candidate);
  }
  return names;
}

function shortName(full: string, depth: number): string {
  const parts = full.split(".");
  const first = parts.findIndex((part) => /^[A-Z]/.test(part));
  const packageParts = parts.slice(0, first).filter((part) => !/^v\d/.test(part));
  const prefix = packageParts.slice(Math.max(0, packageParts.length - depth)).map((part) => camelCase(`_${part}`));
  return [...(depth === 0 ? [] : prefix), parts.slice(first).join("_")].join("");
}

function fail(name: string): never {
  throw new Error(`descriptor refers to ${name}, which it does not hold`);
}
