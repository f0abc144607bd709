import assert from "node:assert/strict";
import { test } from "node:test";
import { Metrics } from "../../src/admin/metrics.ts";
import type { AdminModel } from "../../src/admin/model.ts";
import type { Problem } from "../../src/placement/problem.ts";
import { deployment, fakeModel, host, proxy, workload } from "./fake-model.ts";

const NOW = Date.UTC(2026, 0, 3);
const CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
const model = fakeModel({ records: [host(1), workload("w", "a.test"), deployment("d", "b.test")] });

/** Values by name and labels, of our own metrics only. */
async function valuesOf(metrics: Metrics): Promise<ReadonlyMap<string, number>> {
  const { text } = await metrics.exposition();
  const lines = text.split("\n").filter((line) => line.startsWith("signalbox_"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
}

test("what is asked of the model is as it is now", async () => {
  const values = await valuesOf(new Metrics(model, () => NOW));
  const wanted: Readonly<Record<string, number>> = {
    [`signalbox_build_info{version="1.2.3",node="${process.version}"}`]: 1,
    signalbox_ready: 1,
    signalbox_source_stale_seconds: 0,
    signalbox_hostnames_claimed: 2,
    'signalbox_hostnames{fleet="public"}': 2,
    'signalbox_hostnames{fleet="internal"}': 0,
    'signalbox_hostnames_without_endpoint{fleet="public"}': 1,
    'signalbox_endpoints{fleet="public",phase="ready"}': 1,
    'signalbox_endpoints{fleet="public",phase="draining"}': 0,
    'signalbox_proxies{fleet="public",transport="ads-delta"}': 2,
    'signalbox_proxies{fleet="internal",transport="ads-sotw"}': 0,
    'signalbox_proxies_current{fleet="public"}': 2,
    'signalbox_proxies_rejecting{fleet="public"}': 0,
  };
  for (const [name, value] of Object.entries(wanted)) assert.equal(values.get(name), value, name);
});

test("a proxy that keeps what was removed for the grace is current; one that has not acknowledged all there is, is not", async () => {
  const having = (serial: number, acknowledged: number) => {
    const whole = proxy(serial);
    return { ...whole, types: whole.types.map((type) => ({ ...type, acknowledged, leaving: 1 })) };
  };
  const changes: Partial<AdminModel> = { proxies: () => [having(1, 2), having(2, 1)] };
  const values = await valuesOf(new Metrics(fakeModel({ records: [], changes }), () => NOW));
  assert.equal(values.get('signalbox_proxies_current{fleet="public"}'), 1);
});

test("a stale source, problems and rejections are seen; what is solved goes", async () => {
  const problem = { subject: { kind: "Host", namespace: "", name: "h" }, cause: "c", remedy: "r" };
  const problems: Problem[] = [
    { ...problem, code: "host-unknown" },
    { ...problem, code: "host-unknown" },
    { ...problem, code: "hostname-taken" },
  ];
  const rejection = { type: CLUSTER, name: "a", of: undefined, version: "v", subject: undefined, detail: "d" };
  const changes: Partial<AdminModel> = {
    readiness: () => ({ ready: false, waitingFor: [] }),
    stale: () => ({ because: "b", forMs: 2_500 }),
    problems: () => problems,
    proxies: () => [proxy(1), proxy(2, [rejection])],
  };
  const metrics = new Metrics(fakeModel({ records: [], changes }), () => NOW);
  const values = await valuesOf(metrics);
  assert.equal(values.get("signalbox_ready"), 0);
  assert.equal(values.get("signalbox_source_stale_seconds"), 2.5);
  assert.equal(values.get('signalbox_problems{code="host-unknown"}'), 2);
  assert.equal(values.get('signalbox_proxies_current{fleet="public"}'), 1);
  assert.equal(values.get('signalbox_proxies_rejecting{fleet="public"}'), 1);
  problems.splice(0, 2);
  const later = await valuesOf(metrics);
  assert.equal(later.get('signalbox_problems{code="host-unknown"}'), undefined);
  assert.equal(later.get('signalbox_problems{code="hostname-taken"}'), 1);
});

test("what streams tell is counted by type", async () => {
  const metrics = new Metrics(model, () => NOW);
  const observer = metrics.observer();
  const label = proxy(1);
  const other = { type: "type.googleapis.com/envoy.service.runtime.v3.Runtime", nonce: "1" };
  observer.connected?.(label);
  observer.unassigned?.(label);
  observer.garbage?.("127.0.0.1:1", "r");
  observer.sent?.(label, { type: CLUSTER, nonce: "1", resources: 3, removals: 2, bytes: 700 });
  observer.acknowledged?.(label, { type: CLUSTER, nonce: "1", waitedMs: 7 });
  observer.refused?.(label, { ...other, detail: "d" });
  observer.rejected?.(label, { ...other, name: "a", of: undefined, version: "v", subject: undefined, detail: "d" });
  const values = await valuesOf(metrics);
  const wanted: Readonly<Record<string, number>> = {
    signalbox_xds_connections_total: 1,
    signalbox_xds_unassigned_total: 1,
    signalbox_xds_garbage_total: 1,
    'signalbox_xds_responses_total{type="Cluster"}': 1,
    'signalbox_xds_responses_total{type="Listener"}': 0,
    'signalbox_xds_resources_sent_total{type="Cluster"}': 3,
    'signalbox_xds_removals_sent_total{type="Cluster"}': 2,
    'signalbox_xds_sent_bytes_total{type="Cluster"}': 700,
    'signalbox_xds_acknowledgements_total{type="Cluster"}': 1,
    'signalbox_xds_acknowledgement_seconds_bucket{le="0.005",type="Cluster"}': 0,
    'signalbox_xds_acknowledgement_seconds_bucket{le="0.01",type="Cluster"}': 1,
    'signalbox_xds_refusals_total{type="other"}': 1,
    'signalbox_xds_rejected_resources_total{type="other"}': 1,
  };
  for (const [name, value] of Object.entries(wanted)) assert.equal(values.get(name), value, name);
});

test("changes, reloads and certificates are told with their time", async () => {
  const metrics = new Metrics(model, () => NOW);
  metrics.hostnameChanged("public");
  metrics.hostnameChanged("public");
  metrics.reloaded("applied");
  metrics.reloaded("refused");
  const values = await valuesOf(metrics);
  const wanted: Readonly<Record<string, number>> = {
    'signalbox_hostname_changes_total{fleet="public"}': 2,
    'signalbox_last_change_timestamp_seconds{fleet="public"}': NOW / 1000,
    'signalbox_reloads_total{result="applied"}': 1,
    'signalbox_reloads_total{result="refused"}': 1,
    signalbox_last_reload_timestamp_seconds: NOW / 1000,
  };
  for (const [name, value] of Object.entries(wanted)) assert.equal(values.get(name), value, name);
});

test("no label is a proxy or a hostname, however many there are", async () => {
  const series = async (count: number): Promise<number> => {
    const records = Array.from({ length: count }, (_, at) => workload(`w${at}`, `h${at}.test`));
    const proxies = Array.from({ length: count }, (_, at) => proxy(at));
    const metrics = new Metrics(fakeModel({ records, changes: { proxies: () => proxies } }), () => NOW);
    for (const one of proxies) metrics.observer().connected?.(one);
    return (await valuesOf(metrics)).size;
  };
  assert.equal(await series(50), await series(2));
});

test("the event loop's delay and the process are there too, and every metric has a help text", async () => {
  const { text, contentType } = await new Metrics(model, () => NOW).exposition();
  assert.match(contentType, /^text\/plain; version=0\.0\.4/);
  assert.match(text, /^nodejs_eventloop_lag_p99_seconds /m);
  const types = text.match(/^# TYPE signalbox_\S+/gm) ?? [];
  assert.ok(types.length > 20);
  for (const type of types) assert.match(text, new RegExp(`^${type.replace("# TYPE", "# HELP")} \\S.*[.:]?`, "m"));
});
