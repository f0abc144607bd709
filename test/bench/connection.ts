/** One keep-alive HTTP/1.1 connection, one request at a time: as little as possible between a request and the time its answer came. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface Answer {
  readonly status: number;
  readonly body: string;
}

const HEAD_END = "\r\n\r\n";

export class Connection {
  readonly #socket: Socket;
  #received = "";
  #answers = 0;
  #askedAt = 0;
  #waiting: { readonly fulfil: (answer: Answer) => void; readonly reject: (error: Error) => void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => {
      this.#received += chunk.toString("latin1");
      this.#read();
    });
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error(`Envoy closed the connection ${this.#account()}`)));
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new Connection(socket);
  }

  /** Its port on our side. */
  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  get(hostname: string): Promise<Answer> {
    return new Promise((fulfil, reject) => {
      this.#waiting = { fulfil, reject };
      this.#askedAt = performance.now();
      this.#socket.write(`GET / HTTP/1.1\r\nhost: ${hostname}\r\n\r\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  /** What it has been used for, so that a close can be told from an end of Envoy, a drain, or an answer that was cut. */
  #account(): string {
    const ms = Math.round(performance.now() - this.#askedAt);
    return `${ms} ms after a request, ${this.#received.length} bytes of whose answer came, and behind ${this.#answers} answers`;
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  #read(): void {
    const end = this.#received.indexOf(HEAD_END);
    if (end < 0) return;
    const head = this.#received.slice(0, end);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]);
    if (Number.isNaN(length)) {
      this.#fail(new Error(`an answer without a length: ${head}`));
      return;
    }
    const body = this.#received.slice(end + HEAD_END.length);
    if (body.length < length) return;
    this.#received = "";
    this.#answers += 1;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.fulfil({ status: Number(head.slice(9, 12)), body });
  }
}
