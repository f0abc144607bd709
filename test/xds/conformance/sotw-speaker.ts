/** State of the world, spoken by a test: every request repeats all names, the last nonce and the version in use. */
import type { DiscoveryRequest } from "../../../src/codec/generated/messages.ts";
import { SotwClient } from "../client.ts";
import { type Answering, type Heard, readTest, type Speaker, type SpeakerOptions } from "./speaker.ts";

export class SotwSpeaker implements Speaker {
  readonly delta = false;
  readonly #client: SotwClient;
  readonly #type: string | undefined;
  readonly #wanted = new Set<string>();
  #nonce = "";
  #version = "";

  constructor({ port, over, path, type, saysType }: SpeakerOptions) {
    this.#client = new SotwClient({ port, over, ...(path === undefined ? {} : { path }) });
    this.#type = saysType ? type : undefined;
  }

  ask(subscribe: readonly string[], unsubscribe: readonly string[], { nonce, error, version }: Answering = {}): void {
    for (const name of subscribe) this.#wanted.add(name);
    for (const name of unsubscribe) this.#wanted.delete(name);
    if (nonce !== undefined) this.#nonce = nonce;
    if (version !== undefined) this.#version = version;
    const request: DiscoveryRequest = {
      ...(this.#type === undefined ? {} : { typeUrl: this.#type }),
      resourceNames: [...this.#wanted],
      responseNonce: this.#nonce,
      versionInfo: this.#version,
      ...(error === undefined ? {} : { errorDetail: { code: 3, message: error } }),
    };
    this.#client.send(request);
  }

  async hear(): Promise<Heard> {
    const response = await this.#client.wire.take(() => true);
    return {
      type: response.typeUrl ?? "",
      nonce: response.nonce ?? "",
      version: response.versionInfo ?? "",
      resources: (response.resources ?? []).map(({ typeUrl = "", value }) => ({
        ...readTest(value),
        version: "",
        type: typeUrl,
      })),
      removed: [],
    };
  }

  close(): void {
    this.#client.close();
  }
}
