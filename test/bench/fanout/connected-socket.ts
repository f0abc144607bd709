/** A connection to the server, in plaintext or with a certificate shown. */
import { connect, type Socket } from "node:net";
import { connect as connectTls, createSecureContext, type SecureContext } from "node:tls";
import type { ClientTls } from "./mutual-tls.ts";

/** Where a crowd connects to, and with what; plaintext without `tls`. */
export interface Target {
  readonly port: number;
  readonly tls: ClientTls | undefined;
}

let context: { readonly of: string; readonly made: SecureContext } | undefined;

/** One for all clients: making it costs more than a handshake. */
function contextOf({ ca, cert, key }: ClientTls): SecureContext {
  if (context?.of !== key) context = { of: key, made: createSecureContext({ ca, cert, key }) };
  return context.made;
}

/** Connects, and over TLS shakes hands in full: no session is resumed. Rejects where that fails. */
export function connectedSocket({ port, tls }: Target): Promise<Socket> {
  return new Promise((settle, reject) => {
    const host = "127.0.0.1";
    const socket =
      tls === undefined
        ? connect({ port, host }, () => settle(socket))
        : connectTls(
            { port, host, servername: tls.servername, secureContext: contextOf(tls), ALPNProtocols: ["h2"] },
            () => settle(socket),
          );
    socket.on("error", reject);
  });
}
