/** A worker that serves many Workloads of wasmCloud, streamed or in pages, so that measuring their reader does not measure their making. */
import { createServer, type ServerResponse } from "node:http";
import { setImmediate } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";

const { objects, hostnames, streams } = workerData as { objects: number; hostnames: number; streams: boolean };
const VERSION = "1000000";

/** About 900 bytes, as the operator writes them. */
function workload(i: number): string {
  const name = `app-${i % hostnames}-${i.toString(36).padStart(5, "0")}`;
  const condition = (type: string) => ({
    type,
    status: "True",
    reason: "Available",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  });
  return JSON.stringify({
    apiVersion: "runtime.wasmcloud.dev/v1alpha1",
    kind: "Workload",
    metadata: {
      name,
      namespace: `team-${i % 50}`,
      uid: `00000000-0000-4000-8000-${i.toString(16).padStart(12, "0")}`,
      resourceVersion: String(i + 1),
      creationTimestamp: "2026-01-01T00:00:00Z",
      finalizers: ["runtime.wasmcloud.dev/workload-finalizer"],
      ownerReferences: [
        {
          apiVersion: "runtime.wasmcloud.dev/v1alpha1",
          kind: "WorkloadReplicaSet",
          name: `app-${i % hostnames}`,
          uid: "u",
          controller: true,
        },
      ],
    },
    spec: {
      hostSelector: { hostgroup: "default" },
      components: [{ name: "http", image: "registry.test/app:1.0.0" }],
      hostInterfaces: [
        {
          namespace: "wasi",
          package: "http",
          interfaces: ["incoming-handler"],
          config: { host: `app-${i % hostnames}.example.test` },
        },
      ],
    },
    status: {
      hostId: `host-${i % 500}`,
      workloadId: `w-${i}`,
      environment: "prod",
      conditions: ["Config", "HostSelection", "Placement", "Sync", "Ready"].map(condition),
    },
  });
}

/** Waits for the reader: what is not read yet must not pile up here. */
async function write(response: ServerResponse, text: string): Promise<void> {
  while (response.writableNeedDrain && !response.destroyed) await setImmediate();
  response.write(text);
}

async function stream(response: ServerResponse): Promise<void> {
  for (let i = 0; i < objects && !response.destroyed; i += 50) {
    const lines = Array.from(
      { length: Math.min(50, objects - i) },
      (_, j) => `{"type":"ADDED","object":${workload(i + j)}}\n`,
    );
    await write(response, lines.join(""));
  }
  const annotations = { "k8s.io/initial-events-end": "true" };
  await write(
    response,
    `${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: VERSION, annotations } } })}\n`,
  );
}

function page(response: ServerResponse, from: number, limit: number): void {
  const to = Math.min(objects, from + limit);
  const items = Array.from({ length: to - from }, (_, j) => workload(from + j)).join(",");
  const metadata = { resourceVersion: VERSION, ...(to < objects ? { continue: String(to) } : {}) };
  response.end(`{"kind":"WorkloadList","metadata":${JSON.stringify(metadata)},"items":[${items}]}`);
}

const server = createServer((request, response) => {
  const query = new URL(request.url ?? "/", "http://localhost").searchParams;
  if (!query.has("watch")) page(response, Number(query.get("continue") ?? 0), Number(query.get("limit")));
  else if (!query.has("sendInitialEvents")) response.flushHeaders();
  else if (streams) void stream(response);
  else response.writeHead(422).end("{}");
});
server.listen(0, "127.0.0.1", () => parentPort?.postMessage((server.address() as { port: number }).port));
