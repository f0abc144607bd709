/**
 * A plain proxy that follows `Ready`, as wasmCloud's runtime-gateway 2.7.0 does: what Signalbox is compared with. A process of its own; its argument is
 * FollowsReadyOptions as JSON. Written from that gateway's behaviour:
 * - a Workload counts when it is Placed and Ready and not being deleted, a Host when it is Ready and not being deleted;
 * - the Host header picks the hostname, exactly; one of its workloads is chosen by chance for each request, and its host is asked, once;
 * - nobody to ask: 503 `No backend available`; an error on the way: 502 `Gateway Error`. HTTP/1.1 only; nothing is asked twice, and there is no connect time-out.
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { accessOf } from "../cluster/kube-api.ts";
import { ObjectCache } from "../cluster/object-cache.ts";
import { conditionOf, type Host, isDeleting, type Workload } from "../cluster/objects.ts";
import { eventLine } from "../event.ts";
import { componentOf } from "../hosts/component.ts";
import { tellLag } from "../loop-lag.ts";

export interface FollowsReadyOptions {
  readonly kubeconfig: string;
}

const isServed = (workload: Workload): boolean =>
  !isDeleting(workload) && conditionOf(workload, "Placement") === "True" && conditionOf(workload, "Ready") === "True";

const isUsed = (host: Host): boolean => !isDeleting(host) && conditionOf(host, "Ready") === "True";

/** Workloads of each hostname and hosts by their IDs, as the objects are now. */
class Routes {
  readonly #workloads = new Map<string, Map<string, string>>();
  readonly #hosts = new Map<string, Host>();

  follow(workloads: ObjectCache<Workload>, hosts: ObjectCache<Host>): void {
    workloads.onChange((now, before) => {
      if (before !== undefined) this.#change(before, (served, uid) => served.delete(uid));
      if (now !== undefined && isServed(now))
        this.#change(now, (served, uid) => served.set(uid, now.status?.hostId ?? ""));
    });
    hosts.onChange((now, before) => {
      if (before !== undefined && this.#hosts.get(before.hostId)?.metadata.uid === before.metadata.uid)
        this.#hosts.delete(before.hostId);
      if (now !== undefined && isUsed(now)) this.#hosts.set(now.hostId, now);
    });
  }

  #change({ spec, metadata }: Workload, change: (served: Map<string, string>, uid: string) => void): void {
    const [hostname] = componentOf(spec, metadata.namespace).names;
    if (hostname === undefined) return;
    const served = this.#workloads.get(hostname) ?? new Map<string, string>();
    this.#workloads.set(hostname, served);
    change(served, metadata.uid);
  }

  hostFor(hostname: string): Host | undefined {
    const hosts = [...(this.#workloads.get(hostname)?.values() ?? [])].flatMap((id) => this.#hosts.get(id) ?? []);
    return hosts[Math.floor(Math.random() * hosts.length)];
  }
}

function forward(incoming: IncomingMessage, answer: ServerResponse, host: Host | undefined, agent: Agent): void {
  if (host === undefined) {
    incoming.resume();
    answer.writeHead(503, { "content-type": "text/plain; charset=utf-8" }).end("No backend available\n");
    return;
  }
  const { method, url, headers } = incoming;
  const outgoing = request({ host: host.hostname, port: host.httpPort, method, path: url, headers, agent });
  outgoing.setNoDelay(true);
  outgoing.on("response", (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(answer);
    response.on("error", () => answer.destroy());
    response.on("close", () => response.complete || answer.destroy());
  });
  outgoing.on("error", () => {
    if (answer.headersSent) answer.destroy();
    else answer.writeHead(502, { connection: "close" }).end("Gateway Error\n");
  });
  answer.on("close", () => answer.writableFinished || outgoing.destroy());
  incoming.pipe(outgoing);
}

async function main({ kubeconfig }: FollowsReadyOptions): Promise<void> {
  const access = await accessOf(kubeconfig);
  const workloads = new ObjectCache<Workload>(access, "Workload");
  const hosts = new ObjectCache<Host>(access, "Host");
  const routes = new Routes();
  routes.follow(workloads, hosts);
  await Promise.all([workloads.start(), hosts.start()]);
  const agent = new Agent({ keepAlive: true });
  const server = createServer({ noDelay: true }, (incoming, answer) =>
    forward(incoming, answer, routes.hostFor(incoming.headers.host ?? ""), agent),
  );
  server.keepAliveTimeout = server.headersTimeout = server.requestTimeout = 0;
  const tell = (text: string): void => console.log(eventLine(text));
  tellLag(tell);
  server.listen(0, "127.0.0.1", () => tell(`listens on 127.0.0.1:${(server.address() as AddressInfo).port}`));
}

if (import.meta.main) await main(JSON.parse(process.argv[2] ?? "{}") as FollowsReadyOptions);
