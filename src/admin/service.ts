/** The gRPC admin service: what /debug tells, as the messages of proto/signalbox/admin/v1. On the same address: the Client Status Discovery Service. */
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import {
  hostnameAnswers,
  problemAnswer,
  proxyAnswer,
  statusAnswer,
  unassignedAnswer,
  workloadAnswer,
} from "./answers.ts";
import { BadRequest } from "./bad-request.ts";
import { addClientStatus } from "./client-status-service.ts";
import { adminService } from "./definition.ts";
import { explain } from "./explain.ts";
import { inSlices } from "./in-slices.ts";
import type { AdminModel } from "./model.ts";
import { afterOf, pageOf, tokenOf } from "./page.ts";

/** What the service needs. */
export interface AdminServiceOptions {
  /** `127.0.0.1:0`, `[::1]:19101` or `unix:/run/signalbox.sock`. Plaintext, so nothing that others can reach. */
  readonly address: string;
  readonly model: AdminModel;
  /** Told of calls that failed on our side; the client gets INTERNAL. */
  readonly onError: (method: string, cause: unknown) => void;
}

/** A listening service. */
export interface RunningAdminService {
  /** 0 for a unix socket. */
  readonly port: number;
  /** Ends calls that are under way. */
  close(): void;
}

/** Listens; rejects with the address and the operating system's error if it cannot. */
export async function serveAdminService({
  address,
  model,
  onError,
}: AdminServiceOptions): Promise<RunningAdminService> {
  const server = new Server({ "grpc.max_receive_message_length": 64 * 1024, "grpc.enable_channelz": 0 });
  const handlers = Object.entries(handlersOf(model)).map(([name, handler]) => [name, unary(name, handler, onError)]);
  server.addService(adminService().service, Object.fromEntries(handlers));
  addClientStatus(server, model, onError);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (cause, bound) => {
      if (cause === null) resolve(bound);
      else reject(new Error(`the admin service cannot listen on ${address}: ${cause.message}`, { cause }));
    });
  });
  return { port, close: () => server.forceShutdown() };
}

type Request = Readonly<Record<string, unknown>>;
type Handler = (request: Request) => object | Promise<object>;

const MAX_PAGE = 1000;
const USUAL_PAGE = 100;

function handlersOf(model: AdminModel): Readonly<Record<string, Handler>> {
  return {
    GetStatus: () => statusAnswer(model),
    Explain: ({ hostname }) => {
      if (hostname === "") throw new BadRequest("hostname: say which hostname to explain");
      return explain(String(hostname), model);
    },
    Lookup: (request) => ({ workloads: workloadsFor(request, model).map(workloadAnswer) }),
    ListHostnames: (request) => hostnamePage(request, model),
    ListProxies: () => ({
      proxies: model.proxies().map(proxyAnswer),
      unassigned: model.unassigned().map(unassignedAnswer),
    }),
    ListProblems: () => ({ problems: model.problems().map(problemAnswer) }),
  };
}

function workloadsFor({ query, workloadId, workload, hostId, hostname }: Request, model: AdminModel) {
  if (query === "workloadId") return model.findWorkloads({ id: String(workloadId) });
  if (query === "hostId") return model.findWorkloads({ hostId: String(hostId) });
  if (query === "hostname") return model.workloadsOf(String(hostname));
  const [namespace, name, ...rest] = String(workload).split("/");
  if (query !== "workload") throw new BadRequest("query: say one of workload_id, workload, host_id, hostname");
  if (!namespace || !name || rest.length > 0)
    throw new BadRequest(`workload: write ${JSON.stringify(workload)} as namespace/name`);
  return model.findWorkloads({ namespace, name });
}

async function hostnamePage({ pageSize, pageToken, contains }: Request, model: AdminModel): Promise<object> {
  const size = Number(pageSize) === 0 ? USUAL_PAGE : Number(pageSize);
  if (size > MAX_PAGE) throw new BadRequest(`page_size: at most ${MAX_PAGE}, is ${size}`);
  const page = pageOf(model.placement.keys(), {
    after: afterOf(String(pageToken)),
    size,
    contains: String(contains).toLowerCase(),
  });
  const hostnames = await inSlices(hostnameAnswers(page.names, model));
  return { hostnames, nextPageToken: tokenOf(page.last) };
}

function unary(name: string, handler: Handler, onError: AdminServiceOptions["onError"]) {
  return async (call: ServerUnaryCall<Request, object>, done: sendUnaryData<object>): Promise<void> => {
    try {
      done(null, asMessage(await handler(call.request)) as object);
    } catch (cause) {
      if (cause instanceof BadRequest) done({ code: cause.code, details: cause.message });
      else {
        onError(name, cause);
        done({ code: status.INTERNAL, details: "a fault of Signalbox; its log tells more" });
      }
    }
  };
}

/** An answer as protobuf takes it: times as seconds and nanoseconds, all else as it is. */
function asMessage(answer: unknown): unknown {
  if (answer instanceof Date) {
    const ms = answer.getTime();
    return { seconds: Math.floor(ms / 1000), nanos: (ms - Math.floor(ms / 1000) * 1000) * 1_000_000 };
  }
  if (Array.isArray(answer)) return answer.map(asMessage);
  if (typeof answer !== "object" || answer === null) return answer;
  return Object.fromEntries(Object.entries(answer).map(([key, value]) => [key, asMessage(value)]));
}
