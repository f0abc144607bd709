/** What became of one request. */
import type { Absence } from "./site.ts";

export interface Outcome {
  /** Counts from 1; sent as `User-Agent: lab/<id>`, which every log along the way has. */
  readonly id: number;
  /** Wall-clock ms of its beginning. */
  readonly at: number;
  readonly tookMs: number;
  readonly hostname: string;
  /** Name of its RequestKind. */
  readonly kind: string;
  readonly safe: boolean;
  /** Name of the proxy that was asked. */
  readonly proxy: string;
  /** Namespace and name of the replica that answered, as it says itself. */
  readonly servedBy?: string;
  /** It was told that nobody serves, where that was right. */
  readonly absence?: Absence;
  /** Undefined for a request that was answered completely and rightly. */
  readonly failure?: Failure;
}

export interface Failure {
  /** answer: another status than 200; wrong: 200, but not what was asked for; foreign: of a component that does not own the hostname; cut: it broke; time-out: the client gave up. */
  readonly as: "answer" | "wrong" | "foreign" | "cut" | "time-out";
  /** Status, or the error's words. */
  readonly text: string;
  /** The answer had begun, so that nobody could have repeated the request. */
  readonly begun: boolean;
}
