/** Who is at the other end of a connection. */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { verifiedNames } from "../verified-names.ts";

/** One connection's client, as far as the connection tells. */
export interface Client {
  /** Remote address and port (`127.0.0.1:41234`); of a socket without an address, `unknown`. */
  readonly peer: string;
  /** What its certificate says, if it showed one that an authority of ours signed (see verified-names.ts). */
  readonly names: readonly string[] | undefined;
}

/** The client behind a connected socket, whose TLS handshake is over. */
export function clientOf(socket: Socket): Client {
  const certificate = socket instanceof TLSSocket && socket.authorized ? socket.getPeerX509Certificate() : undefined;
  return { peer: peerOf(socket), names: verifiedNames(certificate) };
}

/** Remote address and port. Sockets without an address share one name and are told apart by nothing. */
export function peerOf({ remoteAddress, remotePort }: Socket): string {
  if (remoteAddress === undefined) return "unknown";
  return remotePort === undefined ? remoteAddress : `${remoteAddress}:${remotePort}`;
}
