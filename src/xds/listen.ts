/** Binding a port, with failures as values. */
import type { Server } from "node:net";

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

/**
 * Listens on `address`; gives the port that was bound, which differs from the one asked for only if that was 0, and is 0 for a path. `fault` is told what
 * goes wrong with the socket after that: an error event that nobody listens to ends the process. Node.js 24.21 and 20.20 on Linux have none of connections
 * that they cannot accept (EMFILE, ENFILE, ENOBUFS, EPERM, injected by strace: they try again and say nothing), but net.Server has the path for it.
 */
export function listen(
  server: Server,
  address: string,
  fault: (error: unknown) => void,
): Promise<{ readonly port: number } | ListenFailure> {
  return new Promise((settle) => {
    const failed = (error: unknown): void => settle(failureOf(address, error));
    server.once("error", failed);
    try {
      server.listen(placeOf(address), () => {
        server.off("error", failed);
        server.on("error", fault);
        const bound = server.address();
        settle({ port: bound !== null && typeof bound === "object" ? bound.port : 0 });
      });
    } catch (error) {
      failed(error);
    }
  });
}

function placeOf(address: string): { readonly path: string } | { readonly host: string; readonly port: number } {
  const path = /^unix:(.+)$/.exec(address)?.[1];
  if (path !== undefined) return { path };
  const [, host, port] = /^\[?([^\]]+)\]?:(\d+)$/.exec(address) ?? [];
  if (host === undefined) throw new Error("it has no port");
  return { host, port: Number(port) };
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
