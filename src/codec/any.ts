/** Messages packed into `google.protobuf.Any`, whose type URL says what they are. */
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import type { Any, MessageTypes } from "./generated/messages.ts";
import { isMessageName, type MessageName } from "./message-plan.ts";

const PREFIX = "type.googleapis.com/";

/** A message that was packed, and what it is. */
export type Unpacked = {
  readonly [Name in MessageName]: { readonly type: Name; readonly message: MessageTypes[Name] };
}[MessageName];

const typeUrls = new Map<MessageName, string>();

/** `type.googleapis.com/envoy.config.cluster.v3.Cluster`: one string per type, however many resources keep it (0.1 KiB each otherwise). */
export function typeUrlOf<Name extends MessageName>(type: Name): `type.googleapis.com/${Name}` {
  const url = typeUrls.get(type) ?? `${PREFIX}${type}`;
  typeUrls.set(type, url);
  return url as `type.googleapis.com/${Name}`;
}

/** The message a type URL means, whatever stands before its last slash; undefined if the codec does not know it. */
export function messageNameOf(typeUrl: string): MessageName | undefined {
  const name = typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
  return isMessageName(name) ? name : undefined;
}

/** A message packed. Throws EncodeError as `encode` does. */
export function anyOf<Name extends MessageName>(
  type: Name,
  message: MessageTypes[Name],
): Required<Any> & { readonly typeUrl: string; readonly value: Uint8Array } {
  return { typeUrl: typeUrlOf(type), value: encode(type, message) };
}

/** What was packed; undefined if the codec does not know its type. Throws DecodeError if the value is not of that type. */
export function unpack(any: Any): Unpacked | undefined {
  const type = messageNameOf(any.typeUrl ?? "");
  if (type === undefined) return undefined;
  return { type, message: decode(type, any.value ?? new Uint8Array(0)) } as Unpacked;
}
