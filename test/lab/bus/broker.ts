/**
 * The message bus between operator and hosts, in the place of NATS: requests to one of those connected, and publications. Like NATS it answers a request to
 * nobody at once with "no responders", forgets who has disconnected, and keeps nothing. A lost bus is one that was closed.
 */

import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";

/** What goes over a connection, one JSON text per line. A `hello` is answered by itself; `from` is written by the broker. */
export type Message =
  | { readonly hello: string }
  | { readonly to: string; readonly call: string; readonly body: unknown; readonly id?: number; readonly from?: string }
  | { readonly to: string; readonly reply: number; readonly body?: unknown; readonly error?: string };

export interface Broker {
  readonly port: number;
  /** Cuts every connection and frees the port. */
  lose(): Promise<void>;
  /** Takes connections again, on the same port. */
  restore(): Promise<void>;
}

export async function startBroker(): Promise<Broker> {
  const members = new Map<string, Socket>();
  const sockets = new Set<Socket>();
  const serve = (): Server =>
    createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      let name = "";
      socket.on("error", () => {});
      socket.once("close", () => {
        sockets.delete(socket);
        if (members.get(name) === socket) members.delete(name);
      });
      const lines = createInterface({ input: socket });
      lines.on("error", () => {}); // the socket's, which closes
      lines.on("line", (line) => {
        const message = JSON.parse(line) as Message;
        if ("hello" in message) {
          name = message.hello;
          members.set(name, socket);
          send(socket, message);
          return;
        }
        const receiver = members.get(message.to);
        if (receiver !== undefined) send(receiver, "reply" in message ? message : { ...message, from: name });
        else if ("id" in message && message.id !== undefined)
          send(socket, { to: name, reply: message.id, error: "no responders" });
      });
    });
  const open = async (port: number): Promise<Server> => {
    const server = serve().listen(port, "127.0.0.1");
    await once(server, "listening");
    return server;
  };
  let server: Server | undefined = await open(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    lose: async () => {
      if (server === undefined) return;
      const closed = once(server, "close");
      server.close();
      server = undefined;
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    restore: async () => {
      server ??= await open(port);
    },
  };
}

const send = (socket: Socket, message: Message): void => void socket.write(`${JSON.stringify(message)}\n`);
