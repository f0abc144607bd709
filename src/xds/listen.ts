/** Binding a port, with failures as values. */
import type { Server, ServerCredentials } from "@grpc/grpc-js";

/** Why an address could not be listened on, and what to do. */
export interface ListenFailure {
  readonly address: string;
  readonly code: "EADDRINUSE" | "EACCES" | "EADDRNOTAVAIL" | "other";
  /** With the operating system's words. No full stop at the end. */
  readonly cause: string;
  readonly remedy: string;
}

const REMEDIES: Readonly<Record<ListenFailure["code"], string>> = {
  EADDRINUSE: "Stop what listens there, or choose another port",
  EACCES: "Choose a port above 1023, or give this process the right to bind it",
  EADDRNOTAVAIL: "Choose an address that this machine has; 0.0.0.0 or [::] stands for all of them",
  other: "Write the address as host:port, [IPv6]:port or unix:/path",
};

/** Listens on `address`; gives the port that was bound, which differs from the one asked for only if that was 0. */
export function listen(
  server: Server,
  address: string,
  credentials: ServerCredentials,
): Promise<{ readonly port: number } | ListenFailure> {
  return new Promise((settle) => {
    try {
      server.bindAsync(address, credentials, (error, port) =>
        settle(error === null ? { port } : failureOf(address, error)),
      );
    } catch (error) {
      settle(failureOf(address, error));
    }
  });
}

/** What the operating system said; grpc-js wraps that into a sentence of its own (`No address added out of total 1 resolved errors: [...]`). */
export function bindWords(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  return / errors: \[(.*)\]$/s.exec(said)?.[1] ?? said;
}

function failureOf(address: string, error: unknown): ListenFailure {
  const cause = `${address} cannot be listened on: ${bindWords(error)}`;
  const code = /\b(EADDRINUSE|EACCES|EADDRNOTAVAIL)\b/.exec(cause)?.[1] as
    | Exclude<ListenFailure["code"], "other">
    | undefined;
  return { address, code: code ?? "other", cause, remedy: REMEDIES[code ?? "other"] };
}
