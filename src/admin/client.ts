/** A client of the gRPC admin service, for the command line: what service.ts answers, with times as Date again. */
import { type Client, credentials, type ServiceError } from "@grpc/grpc-js";
import type { HostnameAnswer, ProblemAnswer, ProxyAnswer, StatusAnswer, WorkloadAnswer } from "./answers.ts";
import { adminService } from "./definition.ts";
import type { ExplainAnswer } from "./explain.ts";

/** What to look up: exactly one. */
export type LookupQuery =
  | { readonly workloadId: string }
  | { readonly workload: string }
  | { readonly hostId: string }
  | { readonly hostname: string };

type Call = (request: object, options: object, done: (cause: ServiceError | null, answer: object) => void) => void;

type CallingClient = Client & Readonly<Record<string, Call>>;

/** Fields that carry a google.protobuf.Timestamp. */
const TIMES: ReadonlySet<string> = new Set(["startedAt", "connectedAt", "since"]);

/** Every call rejects with grpc-js's ServiceError: UNAVAILABLE where nobody listens, DEADLINE_EXCEEDED, INVALID_ARGUMENT with the field and the remedy. */
export class AdminClient {
  readonly #client: CallingClient;
  readonly #timeoutMs: number;

  /** `address` as in `127.0.0.1:19101` or `unix:/run/signalbox.sock`. Connects with the first call. `timeoutMs` is for each call, default 5,000. */
  constructor(address: string, timeoutMs = 5_000) {
    // Unlimited, since proxies and problems come in one answer each.
    const options = { "grpc.max_receive_message_length": -1, "grpc.enable_channelz": 0 };
    this.#client = new (adminService())(address, credentials.createInsecure(), options) as CallingClient;
    this.#timeoutMs = timeoutMs;
  }

  /** Whether the replica serves, from what, and how much. */
  async status(): Promise<StatusAnswer> {
    return (await this.#call("GetStatus", {})) as StatusAnswer;
  }

  /** Why a hostname is served as it is. */
  async explain(hostname: string): Promise<ExplainAnswer> {
    return (await this.#call("Explain", { hostname })) as ExplainAnswer;
  }

  /** Workloads, and the hostnames they register. */
  async lookup(query: LookupQuery): Promise<readonly WorkloadAnswer[]> {
    return ((await this.#call("Lookup", query)) as { workloads: readonly WorkloadAnswer[] }).workloads;
  }

  /** All hostnames that contain a text, in order, asked for page by page as they are read. */
  async *hostnames(contains = ""): AsyncIterable<HostnameAnswer> {
    let pageToken = "";
    do {
      const page = (await this.#call("ListHostnames", { pageSize: 1000, pageToken, contains })) as {
        readonly hostnames: readonly HostnameAnswer[];
        readonly nextPageToken: string;
      };
      yield* page.hostnames;
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
  }

  /** Connected proxies. */
  async proxies(): Promise<readonly ProxyAnswer[]> {
    return ((await this.#call("ListProxies", {})) as { proxies: readonly ProxyAnswer[] }).proxies;
  }

  /** Everything that owners or administrators should put right. */
  async problems(): Promise<readonly ProblemAnswer[]> {
    return ((await this.#call("ListProblems", {})) as { problems: readonly ProblemAnswer[] }).problems;
  }

  /** Ends the connection. */
  close(): void {
    this.#client.close();
  }

  #call(method: string, request: object): Promise<unknown> {
    const deadline = Date.now() + this.#timeoutMs;
    return new Promise((resolve, reject) => {
      this.#client[method]?.(request, { deadline }, (cause, answer) => {
        if (cause === null) resolve(withDates(answer));
        else reject(cause);
      });
    });
  }
}

function withDates(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withDates);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [
    key,
    TIMES.has(key) ? dateOf(inner) : withDates(inner),
  ]);
  return Object.fromEntries(entries);
}

function dateOf(timestamp: unknown): Date | undefined {
  if (timestamp === null || timestamp === undefined) return undefined;
  const { seconds, nanos } = timestamp as { readonly seconds: number; readonly nanos: number };
  return new Date(seconds * 1000 + nanos / 1_000_000);
}
