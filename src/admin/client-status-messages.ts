/** The answer to one request for client status, as encoded messages of bounded size, made in pieces that never hold the event loop. */
import { setImmediate as breath } from "node:timers/promises";
import { Writer } from "protobufjs/minimal.js";
import { encode } from "../codec/encode.ts";
import type { ClientStatusRequest } from "../codec/generated/messages.ts";
import { clientConfig, resourceConfig } from "./client-status.ts";
import type { AdminModel } from "./model.ts";
import { nodeFits } from "./node-matcher.ts";

/** Work between two looks at the clock: well below 1 ms. */
const AT_ONCE = 64;

/** Work between two returns to the event loop, in ms: that of the Runner. */
const SLICE_MS = 8;

/** Field 1, length-delimited: ClientStatusResponse.config. */
const CONFIG = 0x0a;

/** What the service may know of the running system. */
export type StatusModel = Pick<AdminModel, "statuses" | "unassigned">;

/**
 * Messages of type ClientStatusResponse. Each is closed once it has `messageBytes`, so it is larger by less than what was encoded at once (one resource, if that
 * is large). Resources of one client that do not fit go on in the next message, under the same node; those of one message are one ClientConfig. Clients that no
 * fleet admits come last, without resources. At least one message, which is empty if nobody fits.
 * Memory: one message. The state is that of the moment at which each resource is looked up.
 * @throws BadRequest
 */
export async function* statusMessages(
  { nodeMatchers = [], excludeResourceContents = false }: ClientStatusRequest,
  model: StatusModel,
  messageBytes: number,
): AsyncGenerator<Buffer, void> {
  const fits = nodeFits(nodeMatchers);
  let message = new Message();
  let began = performance.now();
  let sent = 0;
  for (const { proxy, resources } of model.statuses(fits)) {
    const head = encode(CLIENT, clientConfig(proxy.node, proxy.fleet));
    message.open(head);
    for (const bytes of encoded(resources, !excludeResourceContents)) {
      if (message.bytes >= messageBytes) {
        yield message.take();
        sent++;
        message = new Message();
        message.open(head);
      }
      message.add(bytes);
      if (performance.now() - began < SLICE_MS) continue;
      await breath();
      began = performance.now();
    }
  }
  for (const { node } of model.unassigned()) if (fits(node)) message.open(encode(CLIENT, clientConfig(node, "")));
  if (message.bytes > 0 || sent === 0) yield message.take();
}

const CLIENT = "envoy.service.status.v3.ClientConfig";

/** Resources as fields of a ClientConfig; encodings of one message that are put behind each other are that message, and repeated fields add up. */
function* encoded(resources: Iterable<Parameters<typeof resourceConfig>[0]>, contents: boolean): Iterable<Uint8Array> {
  let batch = [];
  let weight = 0;
  for (const resource of resources) {
    const config = resourceConfig(resource, contents);
    if (config === undefined) continue;
    batch.push(config);
    weight += config.xdsConfig?.value?.length ?? 0;
    if (batch.length < AT_ONCE && weight < BATCH_BYTES) continue;
    yield encode(CLIENT, { genericXdsConfigs: batch });
    batch = [];
    weight = 0;
  }
  if (batch.length > 0) yield encode(CLIENT, { genericXdsConfigs: batch });
}

/** Contents encoded at once, in bytes. */
const BATCH_BYTES = 65_536;

/** A ClientStatusResponse as it grows. */
class Message {
  bytes = 0;
  readonly #done: Uint8Array[] = [];
  #client: Uint8Array[] = [];

  /** The next client begins. */
  open(head: Uint8Array): void {
    this.#close();
    this.add(head);
  }

  /** More of the client that is open. */
  add(part: Uint8Array): void {
    this.#client.push(part);
    this.bytes += part.length;
  }

  take(): Buffer {
    this.#close();
    return Buffer.concat(this.#done);
  }

  #close(): void {
    if (this.#client.length === 0) return;
    const length = this.#client.reduce((sum, part) => sum + part.length, 0);
    this.#done.push(Writer.create().uint32(CONFIG).uint32(length).finish().slice(), ...this.#client);
    this.#client = [];
  }
}
