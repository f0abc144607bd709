/** Ports for programs that we start: free now, and kept from other quickstarts until they are used. */
import { createSocket, type Socket } from "node:dgram";
import { createServer } from "node:net";
import { Refusal } from "./refusal.ts";

export interface PortReservation {
  readonly port: number;
  /** Others may have it. Not needed at the end of the process. */
  release(): void;
}

/**
 * The wanted TCP port if nobody has it on that address, else any free one.
 * Between our look and the program that binds it, a second quickstart would find it free as well, and Envoy would not notice: it binds with SO_REUSEPORT,
 * and two Envoys on one port each get some of the connections (measured). So a port is taken only together with the UDP port of that number, which is held.
 * @throws Refusal if the address itself cannot be listened on.
 */
export async function reservePort(address: string, wanted: number): Promise<PortReservation> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const port = await freeTcpPort(address, attempt === 0 ? wanted : 0);
    const held = port === undefined ? undefined : await heldUdpPort(address, port);
    if (port !== undefined && held !== undefined) return { port, release: () => held.close() };
  }
  throw new Refusal(`No port on ${address} is free`, "End programs that listen there, and try again");
}

function freeTcpPort(address: string, port: number): Promise<number | undefined> {
  return new Promise((fulfil, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") return fulfil(undefined);
      reject(
        new Refusal(`Nothing can listen on ${address}: ${error.message}`, "Use an address of this machine", {
          cause: error,
        }),
      );
    });
    server.listen({ host: address, port, exclusive: true }, () => {
      const bound = server.address();
      server.close(() => fulfil(typeof bound === "object" && bound !== null ? bound.port : undefined));
    });
  });
}

function heldUdpPort(address: string, port: number): Promise<Socket | undefined> {
  return new Promise((fulfil) => {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.once("error", () => fulfil(undefined));
    socket.bind({ address, port, exclusive: true }, () => {
      socket.unref();
      fulfil(socket);
    });
  });
}
