/** How a gRPC call ends ("gRPC over HTTP2", Responses; https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). */

/** The codes that this server answers with, by the numbers that gRPC gives them. */
export const STATUS = {
  ok: 0,
  invalidArgument: 3,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

export interface GrpcStatus {
  readonly code: (typeof STATUS)[keyof typeof STATUS];
  /** For people. Any text. */
  readonly message: string;
}

export const OK: GrpcStatus = { code: STATUS.ok, message: "" };

/** The trailers that say so. */
export function trailersOf({ code, message }: GrpcStatus): Readonly<Record<string, string>> {
  const status = { "grpc-status": String(code) };
  return message === "" ? status : { ...status, "grpc-message": percentEncoded(message) };
}

/** Printable ASCII stays, but for the percent sign; every other byte of the text's UTF-8 becomes %XX. */
function percentEncoded(text: string): string {
  let encoded = "";
  for (const byte of Buffer.from(text))
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return encoded;
}
