/** The DNS of a cluster, as far as a headless Service needs it: one name, with the addresses of the pods that are ready. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

/** What CoreDNS gives for Services (plugin kubernetes, option ttl, in seconds). */
const TTL_S = 5;
const HEADER_BYTES = 12;
const TYPE_A = 1;

export class NameServer {
  readonly #socket: Socket;
  readonly port: number;
  #addresses: readonly string[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
    socket.on("message", (query, from) => {
      const answer = answerTo(query, this.#addresses);
      if (answer !== undefined) socket.send(answer, from.port, from.address);
    });
  }

  /** Listens on 127.0.0.1, and knows no address yet. */
  static async start(): Promise<NameServer> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return new NameServer(socket);
  }

  /** What it answers from now on, whatever name is asked for. */
  publish(addresses: readonly string[]): void {
    this.#addresses = addresses;
  }

  close(): void {
    this.#socket.close();
  }
}

/** RFC 1035, 4.1: the question again, and a record for each address; none for other types than A. Undefined for what is no question. */
function answerTo(query: Buffer, addresses: readonly string[]): Buffer | undefined {
  const end = endOfQuestion(query);
  if (end === undefined) return undefined;
  const found = query.readUInt16BE(end - 4) === TYPE_A ? addresses : [];
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8580, 2); // an answer, with authority; recursion was asked for and is to be had
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(found.length, 6);
  return Buffer.concat([header, query.subarray(HEADER_BYTES, end), ...found.map(recordOf)]);
}

function endOfQuestion(query: Buffer): number | undefined {
  let at = HEADER_BYTES;
  while (at < query.length && query[at] !== 0) at += 1 + (query[at] ?? 0);
  const end = at + 5; // the root, type and class
  return end <= query.length ? end : undefined;
}

function recordOf(address: string): Buffer {
  const record = Buffer.alloc(16);
  record.writeUInt16BE(0xc000 | HEADER_BYTES, 0); // the name of the question
  record.writeUInt16BE(TYPE_A, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(TTL_S, 6);
  record.writeUInt16BE(4, 10);
  address.split(".").forEach((byte, at) => void record.writeUInt8(Number(byte), 12 + at));
  return record;
}
