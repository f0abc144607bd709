/** gRPC messages out of a stream of bytes, however it is cut: one byte of flags, four of length, the message. Pure. */
import { type GrpcStatus, STATUS } from "./grpc-status.ts";

/** Of flags and length together. */
export const PREFIX_BYTES = 5;

const NONE = Buffer.alloc(0);

/**
 * - `message` is called once for every whole message, in order, with a view of the bytes that came; whoever keeps it keeps them.
 * - No more is kept than one message that is not whole, no more of that than `maxBytes`, and no more than twice what has come of it.
 * - Once a fault was given nothing more is read.
 */
export class MessageReader {
  readonly #maxBytes: number;
  readonly #message: (bytes: Buffer) => void;
  #kept: Buffer = NONE; // of a message that is not whole, with room for more
  #have = 0; // bytes of it
  #need = PREFIX_BYTES; // bytes until the next step
  #fault: GrpcStatus | undefined;

  constructor(maxBytes: number, message: (bytes: Buffer) => void) {
    this.#maxBytes = maxBytes;
    this.#message = message;
  }

  /** Whether a message has begun and is not whole. */
  get isWithin(): boolean {
    return this.#have > 0;
  }

  /** Bytes kept of it. */
  get keptBytes(): number {
    return this.#have;
  }

  /** Of the message that has begun, with its prefix; of the prefix alone while that is all there is to know. */
  get neededBytes(): number {
    return this.#need;
  }

  /** Keeps nothing any more. */
  forget(): void {
    this.#kept = NONE;
    this.#have = 0;
  }

  /** Gives what is wrong with the bytes, if anything: then the call is to be ended with it. */
  take(chunk: Buffer): GrpcStatus | undefined {
    let rest = chunk;
    while (this.#fault === undefined) {
      if (this.#have > 0 || rest.length < PREFIX_BYTES) {
        if (this.#have + rest.length < this.#need) {
          if (rest.length > 0) this.#keep(rest);
          return undefined;
        }
        rest = this.#joined(rest);
      }
      const length = this.#lengthIn(rest);
      if (length === undefined) break;
      const end = PREFIX_BYTES + length;
      if (rest.length < end) {
        this.#need = end;
        this.#keep(rest);
        return undefined;
      }
      this.#need = PREFIX_BYTES;
      this.#message(rest.subarray(PREFIX_BYTES, end));
      rest = rest.subarray(end);
    }
    this.forget();
    return this.#fault;
  }

  /** Copied: what comes are views of Node's own buffers, and a client that sends a byte at a time would have a buffer kept for each. */
  #keep(bytes: Buffer): void {
    const have = this.#have + bytes.length;
    if (have > this.#kept.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(have, Math.min(this.#need, 2 * this.#kept.length)));
      this.#kept.copy(grown, 0, 0, this.#have);
      this.#kept = grown;
    }
    bytes.copy(this.#kept, this.#have);
    this.#have = have;
  }

  #joined(last: Buffer): Buffer {
    const all = Buffer.concat([this.#kept.subarray(0, this.#have), last]);
    this.forget();
    return all;
  }

  #lengthIn(bytes: Buffer): number | undefined {
    const length = bytes.readUInt32BE(1);
    if ((bytes[0] ?? 0) !== 0)
      this.#fault = {
        code: STATUS.unimplemented,
        message: "messages cannot be compressed: send grpc-encoding identity",
      };
    else if (length > this.#maxBytes)
      this.#fault = {
        code: STATUS.resourceExhausted,
        message: `a request of ${length} bytes is larger than ${this.#maxBytes}`,
      };
    else return length;
    return undefined;
  }
}

/** The prefix of a message of so many bytes. */
export function prefixInto(out: Buffer, bytes: number): void {
  out[0] = 0;
  out.writeUInt32BE(bytes, 1);
}
