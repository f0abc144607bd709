/** Memory for messages on their way through a function that copies them. */

/** More than this is not kept between messages, in bytes: 5,000 scopes take 3 MB. */
const KEPT_BYTES = 8 * 1024 * 1024;

/**
 * One buffer used again and again. A thousand proxies that connect are sent 5 MB each: a buffer of its own for every message would be garbage outside the
 * heap, which V8 collects late (55 MiB of it with 5,000 hostnames and 10 proxies, of which this was half; measured on Node 24.21).
 */
export class Scratch {
  #buffer = Buffer.alloc(0);

  /** The pieces, `bytes` long together, in one. Valid until the next call: the caller copies it at once. */
  joined(pieces: readonly Uint8Array[], bytes: number): Buffer {
    const out = this.#room(bytes);
    let at = 0;
    for (const piece of pieces) {
      out.set(piece, at);
      at += piece.length;
    }
    return out;
  }

  /** Grows by a quarter at least, so that a fleet that grows hostname by hostname does not have a new buffer each time. */
  #room(bytes: number): Buffer {
    if (bytes > KEPT_BYTES) return Buffer.allocUnsafeSlow(bytes);
    if (this.#buffer.length < bytes)
      this.#buffer = Buffer.allocUnsafeSlow(
        Math.min(KEPT_BYTES, Math.max(bytes, Math.ceil(this.#buffer.length * 1.25))),
      );
    return this.#buffer.subarray(0, bytes);
  }
}
