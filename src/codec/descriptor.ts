/**
 * Room `codec`: Envoy's messages as plain readonly objects: to and from bytes and JSON, packed into Any, hashed, and checked by the rules
 * that Envoy itself checks (protoc-gen-validate).
 * Given: messages, by full name. Gives: bytes, values, violations.
 * Must not know what the messages mean, nor import any other room. It imports protobufjs' Writer and Reader, and node:crypto for hashes.
 *
 * This file: the shape of generated/descriptor.json, made from Envoy's .proto files by scripts/generate-codec.ts.
 */

/** Every message and enum the codec knows, by full name without a leading dot. */
export interface Descriptor {
  readonly messages: Readonly<Record<string, MessageDescriptor>>;
  readonly enums: Readonly<Record<string, EnumDescriptor>>;
}

/** One message. */
export interface MessageDescriptor {
  /** In order of `id`. */
  readonly fields: readonly FieldDescriptor[];
  /** Names of oneofs of which Envoy wants one field set. */
  readonly required?: readonly string[];
}

/** One enum; names in order of their numbers. */
export interface EnumDescriptor {
  readonly values: Readonly<Record<string, number>>;
}

/** One field. */
export interface FieldDescriptor {
  /** As in the .proto file: snake_case. */
  readonly name: string;
  readonly id: number;
  /** A scalar's name, or the full name of a message or enum. */
  readonly type: string;
  /** Scalar type of a map's keys; absent unless the field is a map, whose values are of `type`. */
  readonly key?: string;
  readonly repeated?: true;
  /** A repeated number written one by one, where proto3 would pack them. */
  readonly unpacked?: true;
  readonly oneof?: string;
  /** Declared `optional`: its default is written too. */
  readonly explicit?: true;
  readonly deprecated?: true;
  /** The field's `(validate.rules)`, by kind of rule, with the names of protoc-gen-validate. */
  readonly rules?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** `load_assignment` → `loadAssignment`, by protobuf's rule for JSON names. */
export function camelCase(name: string): string {
  return name.replace(/_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase()).replace(/_+$/, "");
}
