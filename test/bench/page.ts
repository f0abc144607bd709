/** docs/performance.md: the tables between words that tell how to read them. */
import { quantile } from "./quantile.ts";
import { type Report, reportOf, shapeText } from "./report.ts";

/** Equal reports, equal pages. */
export function pageOf(report: Report): string {
  const { moves, news, rate } = report.amounts;
  return `# Performance

Written by \`npm run bench -- --write\`; do not edit.

A client asks Envoy for one hostname, back to back over one connection, while the change is written. The time is taken from the write (the rename begins, the
API request is sent) to the first answer that names the new place; with several Envoys, until the last of them gives it. ${moves} moves and ${news} new hostnames each,
idle and while ${rate} other hostnames move per second; p50 / p95 / p99 in ms. A move changes where a hostname's one replica runs; a new hostname counts
from the write that makes its workload ready.

*Floor*: a minimal server in the place of Signalbox pushes the same bytes from memory when a function is called. What it takes is Envoy's and the client's own;
in brackets, how much longer Signalbox takes. *Folder*: one YAML file per hostname. *API server*: a real kube-apiserver and etcd; a WorkloadDeployment,
a WorkloadReplicaSet and a Workload per hostname.

${reportOf(report)}

## What bounds them
- The client asks every 0.2 to 0.4 ms and keeps Envoy, the host and itself busy with it, on the machine that everything else runs on too.
- The floor is Envoy taking an assignment in (a new hostname: cluster and assignment, their acknowledgements, then the route).
- API server: it answers a write only after etcd has it, and tells watchers at about the same time. ${answeredText(report)}
- Folder: the file that an event names is read at once; what takes longer is the turn of whatever else the event loop has to do.
- Many at once: the API server's writes (four per hostname) go before; after the last one, what is left is Envoy's work.
- Blocks of the event loop are seen by a timer: on a machine that is busy with something else they hold the time that others had the core.

## Beside it
Contour 1.33.8 with a real kube-apiserver 1.36.3 and Envoy 1.40.0, measured by ourselves on two cores of another day; one HTTPProxy, Service and EndpointSlice
per hostname, the same client:

| | 200 hostnames | 1,000 hostnames |
|---|---|---|
| all created at once (1.3 s, 4.4 s) until the last is served | 20.4 s | 42.8 s |
| move, idle: p50 / p95 / max | 7.7 / 10.5 / 12.1 ms | 6.7 / 10.7 / 11.9 ms |
| move, 25 others/s: p50 / p95 / max | | 2.9 / 13.1 / 20.5 ms |
| new, one every 0.6 s: p50 / max | 31 ms / 7.8 s | 83 / 155 ms (one run: 134 s) |
| answers other than 200 and 404 while 20 were added | 741 (503, no cluster) | 904 and 1,453 (503, no cluster) |
| RSS of Contour, of Envoy | 142, 128 MB | 433, 368 MB |
`;
}

/** How long the API server took to answer, which is part of what is measured after the request was sent. */
function answeredText({ results }: Report): string {
  const clusters = results.filter(({ system }) => system === "kubernetes");
  if (clusters.length === 0) return "It was not measured this time.";
  const texts = clusters.map(({ shape, figures: { moveIdle, moveLoaded } }) => {
    const [idle, loaded] = [moveIdle, moveLoaded].map(({ wroteMs }) => quantile(wroteMs, 0.5).toFixed(1));
    return `${idle} ms idle and ${loaded} ms under load with ${shapeText(shape)}`;
  });
  return `Its answer to a move took, at the median, ${texts.join("; ")}.`;
}
