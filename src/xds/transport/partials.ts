/** Requests that have begun and are not whole, of all calls: a client may begin many large ones and never finish any. */
import type { Client } from "./client.ts";
import { type GrpcStatus, STATUS } from "./grpc-status.ts";

/** A call of which a part of a request is kept. */
export interface PartialCall {
  readonly client: Client;
  /** Ends it. What it has kept is let go of. */
  fail(status: GrpcStatus): void;
}

/** Bytes are counted by connection, since a client that means no harm begins one or a few at a time. */
export class Partials {
  readonly #mostBytes: number;
  readonly #overfull: (client: Client) => void;
  readonly #kept = new Map<PartialCall, number>();
  #bytes = 0;

  /** When there are more than `mostBytes`, the largest request of the client with most is ended, and `overfull` is told. */
  constructor(mostBytes: number, overfull: (client: Client) => void) {
    this.#mostBytes = mostBytes;
    this.#overfull = overfull;
  }

  /** Of all calls. */
  get bytes(): number {
    return this.#bytes;
  }

  /** So many bytes are kept of this call's request now, or none. */
  set(call: PartialCall, bytes: number): void {
    this.#bytes += bytes - (this.#kept.get(call) ?? 0);
    if (bytes === 0) this.#kept.delete(call);
    else this.#kept.set(call, bytes);
    while (this.#bytes > this.#mostBytes) this.#relieve();
  }

  #relieve(): void {
    const byClient = new Map<Client, number>();
    for (const [{ client }, bytes] of this.#kept) byClient.set(client, bytes + (byClient.get(client) ?? 0));
    const client = largest(byClient);
    const call = largest([...this.#kept].filter(([one]) => one.client === client));
    if (client === undefined || call === undefined) return;
    this.set(call, 0);
    this.#overfull(client);
    call.fail({ code: STATUS.resourceExhausted, message: "too much of requests that are not whole" });
  }
}

function largest<Key>(of: Iterable<readonly [Key, number]>): Key | undefined {
  let found: readonly [Key, number] | undefined;
  for (const one of of) if (found === undefined || one[1] > found[1]) found = one;
  return found?.[0];
}
