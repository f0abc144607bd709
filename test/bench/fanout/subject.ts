/** What a crowd of proxies is connected to: a server that is told of changes. */
import type { ClientTls } from "./mutual-tls.ts";

/** One change of a hostname's assignment. */
export interface Change {
  readonly hostname: string;
  readonly host: number;
  /** New, so that the change can be seen in the bytes that proxies are sent. */
  readonly workloadId: string;
}

export interface Subject {
  readonly pid: number;
  readonly port: number;
  /** What clients must show; left out: it speaks plaintext. */
  readonly tls?: ClientTls | undefined;
  /** Tells the server; gives when it was told, on the machine's clock. */
  change(change: Change): Promise<number>;
  /** Longest block of its event loop since the last question, in ms; undefined if it does not tell. */
  blockMs(): Promise<number | undefined>;
  stop(): Promise<void>;
}
