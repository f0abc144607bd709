/** One type on one stream, whichever variant of the protocol: what the stream, the proxy and people need of it. */
import type { TypeUrl } from "../../codec/resource.ts";
import type { Progress } from "../delivery/progress.ts";
import type { PumpParts } from "../delivery/pump-parts.ts";
import type { Rejection } from "../observer.ts";

/** What a channel works on. `nonce` gives a new one, unique on its stream. */
export interface ChannelParts extends PumpParts {
  readonly nonce: () => string;
}

/** A response, ready for the socket. */
export interface Response {
  readonly type: TypeUrl;
  readonly nonce: string;
  readonly resources: number;
  readonly removals: number;
  /** The message, to be concatenated. Pieces are shared by streams; putting them together here would make megabytes of garbage per proxy that connects. */
  readonly pieces: readonly Uint8Array[];
  /** Their length together. */
  readonly bytes: number;
}

/** What a request said about an earlier response. */
export type Answer =
  | { readonly kind: "acknowledged"; readonly nonce: string; readonly waitedMs: number }
  | {
      readonly kind: "rejected";
      readonly nonce: string;
      readonly detail: string;
      readonly culprit: Rejection | undefined;
    };

/** One type on one stream. `Request` is the decoded message of the protocol's variant. */
export interface Channel<Request> {
  readonly type: TypeUrl;
  /** Takes a request in; whatever it asks for comes out of `next`. Gives what it answered, in the order in which that was sent. */
  request(request: Request, nowMs: number): readonly Answer[];
  /** The next response, if one is to be sent now. What is given counts as sent. */
  next(nowMs: number): Response | undefined;
  /** When `next` may have something though nothing happens. */
  readonly nextAt: number | undefined;
  /** `next` would give nothing, and will not before something happens. False if that is not known without asking it. */
  readonly quiet: boolean;
  readonly pending: number;
  readonly oldestPendingAtMs: number | undefined;
  readonly progress: Progress;
  close(): void;
}
