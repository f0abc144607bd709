/** One thing that a client, or a host, may count on, tried on a real Envoy. */
import type { RequestBench } from "../request-bench.ts";

export interface RequestRow {
  /** What is done and what comes of it. */
  readonly name: string;
  /** The bench is shared: hostnames of a row are its own. Fails by throwing. */
  readonly run: (bench: RequestBench) => Promise<void>;
}
