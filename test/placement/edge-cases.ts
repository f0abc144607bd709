/**
 * Every edge case that wasmCloud's objects and clients' requests are known to produce, what Signalbox does, and the test that shows it.
 * docs/edge-cases.md is generated from this table; edge-cases.test.ts fails where a named test does not exist.
 */

/** One case. */
export interface EdgeCase {
  readonly section: "Hostname values" | "Requests" | "Host objects" | "Workload objects" | "Hazards towards Envoy";
  readonly case: string;
  /** What Signalbox does, in one sentence without a full stop. */
  readonly behaviour: string;
  /** The exact name of a test, or of a row of one of the request tables. */
  readonly test: string;
  /** Where that test or row is written. */
  readonly file: string;
}

type Row = readonly [given: string, behaviour: string, test: string, file: string];

const NAMES = "test/sources/hostname.test.ts";
const REGISTRATION = "test/sources/registration.test.ts";
const ADDRESSES = "test/sources/address-stage.test.ts";
const PROJECTION = "test/sources/projection.test.ts";
const REQUESTS = "test/envoy/rows/hostname-rows.ts";
const HEADERS = "test/envoy/rows/header-rows.ts";
const STREAMS = "test/envoy/rows/stream-rows.ts";
const RESTARTS = "test/serve/restart-amid-loss.test.ts";
const PLACER = "test/placement/placer.test.ts";
const PHASE = "test/placement/phase.test.ts";
const EXPOSURE = "test/placement/exposure.test.ts";
const OWNERSHIP = "test/placement/ownership.test.ts";
const HOSTS = "test/placement/index/host-table.test.ts";
const PROBLEMS = "test/placement/problems.test.ts";
const HOLD = "test/placement/hold/hold.test.ts";
const PARTING = "test/placement/hold/parting.test.ts";

// biome-ignore format: a table is read by its rows
const hostnameValues: readonly Row[] = [
  ["`Foo.Example.COM`", "matched in any case; upstream goes the spelling that the endpoint's workload registered", 'hostname "Foo.Example.COM" (15): compared in lower case', NAMES],
  ["two workloads, `foo.com` and `FOO.com`", "one hostname; each endpoint gets the spelling registered there, and the younger spelling is reported", "foo.com and FOO.com are one hostname: each endpoint gets the spelling registered there", EXPOSURE],
  ["trailing dot, `foo.com.`", "refused and reported; a request's trailing dot is ignored", 'hostname "foo.com." (8): the host refuses a trailing dot', NAMES],
  ["port, `foo.com:8080`", "refused and reported; a request's port is ignored", 'hostname "foo.com:8080" (12): hosts strip ports from requests', NAMES],
  ["internationalised, `bücher.de`", "refused and reported with its `xn--` form, which is accepted", 'hostname "bücher.de" (9): clients send the xn-- form', NAMES],
  ["wildcard, `*.foo.com` or `*`", "refused and reported: Envoy would give it everybody's names", 'hostname "*.foo.com" (9): Envoy would hand it everybody\'s names', NAMES],
  ["empty or white space", "refused and reported", 'hostname "  " (2): white space alone is no name', NAMES],
  ["underscore, leading hyphen, label over 63 bytes, name over 253", "refused and reported by the rule that hosts use", "a hostname is taken exactly when the host's own rule takes it", NAMES],
  ["control characters", "refused and reported, so they never reach Envoy", 'hostname "foo.com\\nx: y" (12): it would be rejected together with its neighbours', NAMES],
  ["IPv4 address", "accepted as a name like any other", 'hostname "127.0.0.1" (9): a host registers it', NAMES],
  ["IPv6 address", "refused and reported", 'hostname "[::1]" (5): hosts refuse IPv6 addresses', NAMES],
  ["`localhost` and other single labels", "accepted", 'hostname "localhost" (9): a single label will do', NAMES],
  ["comma list, `a.com,b.com`", "refused and reported with a hint to `host-aliases`", 'hostname "a.com,b.com" (11): a list goes into host-aliases', NAMES],
  ["path, `a.com/x`", "refused and reported: hosts route by hostname alone", 'hostname "a.com/x" (7): hosts route by hostname alone', NAMES],
  ["no `host`, only `address`", "serves no hostname, and is reported", "registration: missing host, only address", REGISTRATION],
  ["`host` from `configFrom` or `secretFrom`", "not read, but reported, since it may override what is written", "registration: host from configFrom", REGISTRATION],
  ["`host-aliases`", "each is a hostname like `host`; invalid ones are reported and the others stay", "registration: host-aliases follow the host, trimmed", REGISTRATION],
  ["aliases injected by the operator (`kubernetes.service`)", "followed: they replace those written", "registration: aliases injected by the operator replace those written", REGISTRATION],
  ["several `wasi:http` entries", "the first that serves requests counts, as for the host", "registration: several wasi:http entries: the first that serves counts", REGISTRATION],
  ["`handler` (WASI 0.3)", "served like `incoming-handler`", "registration: p3 handler", REGISTRATION],
  ["`outgoing-handler` only", "serves no hostname", "registration: outgoing-handler only", REGISTRATION],
  ["`host` edited after placement", "the object is followed: the new name is routed, although the host knows the old one until the workload is replaced", "an edited hostname moves with the object: the old name goes, the new one comes", PLACER],
  ["one hostname, many workloads of one namespace", "one pool; an address weighs as many as it has ready replicas", "several replicas on one address are one endpoint with their weight", EXPOSURE],
  ["one hostname, several namespaces", "one owns it: the administrator's rules first, then the oldest claim; losers are told and get no traffic", "owner: the older of two workloads", OWNERSHIP],
];

// biome-ignore format: a table is read by its rows
const requests: readonly Row[] = [
  ["Host with port", "the port is ignored, and stays in `X-Forwarded-Host`", "Host in any case, with port or trailing dot: served, the registered spelling goes upstream, the Host as sent into X-Forwarded-Host", REQUESTS],
  ["Host in upper case", "served; the registered spelling goes upstream", "Host in any case, with port or trailing dot: served, the registered spelling goes upstream, the Host as sent into X-Forwarded-Host", REQUESTS],
  ["no Host", "400", "no Host: 400, with HTTP/1.1 and with HTTP/1.0; HTTP/1.0 with one is served", REQUESTS],
  ["Host beside an absolute-form target", "the target's authority decides, as RFC 9112 wants it", "absolute-form request target: its authority decides, not the Host header (RFC 9112, 3.2.2)", REQUESTS],
  ["two Hosts, or an invalid one", "answered like an unknown hostname", "empty Host, two Hosts: as unknown", REQUESTS],
  ["unknown hostname", "404, or what the fleet says instead", "unknown hostname: the fleet's status and text, percent signs and all", REQUESTS],
  ["known hostname without an endpoint", "503 with a text of its own", "known hostname without an endpoint: 503 with a text of its own, as of runtime-gateway", REQUESTS],
  ["client sends `X-Workload-Id` or `X-Real-Ip`", "never passed on: removed or overwritten", "X-Workload-Id names the replica; a client's own value never arrives", HEADERS],
  ["WebSocket upgrade", "passed to the host, whose answer is heard", "WebSocket: a host that accepts is connected through, one that answers otherwise is heard; h2c upgrades are ignored, others refused", STREAMS],
  ["gRPC, HTTP/2", "served over HTTP/2 as the client speaks it, trailers included", "gRPC: messages and trailers pass; unknown hostname UNIMPLEMENTED, no endpoint and failed host UNAVAILABLE", STREAMS],
  ["streams of more than 600 s", "never cut by Envoy; a host of 2.7.0 ends those of services and pooled instances itself", "a stream that goes on is not cut, however long it lasts beside the idle bound; a silent one is", STREAMS],
];

// biome-ignore format: a table is read by its rows
const hostObjects: readonly Row[] = [
  ["`httpPort` 0 or missing", "not an endpoint, and reported", "not an endpoint: httpPort 0 or missing", ADDRESSES],
  ["`httpPort` above 65535 or negative", "not an endpoint, and reported", "not an endpoint: httpPort above 65535", ADDRESSES],
  ["`hostname` empty", "not an endpoint, and reported", "not an endpoint: hostname empty", ADDRESSES],
  ["IPv6 address with a zone", "not an endpoint, and reported; other IPv4 and IPv6 addresses are", "not an endpoint: hostname with zone id", ADDRESSES],
  ["DNS name", "resolved here and refreshed; the last good addresses stay on failure", "a DNS name gives all its addresses of one family, sorted, and IPv6 is not asked for where IPv4 will do", ADDRESSES],
  ["`hostname` with port, scheme or garbage", "not an endpoint, and reported", "not an endpoint: hostname with port", ADDRESSES],
  ["loopback, link-local or metadata address", "not an endpoint unless the administrator allows it by name", "not an endpoint: metadata address", ADDRESSES],
  ["Ready Unknown", "usable: one unanswered probe causes it", "Host Unknown: ready, serving", PHASE],
  ["Ready False, deleted or being deleted", "believed, unless much of the host group goes at once", "one host drained: believed at once", HOLD],
  ["drained: gone before its Workloads are", "they drain at its address until each is gone, as the operator stops them one after the other", "a drained Host is gone, and what is still to be stopped on it drains; with the last of them it is forgotten", PARTING],
  ["all Hosts lost at once (bus loss)", "doubted: what was lost drains for at most 120 s", "bus loss: from the first silence to the last deletion everything keeps serving as draining", HOLD],
  ["the same, and Signalbox restarts", "doubted on for what is left of the time, where a state is saved (`saved.file`)", "ended while it doubts: the next one doubts too, and so does the one after that", RESTARTS],
  ["lost, and Signalbox was away for longer than a hold lasts", "believed", "a saved state of an hour ago brings nothing back", RESTARTS],
  ["Host made anew with its hostId", "its workloads are placed on it again", "a Host made anew with its old hostId stands for it again", HOSTS],
  ["same name, new hostId", "the old hostId is gone", "same name, new hostId: the old hostId stands for nothing any more", HOSTS],
  ["two Hosts, one hostId", "the newest that is not being deleted counts; the other is reported", "standing: two Hosts with one hostId: the newest", HOSTS],
  ["two Hosts, one address", "the newest that is not being deleted owns it; workloads of the other are not served there", "standing: the newest owns the address", HOSTS],
  ["Host missing while its Workload is Ready", "no endpoint until the Host comes; reported", "a Workload seen before its Host is placed when the Host comes", PLACER],
  ["host serves TLS", "its host group is spoken to by TLS, beside groups without", "a host group with TLS, beside hosts without: each is spoken to in its own way, by HTTP/1.1 and by HTTP/2", STREAMS],
  ["host group, labels", "protocol and TLS by group; groups select what a fleet exposes", "exposed by its host's group: exists", EXPOSURE],
  ["only `lastSeen` changes", "nothing happens", "only lastSeen changes: the record is equal", PROJECTION],
];

// biome-ignore format: a table is read by its rows
const workloadObjects: readonly Row[] = [
  ["Placement True, Ready False (failed start)", "no endpoint", "Placement True, Ready False (failed start): absent, not-ready", PHASE],
  ["Sync False, Ready still True", "routed", "workload conditions: Sync False but Ready still True", PROJECTION],
  ["Ready goes from True to False", "removed at once; if much of the host group goes with it, it drains instead", "a workload that fails beside a running one on the same host is believed", HOLD],
  ["deletionTimestamp while Ready True", "drains at once: no new request while another endpoint is ready", "Workload deleting: draining, workload-deleting", PHASE],
  ["ReplicaSet superseded", "drains as soon as the current one is Ready, before anything is deleted", "superseded by a Ready ReplicaSet: draining, superseded", PHASE],
  ["ReplicaSet gone", "drains", "ReplicaSet gone: draining, replica-set-gone", PHASE],
  ["no owner, standalone Workload", "routed", "no owner at all: ready, serving", PHASE],
  ["hostId set, workloadId empty", "no endpoint: the start has not been answered", "hostId set, workloadId empty, Placement not answered: absent, not-placed", PHASE],
  ["hostId changed", "moves: the new host's endpoint for the old one's", "a workload placed on another host moves in one step", PLACER],
  ["hostId of no Host", "no endpoint, and reported", "host-unknown: told once for each workload, though it has several names", PROBLEMS],
  ["conditions empty, status missing, unknown conditions", "not ready; unknown ones are ignored", "workload conditions: missing status", PROJECTION],
  ["Ready True with differing observedGeneration", "ready", "workload conditions: Ready True with differing observedGeneration", PROJECTION],
  ["service exited (state COMPLETED, Ready True)", "routed like any ready workload; what the host answers is passed on", "an application's own 404, 502 and 503 pass as they are, and it stays in service", REQUESTS],
  ["no objects left after a new list", "Hosts and their Workloads vanishing together are doubted; Workloads alone are believed", "all hosts drained, workloads deleted with them: what was there stays until something ready is there", HOLD],
  ["finalizers of another gateway left over", "no replica and no claim any more, as soon as the operator has taken its own off", "finalizers of a Workload that is being deleted: another alone: the operator has stopped it", PROJECTION],
];

// biome-ignore format: a table is read by its rows
const hazards: readonly Row[] = [
  ["domains that differ by case only", "cannot happen: a hostname is compared in lower case, so there is one of each", "foo.com and FOO.com are one hostname: each endpoint gets the spelling registered there", EXPOSURE],
  ["text of tenants in resource names, domains and header values", "nothing but letters, digits, hyphens and dots gets that far", "a hostname is taken exactly when the host's own rule takes it", NAMES],
  ["`X-Workload-Id` where a host has several replicas", "set only where exactly one replica stands behind the address", "only admitted replicas become endpoints, and a replica among others on its host is not named", EXPOSURE],
];

const inSection = (section: EdgeCase["section"], rows: readonly Row[]): readonly EdgeCase[] =>
  rows.map(([given, behaviour, test, file]) => ({ section, case: given, behaviour, test, file }));

export const EDGE_CASES: readonly EdgeCase[] = [
  ...inSection("Hostname values", hostnameValues),
  ...inSection("Requests", requests),
  ...inSection("Host objects", hostObjects),
  ...inSection("Workload objects", workloadObjects),
  ...inSection("Hazards towards Envoy", hazards),
];
