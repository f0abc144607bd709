/** One participant's connection to the bus, made again whenever it breaks. */
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Message } from "./broker.ts";

/** The operator's name; hosts are called by their IDs. */
export const OPERATOR = "operator";

const AGAIN_MS = 250;

/** Answers calls; the promise is the reply. Publications are calls whose result nobody waits for. */
export type Handler = (call: string, body: unknown) => Promise<unknown>;

export class Bus {
  readonly #name: string;
  readonly #port: number;
  readonly #handler: Handler;
  readonly #waiting = new Map<number, (reply: { readonly body?: unknown; readonly error?: string }) => void>();
  #socket: Socket | undefined;
  #asked = 0;
  #closed = false;
  /** Called whenever others can reach it again. */
  onConnect: () => void = () => {};

  constructor(name: string, port: number, handler: Handler) {
    this.#name = name;
    this.#port = port;
    this.#handler = handler;
  }

  connect(): void {
    const socket = connect({ host: "127.0.0.1", port: this.#port, noDelay: true });
    socket.on("error", () => {});
    socket.once("connect", () => {
      this.#socket = socket;
      this.#send({ hello: this.#name });
    });
    const lines = createInterface({ input: socket });
    lines.on("line", (line) => this.#receive(JSON.parse(line) as Message));
    lines.on("error", () => {}); // the socket's, which closes
    socket.once("close", () => {
      if (this.#socket === socket) this.#socket = undefined;
      if (!this.#closed) setTimeout(() => this.connect(), AGAIN_MS);
    });
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  /** @throws `no responders` at once, or `timed out`; a bus that is away is silence, as a NATS client that reconnects has it. */
  request(to: string, call: string, body: unknown, timeoutMs: number): Promise<unknown> {
    const id = ++this.#asked;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = setTimeout(() => settle({ error: `timed out after ${timeoutMs} ms` }), timeoutMs);
    const settle = (reply: { readonly body?: unknown; readonly error?: string }): void => {
      clearTimeout(timer);
      this.#waiting.delete(id);
      if (reply.error === undefined) resolve(reply.body);
      else reject(new Error(`${call}: ${reply.error}`));
    };
    this.#waiting.set(id, settle);
    this.#send({ to, call, body, id });
    return promise;
  }

  /** Nobody knows whether it arrives. */
  publish(to: string, call: string, body: unknown): void {
    this.#send({ to, call, body });
  }

  #receive(message: Message): void {
    if ("hello" in message) {
      this.onConnect();
      return;
    }
    if ("reply" in message) {
      this.#waiting.get(message.reply)?.(message);
      return;
    }
    const { call, body, id, from } = message;
    this.#handler(call, body).then(
      (result) => id !== undefined && from !== undefined && this.#send({ to: from, reply: id, body: result }),
      (error: unknown) =>
        id !== undefined && from !== undefined && this.#send({ to: from, reply: id, error: String(error) }),
    );
  }

  #send(message: Message): void {
    this.#socket?.write(`${JSON.stringify(message)}\n`);
  }
}
