/**
 * Makes src/codec/generated: descriptor.json (what the codec reads at run time) and messages.ts (the same as TypeScript types).
 * Envoy's .proto files come from the development dependency @grpc/grpc-js-xds, so no third-party text lies in this repository
 * and the published package needs no .proto file. The output depends on that dependency and codec-roots.ts only.
 * Run: `npm run generate`, or with a folder to write to as the argument.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import type { Descriptor, EnumDescriptor, FieldDescriptor, MessageDescriptor } from "../src/codec/descriptor.ts";
import { FILES, NEWER_FIELDS, ROOTS } from "./codec-roots.ts";
import { typesOf } from "./codec-types.ts";

const require = createRequire(import.meta.url);
const deps = join(dirname(require.resolve("@grpc/grpc-js-xds/package.json")), "deps");
const folders = ["envoy-api", "xds", "googleapis"].map((folder) => join(deps, folder));
const output = process.argv[2] ?? fileURLToPath(new URL("../src/codec/generated", import.meta.url));

const descriptor = prune(load(FILES), ROOTS);
mkdirSync(output, { recursive: true });
writeFileSync(join(output, "descriptor.json"), `${JSON.stringify(descriptor)}\n`);
writeFileSync(join(output, "messages.ts"), typesOf(descriptor));

/** Parses the files and all they import. A file that is not there is left out: what refers to it is dropped by `prune`, or fails there if it is a root. */
function load(files: readonly string[]): protobuf.Root {
  const root = new protobuf.Root();
  const queue = [...files];
  const seen = new Set(queue);
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    const imports = parse(root, file);
    for (const name of imports)
      if (!seen.has(name)) {
        seen.add(name);
        queue.push(name);
      }
  }
  for (const { message, name, id, type } of NEWER_FIELDS)
    root.lookupType(message).add(new protobuf.Field(name, id, type));
  root.resolveAll = () => root; // some of what is imported is missing; prune resolves what is kept
  return root;
}

function parse(root: protobuf.Root, file: string): readonly string[] {
  const bundled = protobuf.common.get(file);
  if (bundled !== null) {
    if (bundled.nested !== undefined) root.addJSON(bundled.nested);
    return [];
  }
  const path = folders.map((folder) => join(folder, file)).find((candidate) => existsSync(candidate));
  if (path === undefined) return [];
  const parsed = protobuf.parse(readFileSync(path, "utf8"), root, { keepCase: true });
  return [...(parsed.imports ?? []), ...(parsed.weakImports ?? [])];
}

/** The root messages and everything their fields refer to, by full name in order of names. */
function prune(root: protobuf.Root, roots: readonly string[]): Descriptor {
  const messages = new Map<string, MessageDescriptor>();
  const enums = new Map<string, EnumDescriptor>();
  const queue: (protobuf.Type | protobuf.Enum)[] = roots.map((name) => root.lookupType(name));
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const name = next.fullName.slice(1);
    if (messages.has(name) || enums.has(name)) continue;
    if (next instanceof protobuf.Enum) {
      enums.set(name, { values: sorted(next.values, ([, a], [, b]) => a - b) });
      continue;
    }
    const kept = next.fieldsArray.flatMap((field) => resolved(field));
    messages.set(name, {
      fields: kept.map((field) => fieldOf(field)).toSorted((a, b) => a.id - b.id),
      ...requiredOneofs(next),
    });
    for (const { resolvedType } of kept) if (resolvedType !== null) queue.push(resolvedType);
  }
  return { messages: sorted(Object.fromEntries(messages)), enums: sorted(Object.fromEntries(enums)) };
}

/** The field with its type known, or nothing if its type stands in a file that the package does not ship (OpenCensus, Prometheus). */
function resolved(field: protobuf.Field): readonly protobuf.Field[] {
  try {
    return [field.resolve()];
  } catch (cause) {
    if (cause instanceof Error && cause.message.startsWith("no such")) return [];
    throw cause;
  }
}

function fieldOf(field: protobuf.Field): FieldDescriptor {
  const rules = rulesOf(field.parsedOptions);
  const oneof = field.partOf;
  const isProto3Optional = oneof?.name.startsWith("_") === true && oneof.oneof.length === 1;
  return {
    name: field.name,
    id: field.id,
    type: field.resolvedType === null ? field.type : field.resolvedType.fullName.slice(1),
    ...(field instanceof protobuf.MapField ? { key: field.keyType } : {}),
    ...(field.repeated ? { repeated: true as const } : {}),
    ...(field.getOption("packed") === false ? { unpacked: true as const } : {}),
    ...(oneof !== null && !isProto3Optional ? { oneof: oneof.name } : {}),
    ...(isProto3Optional ? { explicit: true as const } : {}),
    ...(field.getOption("deprecated") === true ? { deprecated: true as const } : {}),
    ...(rules === undefined ? {} : { rules }),
  };
}

function requiredOneofs(type: protobuf.Type): { readonly required?: readonly string[] } {
  const required = type.oneofsArray
    .filter((oneof) => oneof.getOption("(validate.required)") === true)
    .map((oneof) => oneof.name);
  return required.length === 0 ? {} : { required };
}

/** The `(validate.rules)` of a field, merged: a .proto file may spread them over several options. */
function rulesOf(options: readonly Record<string, unknown>[] | undefined): FieldDescriptor["rules"] {
  let rules: FieldDescriptor["rules"];
  for (const option of options ?? []) {
    const part = option["(validate.rules)"];
    if (part !== undefined) rules = { ...rules, ...(part as NonNullable<FieldDescriptor["rules"]>) };
  }
  return rules;
}

function sorted<T>(
  record: Readonly<Record<string, T>>,
  compare?: (a: [string, T], b: [string, T]) => number,
): Record<string, T> {
  const byName = (a: [string, T], b: [string, T]): number => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0);
  return Object.fromEntries(Object.entries(record).toSorted(compare ?? byName));
}
