/** A consistent list of one resource, page by page: the way for API servers that cannot stream it. */
import type { Backoff } from "./backoff.ts";
import type { KubernetesClient } from "./client.ts";
import { ApiError } from "./failure.ts";
import { askedOf, fieldsOf, pathOf, type Resource } from "./resource.ts";

export interface ListSource {
  readonly client: KubernetesClient;
  readonly resource: Resource;
  readonly signal: AbortSignal;
  readonly answerMs: number;
  readonly backoff: Backoff;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Objects of one page, and the position that all pages of this list share. */
export interface ListPage {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
}

/** The most objects asked for at once, as client-go does. */
const PAGE_OBJECTS = 500;

/** Of the first page, whose objects may be of any size. */
const FIRST_PAGE_OBJECTS = 100;

/** What a page should weigh: parsing one is work in one piece, about 5 ms for this much. */
const PAGE_BYTES = 1_048_576;

/** How often one page is asked for again while the API server throttles us. Then the list begins anew. */
const PAGE_TRIES = 5;

/**
 * All pages of one list. They show one moment, that of the first request or later:
 * `resourceVersion` is not given, since 0 would be served from a cache of any age and without a limit.
 * Throws an ApiError; of code `expired` when paging took longer than the API server keeps history: begin anew.
 */
export async function* listPages(source: ListSource): AsyncGenerator<ListPage, void> {
  let limit = FIRST_PAGE_OBJECTS;
  let token = "";
  do {
    const bytes = await throttled(source, () => pageBytes(source, limit, token));
    const page = decode(bytes, source);
    yield page;
    token = page.continueToken;
    const objectBytes = bytes.length / Math.max(1, page.items.length);
    limit = Math.max(1, Math.min(PAGE_OBJECTS, Math.floor(PAGE_BYTES / objectBytes)));
  } while (token !== "");
}

/** Where the resource is now, told by a request of after this call: not before any position that was ever told, unless the API server's store was put back. */
export async function versionNow(source: Omit<ListSource, "backoff" | "sleep">): Promise<string> {
  return decode(await pageBytes(source, 1, ""), source).resourceVersion;
}

/** Asks again for one page only, since a list of many pages would else never end under throttling. */
async function throttled(source: ListSource, ask: () => Promise<Buffer>): Promise<Buffer> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError) || error.failure.code !== "throttled" || tries === PAGE_TRIES) throw error;
      await source.sleep(Math.max(source.backoff.next(), error.failure.retryAfterMs ?? 0), source.signal);
    }
  }
}

async function pageBytes(
  { client, resource, signal, answerMs }: Omit<ListSource, "backoff" | "sleep">,
  limit: number,
  token: string,
): Promise<Buffer> {
  const query = new URLSearchParams({ limit: String(limit), ...(token === "" ? {} : { continue: token }) });
  const asked = askedOf(resource, "list");
  // The whole page within the bound, not only its head: a connection may go half open in its middle.
  const late = AbortSignal.timeout(answerMs);
  const bounded = AbortSignal.any([signal, late]);
  const chunks: Buffer[] = [];
  try {
    const answer = await client.get(`${pathOf(resource)}?${query}`, { asked, signal: bounded, answerMs });
    for await (const chunk of answer) chunks.push(chunk);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ApiError && !late.aborted) throw error;
    const cause = late.aborted ? `nothing complete came within ${answerMs} ms` : (error as Error).message;
    throw new ApiError({
      code: late.aborted ? "silent" : "cut",
      cause: `a page of ${resource.plural} from ${client.server} was cut: ${cause}`,
      remedy: "Look at the API server and at what stands between; Signalbox lists anew",
    });
  }
  return Buffer.concat(chunks);
}

function decode(
  bytes: Buffer,
  { client, resource }: Pick<ListSource, "client" | "resource">,
): ListPage & { readonly continueToken: string } {
  let list: Readonly<Record<string, unknown>> | undefined;
  try {
    list = fieldsOf(JSON.parse(bytes.toString("utf8")));
  } catch {
    // Reported below, like everything else that is no list.
  }
  const metadata = fieldsOf(list?.["metadata"]);
  const [items, version, token] = [list?.["items"] ?? [], metadata?.["resourceVersion"], metadata?.["continue"] ?? ""];
  if (!Array.isArray(items) || typeof version !== "string" || typeof token !== "string")
    throw new ApiError({
      code: "undecodable",
      cause: `a list of ${resource.plural} from ${client.server} is no list: ${JSON.stringify(bytes.toString("utf8", 0, 120))}`,
      remedy: "Look at what stands between: this is not an API server's answer",
    });
  return { items, resourceVersion: version, continueToken: token };
}
