/** The reference of the metrics, from what Prometheus is given. */
import { Metrics } from "../../src/admin/metrics.ts";
import { HANDSHAKE_FAILURES } from "../../src/xds/handshake-failure.ts";
import { proxy } from "../../test/admin/fake-model.ts";
import { blockOf, originOf, tableOf } from "./markdown.ts";
import { PROBLEM_ROWS } from "./problem-table.ts";
import { sampleModel } from "./sample-model.ts";

/** What the values of a label are. A label that is not here fails the page. */
const LABELS: Readonly<Record<string, string>> = {
  certificate: "`own`, or `ca`: the last authority to expire, after which no Envoy is admitted",
  code: "a code of [problems.md](problems.md)",
  fleet: "a name in `fleets`",
  limit:
    "an option of `xds.limits`; `maxRequestBytes` (more than twice as much has come of requests that are not whole), `offences` (a connection was cut for 100 streams that were refused or ended) or `stalled` (for a response never taken)",
  node: "version of Node",
  phase: "`ready` or `draining`",
  reason: HANDSHAKE_FAILURES.map((reason) => `\`${reason}\``).join(", "),
  result:
    "`applied` or `refused` (a configuration, certificates); `written`, `failed` or `restored` (a state on disk); `created`, `repeated`, `failed` or `left-out`, being too many at once (an Event)",
  transport: "`ads-delta`, `ads-sotw`, `separate-delta` or `separate-sotw`",
  type: "`Cluster`, `ClusterLoadAssignment`, `Listener`, `RouteConfiguration`, `ScopedRouteConfiguration` or `other`",
  version: "version of Signalbox",
};

/** Metrics of the process that are worth knowing beside those of Signalbox, whose names all begin with `signalbox_`. */
const OF_NODE: Readonly<Record<string, string>> = {
  nodejs_eventloop_lag_p99_seconds:
    "How late the event loop was, 99th percentile. Everything waits for it; more than 0.05 is too much.",
  process_resident_memory_bytes: "Memory of the process.",
  process_cpu_seconds_total: "CPU time of the process.",
};

interface Alert {
  readonly name: string;
  readonly expression: string;
  /** How long it must hold, as Prometheus writes it. */
  readonly lasts: string;
  readonly meaning: string;
}

/** Alerts worth having. Every metric and label in them must exist, which the test holds. */
export const ALERTS: readonly Alert[] = [
  {
    name: "SignalboxServesNobody",
    expression: "absent(signalbox_ready == 1)",
    lasts: "2m",
    meaning:
      "No replica serves proxies. Envoys go on with what they have, so nothing fails yet; but placement that moves is not followed, and an Envoy that starts does not become ready. `/readyz` tells what is missing.",
  },
  {
    name: "SignalboxStale",
    expression: "signalbox_source_stale_seconds > 60",
    lasts: "1m",
    meaning:
      "The API server, or the folder, cannot be read. What was known is still served. `stale` in `/debug/status` tells why and what to do.",
  },
  {
    name: "SignalboxProxyRejects",
    expression: "signalbox_proxies_rejecting > 0",
    lasts: "5m",
    meaning:
      "An Envoy refused a resource and stays at the one before. `/debug/proxies` has its own words and the object; the others are not affected.",
  },
  {
    name: "SignalboxProxiesBehind",
    expression:
      "sum by (job, instance, fleet) (signalbox_proxies_current) < 0.9 * sum by (job, instance, fleet) (signalbox_proxies)",
    lasts: "5m",
    meaning:
      "More than a tenth of a fleet's Envoys do not acknowledge what they are sent: they are overloaded, frozen, or behind a broken network. `oldestPendingMs` in `/debug/proxies` tells which.",
  },
  {
    name: "SignalboxCertificateExpires",
    expression: "min by (job) (signalbox_xds_certificate_expiry_timestamp_seconds) - time() < 7 * 86400",
    lasts: "1h",
    meaning:
      "The certificate of the xDS port, or the authority of its clients, expires within a week, and Envoys will not connect any more. Those connected go on until their connection is too old, and then with what they have. If the files are renewed already, the log tells why they are not taken. Shorten the week where certificates live for days.",
  },
  {
    name: "SignalboxHostnamesLost",
    expression:
      "signalbox_hostnames_without_endpoint - signalbox_hostnames_without_endpoint offset 10m > 0.1 * signalbox_hostnames",
    lasts: "1m",
    meaning:
      "Within ten minutes more than a tenth of a fleet's hostnames lost their last endpoint and answer 503. Look at the hosts; `/debug/explain?hostname=` tells for each what is missing.",
  },
];

/** docs/metrics.md: every metric there is. */
export async function metricsPage(): Promise<string> {
  const { text } = await fullMetrics().exposition();
  const all = metricsIn(text);
  const rows = all
    .filter(({ name }) => name.startsWith("signalbox_"))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, help, labels }) => [`\`${name}\``, type, labels.join(", "), help]);
  const labels = Object.entries(LABELS).map(([label, values]) => [label, values]);
  const node = Object.entries(OF_NODE).map(([name, meaning]) => {
    const metric = all.find((candidate) => candidate.name === name);
    if (metric === undefined) throw new Error(`there is no metric ${name} any more`);
    return [`\`${name}\``, metric.type, meaning];
  });
  return `# Metrics

${originOf("src/admin/metrics.ts", "src/admin/gauges.ts")}

\`GET /metrics\` of \`admin.address\`, for Prometheus. Every replica tells of itself: the proxies that are connected to it, and what it knows itself. Labels have
few values, all known beforehand; what one proxy or one hostname does is told by [/debug](admin.md).

${tableOf(["metric", "type", "labels", "meaning"], rows)}

## Labels

${tableOf(["label", "values"], labels)}

## Of the process

The usual metrics of a Node process are there too, among them:

${tableOf(["metric", "type", "meaning"], node)}

## Alerts

Six worth having, as a rule file of Prometheus:

${blockOf("yaml", ruleFile())}

${tableOf(
  ["alert", "what it means, and where to look"],
  ALERTS.map(({ name, meaning }) => [name, meaning]),
)}

Worth a look now and then, though nobody need get up at night: \`signalbox_problems\` (owners have something to put right; \`resource-invalid\` is ours),
\`increase(signalbox_xds_unassigned_total[1h])\` (an Envoy that no fleet selects), \`increase(signalbox_xds_denied_total[1h])\` (one whose certificate does not admit it), and \`increase(signalbox_reloads_total{result="refused"}[1h])\` (an edit of the
configuration that was not taken).
`;
}

function ruleFile(): string {
  const rules = ALERTS.map(
    ({ name, expression, lasts }) => `      - alert: ${name}\n        expr: ${expression}\n        for: ${lasts}`,
  );
  return ["groups:", "  - name: signalbox", "    rules:", ...rules].join("\n");
}

/** Metrics of a system in which everything has happened once, so that every label can be seen. */
function fullMetrics(): Metrics {
  const problems = Object.keys(PROBLEM_ROWS).map((code) => ({
    ...{ code: code as keyof typeof PROBLEM_ROWS, subject: { kind: "Host", namespace: "", name: "h" } },
    ...{ cause: "c", remedy: "r" },
  }));
  const metrics = new Metrics(sampleModel({ problems: () => problems }), () => 0);
  metrics.hostnameChanged("public");
  metrics.reloaded("applied");
  metrics.observer().connected?.(proxy(1));
  metrics.certificatesLoaded({ notAfterMs: 0, caNotAfterMs: 0 });
  metrics.observer().denied?.(proxy(1), { fleet: "public", denied: "" });
  return metrics;
}

/** A metric as the exposition describes it. */
export interface DescribedMetric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** The metrics of an exposition in Prometheus' text format. Throws for one of ours with a label that LABELS does not describe. */
export function metricsIn(text: string): readonly DescribedMetric[] {
  return [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \1 (\S+)((?:\n[^#\n].*)*)/gm)].map(
    ([, name = "", help = "", type = "", samples = ""]) => {
      const found = [...samples.matchAll(/[{,](\w+)="/g)].map(([, label = ""]) => label);
      const labels = [...new Set(found)].filter((label) => label !== "le");
      const unknown = labels.find((label) => name.startsWith("signalbox_") && LABELS[label] === undefined);
      if (unknown !== undefined) throw new Error(`${name}: LABELS does not say what the values of ${unknown} are`);
      return { name, type, help, labels };
    },
  );
}
