/** Splits a byte stream at line feeds, so that every line is decoded once and none is copied without need. */

/**
 * Lines of one stream. Feed it chunks in order; a line that ends in a later chunk is given with that chunk.
 * - What is given are the bytes between line feeds, whatever the chunks were.
 * - Empty lines are left out.
 * - Bytes kept between chunks never exceed `maxLineBytes`: a longer line throws, since no object of etcd's is that long (1.5 MiB by default).
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  /** Pieces of the line that has begun and not ended. */
  #pieces: Buffer[] = [];
  #pendingBytes = 0;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Whether a line has begun and not ended: an answer that ends here was cut. */
  get pending(): boolean {
    return this.#pendingBytes > 0;
  }

  /** The lines that end in this chunk. They may share its memory. Throws a RangeError on a line over the limit. */
  push(chunk: Buffer): readonly Buffer[] {
    const lines: Buffer[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED, from); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      const line = this.#ended(chunk.subarray(from, end));
      if (line.length > 0) lines.push(line);
      from = end + 1;
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
    return lines;
  }

  #ended(last: Buffer): Buffer {
    this.#refuseOver(this.#pendingBytes + last.length);
    if (this.#pendingBytes === 0) return last;
    const line = Buffer.concat([...this.#pieces, last]);
    this.#pieces = [];
    this.#pendingBytes = 0;
    return line;
  }

  #keep(piece: Buffer): void {
    this.#refuseOver(this.#pendingBytes + piece.length);
    this.#pieces.push(piece);
    this.#pendingBytes += piece.length;
  }

  #refuseOver(lineBytes: number): void {
    if (lineBytes > this.#maxLineBytes) throw new RangeError(`a line is longer than ${this.#maxLineBytes} bytes`);
  }
}

const LINE_FEED = 0x0a;
