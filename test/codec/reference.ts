/** A second opinion on the codec: protobufjs' own reflection over the same .proto files. It shares field names with src/codec, and nothing else. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import protobuf from "protobufjs";
import { FILES, NEWER_FIELDS } from "../../scripts/codec-roots.ts";
import type { MessageTypes } from "../../src/codec/generated/messages.ts";
import { type FieldPlan, type MessageName, planOf } from "../../src/codec/message-plan.ts";

const require = createRequire(import.meta.url);
const deps = join(dirname(require.resolve("@grpc/grpc-js-xds/package.json")), "deps");
const folders = [
  ...["envoy-api", "xds", "googleapis", "protoc-gen-validate"].map((folder) => join(deps, folder)),
  dirname(require.resolve("protobufjs/package.json")),
];

const root = new protobuf.Root();
root.resolvePath = (_, file) => folders.map((folder) => join(folder, file)).find((path) => existsSync(path)) ?? file;
// Those that import files which the package does not ship (OpenCensus, Prometheus) cannot be loaded whole.
root.loadSync(
  FILES.filter((file) => !/bootstrap|admin|csds/.test(file)),
  { keepCase: true },
);
for (const { message, name, id, type } of NEWER_FIELDS)
  root.lookupType(message).add(new protobuf.Field(name, id, type));

/** The type as protobufjs sees it, with fields in snake_case. */
export function referenceType(name: MessageName): protobuf.Type {
  return root.lookupType(name);
}

/** The message as that type takes it. Map entries are in order of their keys, since protobufjs writes them as they come. */
export function asReference<Name extends MessageName>(
  type: Name,
  message: MessageTypes[Name],
): Record<string, unknown> {
  const given = message as Readonly<Record<string, unknown>>;
  const present = planOf(type).fields.filter((field) => given[field.property] !== undefined);
  return Object.fromEntries(present.map((field) => [field.name, fieldAsReference(field, given[field.property])]));
}

function fieldAsReference(field: FieldPlan, value: unknown): unknown {
  const one = (inner: unknown): unknown =>
    field.value.kind === "message" ? asReference(field.value.name, inner as object) : inner;
  if (field.cardinality === "one") return one(value);
  if (field.cardinality === "many") return (value as readonly unknown[]).map(one);
  const entries = Object.entries(value as object).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, one(inner)]));
}
