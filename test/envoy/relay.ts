/** A bad line between an Envoy and the xDS server: what the Envoy says arrives late, and the line breaks. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Relay {
  readonly port: number;
  /** Pieces that arrived late so far. */
  readonly delayed: number;
  /** Breaks every connection there is. Gives how many. */
  cut(): number;
  /** Breaks them, and takes no more. */
  close(): void;
}

/** Listens until it is closed. `target` is a port of 127.0.0.1, or an address. `delayMs` is asked for each piece on its way to the server; pieces keep their order, so later ones wait for earlier ones. */
export async function startRelay(
  target: number | { readonly host: string; readonly port: number },
  delayMs: () => number,
): Promise<Relay> {
  const to = typeof target === "number" ? { host: "127.0.0.1", port: target } : target;
  const open = new Set<Socket>();
  let delayed = 0;
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ ...to, noDelay: true });
    let free = 0; // when the line has carried everything so far
    near.on("data", (piece: Buffer) => {
      const wait = delayMs();
      if (wait > 0) delayed += 1;
      free = Math.max(free, performance.now() + wait);
      setTimeout(() => far.write(piece), Math.max(0, free - performance.now())).unref();
    });
    far.pipe(near);
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on("error", () => undefined); // the other side went first
      socket.on("close", () => {
        open.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): number => {
    const broken = open.size / 2;
    for (const socket of open) socket.destroy();
    return broken;
  };
  return {
    port: (server.address() as AddressInfo).port,
    get delayed() {
      return delayed;
    },
    cut,
    close: () => {
      server.close();
      cut();
    },
  };
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
