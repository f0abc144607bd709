/** One watch request as a stream of decoded events. */
import { type KubernetesClient, silence } from "./client.ts";
import { ApiError, refusalOf } from "./failure.ts";
import { LineSplitter } from "./lines.ts";
import { askedOf, fieldsOf, identityOf, type ObjectIdentity, pathOf, type Resource } from "./resource.ts";

/** What an API server tells of one object. An ERROR is thrown and a BOOKMARK without an object's name is no object. */
export type WatchEvent =
  | { readonly type: "put" | "remove"; readonly identity: ObjectIdentity; readonly object: unknown }
  | { readonly type: "bookmark"; readonly resourceVersion: string; readonly initialEnd: boolean };

export interface WatchSource {
  readonly client: KubernetesClient;
  readonly resource: Resource;
  readonly signal: AbortSignal;
  readonly answerMs: number;
  /** See GetOptions. */
  readonly fresh?: boolean;
  /** A stream silent for longer is taken for half open, in ms. */
  readonly idleMs: number;
  /** After how long the API server is to end the watch, in s. */
  readonly timeoutSeconds: number;
  readonly maxLineBytes: number;
}

/**
 * Opens a watch from `resourceVersion`, or with `undefined` one that first tells every object there is, as of a moment not before this
 * request, then a bookmark with `initialEnd` ("streaming lists", Kubernetes 1.32 by default).
 * Resolves when the API server has answered 200. The events of one network chunk come together.
 * The stream ends when the API server ends it between two lines, and throws an ApiError otherwise: `expired` (position too old, list anew),
 * `undecodable` (something was lost, list anew), `silent`, `cut`, or what an ERROR event says.
 */
export async function openWatch(
  source: WatchSource,
  resourceVersion: string | undefined,
): Promise<AsyncGenerator<readonly WatchEvent[], void>> {
  const query = new URLSearchParams({
    watch: "true",
    allowWatchBookmarks: "true",
    timeoutSeconds: String(source.timeoutSeconds),
    ...(resourceVersion === undefined
      ? { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" }
      : { resourceVersion }),
  });
  const idle = new AbortController();
  const signal = AbortSignal.any([source.signal, idle.signal]);
  const { answerMs, fresh = false } = source;
  const options = { asked: askedOf(source.resource, "watch"), signal, answerMs, fresh };
  const answer = await source.client.get(`${pathOf(source.resource)}?${query}`, options);
  return eventsOf(answer, source, idle);
}

async function* eventsOf(
  answer: AsyncIterable<Buffer>,
  source: WatchSource,
  idle: AbortController,
): AsyncGenerator<readonly WatchEvent[], void> {
  const splitter = new LineSplitter(source.maxLineBytes);
  const watchdog = setTimeout(() => idle.abort(silence(source.client.server, source.idleMs)), source.idleMs);
  try {
    for await (const chunk of answer) {
      watchdog.refresh();
      yield linesOf(splitter, chunk, source).map((line) => decode(line, source));
    }
  } catch (error) {
    source.signal.throwIfAborted();
    idle.signal.throwIfAborted();
    throw error instanceof ApiError ? error : cut(source, (error as Error).message);
  } finally {
    clearTimeout(watchdog);
  }
  if (splitter.pending) throw cut(source, "the connection ended in the middle of a line");
}

function linesOf(splitter: LineSplitter, chunk: Buffer, source: WatchSource): readonly Buffer[] {
  try {
    return splitter.push(chunk);
  } catch (error) {
    throw undecodable(source, (error as Error).message);
  }
}

function cut({ client, resource }: WatchSource, words: string): ApiError {
  return new ApiError({
    code: "cut",
    cause: `the watch of ${resource.plural} at ${client.server} was cut: ${words}`,
    remedy: "Look at the API server and at what stands between; Signalbox goes on from where it was",
  });
}

function undecodable({ client, resource }: WatchSource, words: string): ApiError {
  return new ApiError({
    code: "undecodable",
    cause: `an event of ${resource.plural} from ${client.server} cannot be read: ${words}`,
    remedy: "Look at what stands between: this is not an API server's answer. Signalbox lists anew",
  });
}

const TYPES: Readonly<Record<string, "put" | "remove">> = { ADDED: "put", MODIFIED: "put", DELETED: "remove" };

/** Marks the bookmark that ends the initial events (Kubernetes API concepts, "Streaming lists"). */
const INITIAL_END = "k8s.io/initial-events-end";

function decode(line: Buffer, source: WatchSource): WatchEvent {
  let event: Readonly<Record<string, unknown>> | undefined;
  try {
    event = fieldsOf(JSON.parse(line.toString("utf8")));
  } catch (error) {
    throw undecodable(source, (error as Error).message);
  }
  const object = event?.["object"];
  const name = String(event?.["type"]);
  const type = TYPES[name];
  if (type !== undefined) {
    const identity = identityOf(object);
    if (identity !== undefined) return { type, identity, object };
  } else if (name === "BOOKMARK") {
    const metadata = fieldsOf(fieldsOf(object)?.["metadata"]);
    const resourceVersion = metadata?.["resourceVersion"];
    if (typeof resourceVersion === "string")
      return {
        type: "bookmark",
        resourceVersion,
        initialEnd: fieldsOf(metadata?.["annotations"])?.[INITIAL_END] === "true",
      };
  } else if (name === "ERROR") throw errorEvent(fieldsOf(object), source);
  throw undecodable(source, `it begins ${JSON.stringify(line.toString("utf8", 0, 120))}`);
}

/** An ERROR carries a Status object. Expiry is told by code 410, or by its reason alone. */
function errorEvent(status: Readonly<Record<string, unknown>> | undefined, source: WatchSource): ApiError {
  const reason = status?.["reason"];
  const told = typeof status?.["code"] === "number" ? status["code"] : 500;
  const code = reason === "Expired" || reason === "Gone" ? 410 : told;
  const retryAfterSeconds = fieldsOf(status?.["details"])?.["retryAfterSeconds"];
  const retryAfterMs =
    typeof retryAfterSeconds === "number" && retryAfterSeconds > 0 ? retryAfterSeconds * 1000 : undefined;
  const message = status?.["message"];
  return new ApiError(
    refusalOf(code, typeof message === "string" ? message : "", askedOf(source.resource, "watch"), retryAfterMs),
  );
}
