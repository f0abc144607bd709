/** The messages of google.protobuf whose JSON is not an object of their fields. */
import type { JsonValue } from "./json.ts";
import type { MessageName, PlainMessage } from "./message-plan.ts";

interface WellKnown {
  readonly to: (message: PlainMessage) => JsonValue;
  /** Undefined: not this message's JSON. */
  readonly from: (json: unknown) => PlainMessage | undefined;
}

/** True for messages that Any keeps under "value". */
export function isWellKnown(type: MessageName): boolean {
  return Object.hasOwn(FORMS, type);
}

/** The message's JSON; undefined if it is an ordinary message. */
export function toWellKnown(type: MessageName, message: PlainMessage): JsonValue | undefined {
  return FORMS[type]?.to(message);
}

/** The message in JSON; undefined if it is an ordinary message, or this is not its JSON. */
export function fromWellKnown(type: MessageName, json: unknown): PlainMessage | undefined {
  return FORMS[type]?.from(json);
}

function wrapper(missing: JsonValue, matches: (json: unknown) => boolean): WellKnown {
  return {
    to: ({ value = missing }) => value as JsonValue,
    from: (json) => (matches(json) ? { value: json } : undefined),
  };
}

const isNumber = (json: unknown): boolean => typeof json === "number";
/** Numbers that JSON lacks are text. */
const wrapperDouble: WellKnown = {
  to: ({ value = 0 }) => (Number.isFinite(value) ? (value as number) : String(value)),
  from: (json) =>
    isNumber(json) || ["Infinity", "-Infinity", "NaN"].includes(String(json)) ? { value: Number(json) } : undefined,
};

const wrapper64: WellKnown = {
  to: ({ value = 0 }) => String(value),
  from: (json) =>
    isNumber(json) || (typeof json === "string" && /^-?\d+$/.test(json)) ? { value: Number(json) } : undefined,
};

/** True if the two parts are within protobuf's range, 10,000 years, and point the same way. Others have no JSON: their parts are shown. */
export function isDuration({ seconds, nanos }: { readonly seconds: number; readonly nanos: number }): boolean {
  return Math.abs(seconds) <= 315_576_000_000 && Math.abs(nanos) < 1_000_000_000 && seconds * nanos >= 0;
}

const duration: WellKnown = {
  to: (message) => {
    const { seconds = 0, nanos = 0 } = message as { readonly seconds?: number; readonly nanos?: number };
    if (!isDuration({ seconds, nanos })) return { seconds, nanos };
    const sign = seconds < 0 || nanos < 0 ? "-" : "";
    return `${sign}${Math.abs(seconds)}${fraction(Math.abs(nanos))}s`;
  },
  from: (json) => {
    const match = typeof json === "string" ? /^(-?)(\d+)(?:\.(\d{1,9}))?s$/.exec(json) : null;
    if (match === null) return undefined;
    const sign = match[1] === "-" ? -1 : 1;
    const nanos = Number((match[3] ?? "").padEnd(9, "0"));
    return { seconds: sign * Number(match[2]), ...(nanos === 0 ? {} : { nanos: sign * nanos }) };
  },
};

const timestamp: WellKnown = {
  to: (message) => {
    const { seconds = 0, nanos = 0 } = message as { readonly seconds?: number; readonly nanos?: number };
    // Years 1 to 9999 are protobuf's own limits.
    if (seconds < -62_135_596_800 || seconds > 253_402_300_799 || nanos < 0 || nanos > 999_999_999)
      return { seconds, nanos };
    return `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction(nanos)}Z`;
  },
  from: (json) => {
    const match =
      typeof json === "string"
        ? /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(json)
        : null;
    if (match === null) return undefined;
    return { seconds: Date.parse(`${match[1]}${match[3]}`) / 1000, nanos: Number((match[2] ?? "").padEnd(9, "0")) };
  },
};

/** Three, six or nine digits, or nothing for zero: as protobuf's own printers do. */
function fraction(nanos: number): string {
  if (nanos === 0) return "";
  const digits = String(nanos).padStart(9, "0");
  return `.${digits.endsWith("000000") ? digits.slice(0, 3) : digits.endsWith("000") ? digits.slice(0, 6) : digits}`;
}

const value: WellKnown = {
  to: ({ numberValue, stringValue, boolValue, structValue, listValue }) => {
    if (structValue !== undefined) return struct.to(structValue as PlainMessage);
    if (listValue !== undefined) return list.to(listValue as PlainMessage);
    return (numberValue ?? stringValue ?? boolValue ?? null) as JsonValue;
  },
  from: (json) => {
    if (json === null) return { nullValue: "NULL_VALUE" };
    if (typeof json === "number") return { numberValue: json };
    if (typeof json === "string") return { stringValue: json };
    if (typeof json === "boolean") return { boolValue: json };
    return Array.isArray(json) ? { listValue: list.from(json) } : { structValue: struct.from(json) };
  },
};

const struct: WellKnown = {
  to: ({ fields = {} }) =>
    Object.fromEntries(Object.entries(fields as object).map(([key, one]) => [key, value.to(one as PlainMessage)])),
  from: (json) => {
    if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
    return { fields: Object.fromEntries(Object.entries(json).map(([key, one]) => [key, value.from(one)])) };
  },
};

const list: WellKnown = {
  to: ({ values = [] }) => (values as readonly PlainMessage[]).map((one) => value.to(one)),
  from: (json) => (Array.isArray(json) ? { values: json.map((one) => value.from(one)) } : undefined),
};

const mask: WellKnown = {
  to: ({ paths = [] }) =>
    (paths as readonly string[])
      .map((path) => path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()))
      .join(","),
  from: (json) => {
    if (typeof json !== "string") return undefined;
    return {
      paths:
        json === ""
          ? []
          : json.split(",").map((path) => path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)),
    };
  },
};

const FORMS: { readonly [name: string]: WellKnown } = {
  "google.protobuf.Duration": duration,
  "google.protobuf.Timestamp": timestamp,
  "google.protobuf.Struct": struct,
  "google.protobuf.Value": value,
  "google.protobuf.ListValue": list,
  "google.protobuf.FieldMask": mask,
  "google.protobuf.DoubleValue": wrapperDouble,
  "google.protobuf.FloatValue": wrapperDouble,
  "google.protobuf.Int32Value": wrapper(0, isNumber),
  "google.protobuf.UInt32Value": wrapper(0, isNumber),
  "google.protobuf.Int64Value": wrapper64,
  "google.protobuf.UInt64Value": wrapper64,
  "google.protobuf.BoolValue": wrapper(false, (json) => typeof json === "boolean"),
  "google.protobuf.StringValue": wrapper("", (json) => typeof json === "string"),
  "google.protobuf.BytesValue": {
    to: ({ value: bytes = new Uint8Array(0) }) => Buffer.from(bytes as Uint8Array).toString("base64"),
    from: (json) => (typeof json === "string" ? { value: new Uint8Array(Buffer.from(json, "base64")) } : undefined),
  },
  "google.protobuf.Empty": { to: () => ({}), from: (json) => (typeof json === "object" ? {} : undefined) },
};
