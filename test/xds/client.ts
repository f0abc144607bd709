/** xDS clients over a real socket that do nothing by themselves: a test says what they ask and how they answer. */
import { Client, type ClientDuplexStream, credentials, type StatusObject } from "@grpc/grpc-js";
import { decode } from "../../src/codec/decode.ts";
import { encode } from "../../src/codec/encode.ts";
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
  Node,
} from "../../src/codec/generated/messages.ts";

const same = (bytes: Buffer): Buffer => bytes;
const PROBE = "type.googleapis.com/test.Probe";

/** One gRPC stream; `Response` is decoded. */
class Wire<Response extends { readonly typeUrl?: string | undefined }> {
  readonly received: Response[] = [];
  readonly ended: Promise<StatusObject>;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #waiting: (() => void)[] = [];
  #over = false;

  constructor(client: Client, path: string, read: (bytes: Buffer) => Response) {
    this.#call = client.makeBidiStreamRequest(path, same, same);
    this.#call.on("data", (bytes: Buffer) => {
      this.received.push(read(bytes));
      this.#tell();
    });
    this.#call.on("error", () => undefined);
    this.ended = new Promise((settle) => {
      this.#call.on("status", (status: StatusObject) => {
        this.#over = true;
        settle(status);
        this.#tell();
      });
    });
  }

  send(bytes: Uint8Array): void {
    this.#call.write(Buffer.from(bytes));
  }

  /** Stops reading, so that the server's writes back up. */
  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  close(): void {
    this.#call.cancel();
  }

  /** The next response not taken yet that fits. Rejects when the stream ends before. */
  async take(fits: (response: Response) => boolean): Promise<Response> {
    for (;;) {
      const at = this.received.findIndex(fits);
      const found = this.received[at];
      if (found !== undefined) {
        this.received.splice(at, 1);
        return found;
      }
      if (this.#over) throw new Error("the stream ended while a response was awaited");
      await new Promise<void>((settle) => this.#waiting.push(settle));
    }
  }

  #tell(): void {
    for (const settle of this.#waiting.splice(0)) settle();
  }
}

/** Where and as whom to connect. */
export interface ClientOptions {
  readonly port: number;
  readonly node?: Node;
  /** Path of the method; default: the aggregated one of the variant. */
  readonly path?: string;
  /** Shares another client's connection. */
  readonly over?: Client;
}

export const NODE: Node = {
  id: "edge-1",
  cluster: "edge",
  userAgentName: "envoy",
  userAgentBuildVersion: { version: { majorNumber: 1, minorNumber: 40 } },
};

/** A connection to the server, for one or more streams. */
export function connect(port: number): Client {
  return new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
}

/** A delta client. The node goes with the first request alone. */
export class DeltaClient {
  readonly wire: Wire<DeltaDiscoveryResponse>;
  readonly #client: Client;
  readonly #own: boolean;
  #node: Node | undefined;
  #probes = 0;

  constructor({ port, node = NODE, path, over }: ClientOptions) {
    this.#own = over === undefined;
    this.#client = over ?? connect(port);
    this.#node = node;
    this.wire = new Wire(
      this.#client,
      path ?? "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
      (bytes) => decode("envoy.service.discovery.v3.DeltaDiscoveryResponse", bytes),
    );
  }

  send(request: DeltaDiscoveryRequest): void {
    const node = this.#node;
    this.#node = undefined;
    this.wire.send(
      encode("envoy.service.discovery.v3.DeltaDiscoveryRequest", node === undefined ? request : { node, ...request }),
    );
  }

  subscribe(typeUrl: string, names: readonly string[], versions: Readonly<Record<string, string>> = {}): void {
    this.send({ typeUrl, resourceNamesSubscribe: names, initialResourceVersions: versions });
  }

  unsubscribe(typeUrl: string, names: readonly string[]): void {
    this.send({ typeUrl, resourceNamesUnsubscribe: names });
  }

  ack(response: DeltaDiscoveryResponse): void {
    this.send({ typeUrl: response.typeUrl, responseNonce: response.nonce });
  }

  nack(response: DeltaDiscoveryResponse, message: string): void {
    this.send({ typeUrl: response.typeUrl, responseNonce: response.nonce, errorDetail: { code: 3, message } });
  }

  /** The next response of a type. */
  next(typeUrl: string): Promise<DeltaDiscoveryResponse> {
    return this.wire.take((response) => response.typeUrl === typeUrl);
  }

  /** The next response of a type, acknowledged. */
  async accept(typeUrl: string): Promise<DeltaDiscoveryResponse> {
    const response = await this.next(typeUrl);
    this.ack(response);
    return response;
  }

  /**
   * Responses that came and were not taken, once the server has nothing more to say: it answers a question that is asked behind everything else,
   * and responses of one stream keep their order.
   */
  async rest(): Promise<readonly DeltaDiscoveryResponse[]> {
    const name = `probe-${++this.#probes}`;
    // Two rounds: an answer may have been given between two types' turns.
    for (const round of [1, 2]) {
      this.send({ typeUrl: PROBE, resourceNamesSubscribe: [`${name}-${round}`] });
      this.ack(await this.wire.take((response) => response.removedResources?.includes(`${name}-${round}`) ?? false));
    }
    return this.wire.received.splice(0);
  }

  close(): void {
    this.wire.close();
    if (this.#own) this.#client.close();
  }
}

/** A state-of-the-world client. */
export class SotwClient {
  readonly wire: Wire<DiscoveryResponse>;
  readonly #client: Client;
  readonly #own: boolean;
  #node: Node | undefined;
  #probes: string[] = [];
  #probeNonce = "";

  constructor({ port, node = NODE, path, over }: ClientOptions) {
    this.#own = over === undefined;
    this.#client = over ?? connect(port);
    this.#node = node;
    this.wire = new Wire(
      this.#client,
      path ?? "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources",
      (bytes) => decode("envoy.service.discovery.v3.DiscoveryResponse", bytes),
    );
  }

  send(request: DiscoveryRequest): void {
    const node = this.#node;
    this.#node = undefined;
    this.wire.send(
      encode("envoy.service.discovery.v3.DiscoveryRequest", node === undefined ? request : { node, ...request }),
    );
  }

  subscribe(typeUrl: string, resourceNames: readonly string[], versionInfo = ""): void {
    this.send({ typeUrl, resourceNames, versionInfo });
  }

  ack(response: DiscoveryResponse, resourceNames: readonly string[]): void {
    this.send({
      typeUrl: response.typeUrl,
      resourceNames,
      responseNonce: response.nonce,
      versionInfo: response.versionInfo,
    });
  }

  nack(response: DiscoveryResponse, resourceNames: readonly string[], message: string): void {
    const { typeUrl, nonce: responseNonce } = response;
    this.send({ typeUrl, resourceNames, responseNonce, errorDetail: { code: 3, message } });
  }

  next(typeUrl: string): Promise<DiscoveryResponse> {
    return this.wire.take((response) => response.typeUrl === typeUrl);
  }

  async accept(typeUrl: string, resourceNames: readonly string[]): Promise<DiscoveryResponse> {
    const response = await this.next(typeUrl);
    this.ack(response, resourceNames);
    return response;
  }

  /** Responses that came and were not taken, once the server has nothing more to say. */
  async rest(): Promise<readonly DiscoveryResponse[]> {
    for (const round of [1, 2]) {
      this.#probes = [...this.#probes, `probe-${round}-${this.#probes.length}`];
      this.send({ typeUrl: PROBE, resourceNames: this.#probes, responseNonce: this.#probeNonce });
      this.#probeNonce = (await this.next(PROBE)).nonce ?? "";
    }
    this.send({ typeUrl: PROBE, resourceNames: this.#probes, responseNonce: this.#probeNonce });
    return this.wire.received.splice(0);
  }

  close(): void {
    this.wire.close();
    if (this.#own) this.#client.close();
  }
}
