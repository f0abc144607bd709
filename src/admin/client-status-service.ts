/** The Client Status Discovery Service (envoy.service.status.v3): what each connected client was sent and how it answered, for generic tools. */
import { once } from "node:events";
import {
  type MethodDefinition,
  type Server,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { DecodeError, decode } from "../codec/decode.ts";
import type { ClientStatusRequest } from "../codec/generated/messages.ts";
import { BadRequest } from "./bad-request.ts";
import { type StatusModel, statusMessages } from "./client-status-messages.ts";

const SERVICE = "envoy.service.status.v3.ClientStatusDiscoveryService";

/** What gRPC clients take in one message unless told otherwise. */
const FETCH_BYTES = 4_194_304;

/** Of a message on a stream: far below that, so that none exceeds it by its last resource unless that is as large by itself. */
const MESSAGE_BYTES = 1_048_576;

/**
 * Adds both calls to a server.
 * - `FetchClientStatus` answers in one message, or not at all (RESOURCE_EXHAUSTED, with what to do) where that would be more than clients take by default.
 * - `StreamClientStatus` answers each request in as many messages as it takes, one request after the other and no faster than the client reads.
 * - Neither holds the event loop, however many clients and resources there are.
 */
export function addClientStatus(
  server: Server,
  model: StatusModel,
  onError: (method: string, cause: unknown) => void,
): void {
  const refusal = (method: string, cause: unknown) => {
    if (cause instanceof BadRequest) return { code: cause.code, details: cause.message };
    if (cause instanceof DecodeError) return { code: status.INVALID_ARGUMENT, details: cause.message };
    onError(method, cause);
    return { code: status.INTERNAL, details: "a fault of Signalbox; its log tells more" };
  };
  const fetch = async (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): Promise<void> => {
    try {
      done(null, await wholeAnswer(requestOf(call.request), model));
    } catch (cause) {
      done(refusal("FetchClientStatus", cause));
    }
  };
  const stream = async (call: ServerDuplexStream<Buffer, Buffer>): Promise<void> => {
    const gone = new AbortController();
    for (const event of ["cancelled", "close", "error"] as const) call.once(event, () => gone.abort());
    try {
      for await (const request of call.iterator({ destroyOnReturn: false })) // a refusal is still to be told
        for await (const message of statusMessages(requestOf(request as Buffer), model, MESSAGE_BYTES)) {
          if (gone.signal.aborted) return;
          if (!call.write(message)) await once(call, "drain", { signal: gone.signal });
        }
      call.end();
    } catch (cause) {
      if (!gone.signal.aborted) call.emit("error", refusal("StreamClientStatus", cause));
    }
  };
  server.addService(
    {
      FetchClientStatus: method("FetchClientStatus", false),
      StreamClientStatus: method("StreamClientStatus", true),
    },
    { FetchClientStatus: fetch, StreamClientStatus: stream },
  );
}

async function wholeAnswer(request: ClientStatusRequest, model: StatusModel): Promise<Buffer> {
  let answer: Buffer | undefined;
  for await (const message of statusMessages(request, model, FETCH_BYTES)) {
    if (answer !== undefined || message.length > FETCH_BYTES)
      throw new BadRequest(
        `the answer has more than ${FETCH_BYTES} bytes: match fewer clients with node_matchers, set exclude_resource_contents, or call StreamClientStatus, which answers in several messages`,
        status.RESOURCE_EXHAUSTED,
      );
    answer = message;
  }
  return answer ?? Buffer.alloc(0);
}

const requestOf = (bytes: Buffer): ClientStatusRequest => decode("envoy.service.status.v3.ClientStatusRequest", bytes);

/** Bytes on both sides: messages are encoded and decoded by our own codec. */
function method(name: string, streams: boolean): MethodDefinition<Buffer, Buffer> {
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    ...{ path: `/${SERVICE}/${name}`, requestStream: streams, responseStream: streams },
    ...{ requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same },
  };
}
