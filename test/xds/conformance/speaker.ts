/** What a test client says and hears, in words that both SotW and delta have. */
import type { Client as Connection } from "@grpc/grpc-js";

/** A response as a client sees it. */
export interface Heard {
  readonly type: string;
  readonly nonce: string;
  /** `version_info`, or `system_version_info` of delta. */
  readonly version: string;
  readonly resources: readonly {
    readonly name: string;
    readonly content: string;
    /** "" over SotW. */
    readonly version: string;
    /** Type URL of the Any. */
    readonly type: string;
  }[];
  readonly removed: readonly string[];
}

/** What a request says beside names. */
export interface Answering {
  /** Of the response that this answers; over SotW, of the last one. */
  readonly nonce?: string;
  /** Present: a rejection. */
  readonly error?: string | undefined;
  /** What a reconnecting client has: `initial_resource_versions`, or (as one) `version_info`. */
  readonly has?: Readonly<Record<string, string>>;
  readonly version?: string;
}

/** One stream in one variant. It keeps no state but what the variant wants repeated in every request. */
export interface Speaker {
  readonly delta: boolean;
  /** Asks for names and gives up names; both empty says nothing of names (delta), or repeats what is wanted (SotW). */
  ask(subscribe: readonly string[], unsubscribe: readonly string[], answering?: Answering): void;
  hear(): Promise<Heard>;
  close(): void;
}

/** Where a stream goes. */
export interface SpeakerOptions {
  readonly port: number;
  readonly over: Connection;
  readonly path: string | undefined;
  readonly type: string;
  /** Says the type in requests: needed on an aggregated stream only. */
  readonly saysType: boolean;
}

/** Name and content of a test resource: a first field with the text `name content`. */
export function readTest(bytes: Uint8Array | undefined): { readonly name: string; readonly content: string } {
  const text = new TextDecoder().decode(bytes?.subarray(2, 2 + (bytes[1] ?? 0)));
  const space = text.lastIndexOf(" ");
  return { name: text.slice(0, space), content: text.slice(space + 1) };
}
