/** docs/fanout.md: the tables, and what to make of them. Equal reports, equal pages. */
import { quantile } from "../quantile.ts";
import type { Figures, Plan, Return } from "./measure.ts";

/** A crowd at `signalbox serve`. */
export interface Served {
  readonly plan: Plan;
  readonly wire: "plaintext" | "mTLS";
  readonly figures: Figures;
  readonly back: Return;
}

/** The same crowd at the xDS server alone and at go-control-plane. */
export interface Compared {
  readonly plan: Plan;
  readonly own: Figures;
  readonly go: Figures;
}

export interface Report {
  readonly machine: string;
  readonly served: readonly Served[];
  readonly compared: readonly Compared[];
}

const count = (value: number): string => Math.round(value).toLocaleString("en");
const mib = (bytes: number): string => `${count(bytes / 1024 ** 2)} MiB`;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const quantiles = (ms: readonly number[]): string =>
  [0.5, 0.95, 0.99].map((q) => quantile(ms, q).toFixed(ms.length > 0 && quantile(ms, 0.5) < 10 ? 1 : 0)).join(" / ");
const ratio = (own: number, go: number): string => (go === 0 ? "" : `${(own / go).toFixed(2)}×`);
const blocked = (ms: number | undefined): string => (ms === undefined ? "" : `${count(ms)} ms`);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

interface Row {
  readonly what: string;
  readonly of: (served: Served) => string;
}

const ROWS: readonly Row[] = [
  {
    what: "connected, from nothing",
    of: ({ figures: { connected } }) => `${seconds(connected.ms)}, ${connected.cpu.toFixed(1)} s of CPU`,
  },
  { what: "sent to each at first", of: ({ figures: { connected } }) => `${count(connected.bytesEach / 1000)} kB` },
  {
    what: "RSS before, connected, most under load",
    of: ({ figures: { connected, rssMost } }) => [connected.rssBefore, connected.rssAfter, rssMost].map(mib).join(", "),
  },
  { what: "changes", of: ({ figures }) => count(figures.changes) },
  {
    what: "until all have acknowledged a change, p50 / p95 / p99 in ms",
    of: ({ figures }) => quantiles(figures.deliveredMs),
  },
  { what: "cores", of: ({ figures }) => figures.cores.toFixed(2) },
  { what: "CPU per change and proxy", of: ({ figures }) => `${figures.cpuEachUs.toFixed(1)} µs` },
  {
    what: "changes in one response",
    of: ({ plan, figures }) => ((figures.changes * plan.clients) / figures.messages).toFixed(1),
  },
  {
    what: "bytes per change and proxy",
    of: ({ plan, figures }) => count(figures.bytes / figures.changes / plan.clients),
  },
  { what: "longest block of the event loop", of: ({ figures }) => blocked(figures.blockMs) },
  {
    what: "all back at once after a restart: until every request was read",
    of: ({ back }) => `${seconds(back.ms)}, ${back.cpu.toFixed(1)} s of CPU`,
  },
  { what: "of these, ended by the server and come again", of: ({ back }) => count(back.again) },
  { what: "resources sent again to those that had them", of: ({ back }) => count(back.resources) },
  { what: "most RSS, longest block meanwhile", of: ({ back }) => `${mib(back.rssMost)}, ${blocked(back.blockMs)}` },
];

function servedTable(served: readonly Served[]): string {
  const head = served.map(
    ({ plan, wire }) =>
      `${count(plan.clients)} proxies, ${count(plan.hostnames)} hostnames, ${plan.rate}/s for ${plan.seconds} s, ${wire}`,
  );
  return table(
    ["", ...head],
    ROWS.map(({ what, of }) => [what, ...served.map(of)]),
  );
}

function comparedTable(compared: readonly Compared[]): string {
  const head = [
    "hostnames",
    "clients",
    "",
    "until all have acknowledged, p50 / p95 / p99 in ms",
    "CPU per change and client",
    "most RSS",
    "beyond its RSS without clients",
    "connecting all: CPU",
  ];
  const rows = compared.flatMap(({ plan, own, go }) => {
    const size = [count(plan.hostnames), count(plan.clients)];
    const cells = (figures: Figures) => [
      quantiles(figures.deliveredMs),
      `${figures.cpuEachUs.toFixed(0)} µs`,
      mib(figures.rssMost),
      mib(grown(figures)),
      `${figures.connected.cpu.toFixed(1)} s`,
    ];
    const p50 = (figures: Figures) => quantile(figures.deliveredMs, 0.5);
    return [
      [...size, "Signalbox", ...cells(own)],
      [...size, "go-control-plane", ...cells(go)],
      [
        ...size,
        "ratio",
        ratio(p50(own), p50(go)),
        ratio(own.cpuEachUs, go.cpuEachUs),
        ratio(own.rssMost, go.rssMost),
        ratio(grown(own), grown(go)),
        ratio(own.connected.cpu, go.connected.cpu),
      ],
    ];
  });
  return table(head, rows);
}

const grown = ({ rssMost, connected }: Figures): number => Math.max(1024 ** 2, rssMost - connected.rssBefore);

/** What was measured, as tables. */
export function tablesOf({ machine, served, compared }: Report): string {
  const parts = [`Measured on ${machine}; proxies and server on one machine.`];
  if (served.length > 0) parts.push("## A crowd at `signalbox serve`", servedTable(served));
  if (compared.length > 0) parts.push("## Beside go-control-plane", comparedTable(compared));
  return parts.join("\n\n");
}

export function pageOf(report: Report): string {
  return `# Fan-out

Written by \`npm run bench:fanout -- --write\`; do not edit.

Many proxies that only speak the protocol (delta ADS, a connection each, everything acknowledged at once) follow one server while hostnames move. A change counts from the moment the
server was told (the file was renamed; the function was called) until the last proxy has acknowledged it. CPU is the server's, user and system, as the kernel counts it.

${tablesOf(report)}

## How to read it
- \`serve\` reads a folder with one file per hostname, with the defaults of its configuration. Changes that come while a fan-out is under way go together: with more proxies, more of them in one response.
- Fewer changes than were asked for: the machine is full. Proxies and server have two cores between them, and whoever writes the changes waits its turn too.
- All back at once: the server is killed and started again, then every proxy connects in the same moment and tells what it has.
- mTLS: \`xds.tls\` with certificates as \`signalbox certgen\` makes them (ECDSA, P-256). Every client shows one, and shakes hands in full when it comes back: no session is resumed.
- Beside go-control-plane: the xDS server of \`src/xds\` alone, and a server on go-control-plane 0.14.0 (\`test/bench/go-control-plane\`): a MuxCache of LinearCaches, which serves this better than SnapshotCache does. Both are given
  the same resources and changes by a function call, one change at a time, and serve the same client process.
- A LinearCache keeps a map of names to versions for every subscription, looks through it for every response and every acknowledgement, and copies it for every response, all under one lock: its cost grows with hostnames times clients.
  Signalbox keeps bits and a position, so its cost per change does not depend on the number of hostnames. Both pay for a write and a read of a socket.
- Where one client follows few hostnames, most of what is measured is the process itself: a Node.js process begins at about 50 MiB of its own program, a Go process at next to nothing.
`;
}
