/** The incremental protocol, spoken by a test. */
import type { DeltaDiscoveryRequest } from "../../../src/codec/generated/messages.ts";
import { DeltaClient } from "../client.ts";
import { type Answering, type Heard, readTest, type Speaker, type SpeakerOptions } from "./speaker.ts";

export class DeltaSpeaker implements Speaker {
  readonly delta = true;
  readonly #client: DeltaClient;
  readonly #type: string | undefined;

  constructor({ port, over, path, type, saysType }: SpeakerOptions) {
    this.#client = new DeltaClient({ port, over, ...(path === undefined ? {} : { path }) });
    this.#type = saysType ? type : undefined;
  }

  ask(subscribe: readonly string[], unsubscribe: readonly string[], { nonce, error, has }: Answering = {}): void {
    const request: DeltaDiscoveryRequest = {
      ...(this.#type === undefined ? {} : { typeUrl: this.#type }),
      resourceNamesSubscribe: subscribe,
      resourceNamesUnsubscribe: unsubscribe,
      ...(nonce === undefined ? {} : { responseNonce: nonce }),
      ...(error === undefined ? {} : { errorDetail: { code: 3, message: error } }),
      ...(has === undefined ? {} : { initialResourceVersions: has }),
    };
    this.#client.send(request);
  }

  async hear(): Promise<Heard> {
    const response = await this.#client.wire.take(() => true);
    return {
      type: response.typeUrl ?? "",
      nonce: response.nonce ?? "",
      version: response.systemVersionInfo ?? "",
      resources: (response.resources ?? []).map(({ name = "", version = "", resource }) => ({
        ...readTest(resource?.value),
        name,
        version,
        type: resource?.typeUrl ?? "",
      })),
      removed: response.removedResources ?? [],
    };
  }

  close(): void {
    this.#client.close();
  }
}
