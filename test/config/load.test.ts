import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parse } from "yaml";
import { loadSettings } from "../../src/config/load.ts";
import type { Settings } from "../../src/config/settings.ts";
import { problemText } from "../../src/placement/problem.ts";

const FILE = "/etc/signalbox/signalbox.yaml";

function settingsOf(text: string): Settings {
  const loaded = loadSettings(text, FILE);
  return "settings" in loaded ? loaded.settings : assert.fail(loaded.problems.map(problemText).join("\n"));
}

const SOURCE = "source: {folder: objects}\n";

test("everything but the source has a default", () => {
  assert.deepEqual(settingsOf(SOURCE), {
    source: { kind: "folder", folder: "/etc/signalbox/objects" },
    saved: { file: undefined, afterMs: 5_000, everyMs: 30_000 },
    xds: {
      address: { ip: "127.0.0.1", port: 18_000 },
      tls: undefined,
      plaintextOffLoopback: false,
      maxRequestBytes: 33_554_432,
      ackBoundMs: 10_000,
      graceMs: 30_000,
      bytesInFlight: 50_000_000,
      limits: {
        connections: 5_000,
        connectionsPerAddress: 2_000,
        idleMs: 60_000,
        streamsPerConnection: 10_000,
        typesPerStream: 32,
        namesPerRequest: 200_000,
        unknownNames: 100_000,
        nodeBytes: 262_144,
        requestsPerSecond: 2_000,
        detailBytes: 2_048,
        stallMs: 2_000,
      },
    },
    admin: { address: { ip: "127.0.0.1", port: 19_100 }, grpcAddress: undefined },
    log: { level: "info" },
    placement: { policy: { ownership: [] }, hold: { holdMs: 120_000, windowMs: 90_000, lostShare: 0.3 } },
    hosts: { allowedNetworks: [], overrides: [], groups: [], dnsRefreshMs: 30_000, dnsFirstMs: 5_000 },
    fleets: [
      {
        name: "default",
        proxies: { cluster: undefined, idPattern: undefined, metadata: {}, sans: [] },
        view: {
          name: "default",
          exposes: { namespaces: [], hostnames: [], labels: {}, annotations: {}, environments: [], hostGroups: [] },
          contaminated: "refuse",
        },
        layout: "auto",
        endpoints: "auto",
        xdsCluster: undefined,
        spec: {
          name: "default",
          listeners: [
            { name: "http-8080", address: "0.0.0.0", port: 8080, trustedHops: 0, proxyProtocol: false, tls: undefined },
          ],
          unknownHostname: { respond: { status: 404, body: "" } },
          hostGroups: [],
          traffic: {
            connectTimeoutMs: 1_000,
            routeTimeoutMs: 0,
            streamIdleTimeoutMs: 300_000,
            hedgeAfterMs: 10_000,
            retries: 3,
          },
          contour: undefined,
          accessLog: true,
        },
      },
    ],
  } satisfies Settings);
});

const LIMITS =
  "{connections: 0, connectionsPerAddress: 0, idleMs: 0, streamsPerConnection: 1, typesPerStream: 2, namesPerRequest: 1000, unknownNames: 100, nodeBytes: 1024, requestsPerSecond: 0, detailBytes: 100, stallMs: 100}";

const FULL = `source:
  kubernetes: {namespaces: [wasmcloud-system, shop], kubeconfig: ../kubeconfig, context: blue, events: false, leaseNamespace: signalbox}
xds:
  {address: "0.0.0.0:18000", maxRequestBytes: 65536, ackBoundMs: 0, graceMs: 0, bytesInFlight: 1000000, limits: ${LIMITS}, tls: {certFile: tls/tls.crt, keyFile: /tls.key, caFile: ../ca.crt, maxConnectionAgeMs: 0}}
admin: {address: "[::1]:0", grpcAddress: "127.0.0.1:19101"}
log: {level: debug}
placement:
  ownership:
  - {domain: "*.shop.test", namespaces: [shop]}
  - {domain: "*", namespaces: []}
  hold: {holdMs: 0, windowMs: 1, lostShare: 0}
hosts:
  allowedNetworks: [127.0.0.0/8, "FD00::/8", 10.0.0.7]
  overrides:
  - {hostId: h1, address: "10.0.0.7:8080"}
  - {hostname: EDGE-7, address: "[fd00::7]:80"}
  groups:
  - {name: edge, protocol: http2, tls: {sni: hosts.test, caFile: /ca.pem, clientCertificate: {certFile: /c.pem, keyFile: /k.pem}}}
  - {name: lab, tls: {insecureSkipVerify: true}}
  dnsRefreshMs: 1000
  dnsFirstMs: 0
fleets:
- name: public
  proxies: {cluster: envoys, idPattern: "edge-*", metadata: {fleet: public}, sans: ["*.fleet.signalbox"]}
  listeners:
  - {port: 80, trustedHops: 1}
  - {name: second, address: "::1", port: 80, proxyProtocol: true, tls: {certFile: /tls/tls.crt, keyFile: /tls/tls.key}}
  exposes: {namespaces: [shop], hostnames: ["*.shop.test"], labels: {a: b}, annotations: {c: d}, environments: [blue], hostGroups: [edge]}
  contaminated: serve
  unknownHostname: {respond: {status: 421, body: "not here"}}
  layout: scoped
  endpoints: inline
  xdsCluster: control
  contour: {statsAddress: "127.0.0.1:8002"}
  accessLog: false
  traffic: {connectTimeoutMs: 1, routeTimeoutMs: 2, streamIdleTimeoutMs: 0, hedgeAfterMs: 0, retries: 0}
- name: private
  unknownHostname: {forward: {address: "gateway.test:80", tls: {sni: gateway.test, caFile: /ca.pem}}}
`;

test("everything that can be said arrives, 0 and false included", () => {
  const { source, xds, admin, placement, hosts, fleets } = settingsOf(FULL);
  assert.deepEqual(source, {
    kind: "kubernetes",
    namespaces: ["wasmcloud-system", "shop"],
    kubeconfig: "/etc/kubeconfig",
    context: "blue",
    events: false,
    leaseNamespace: "signalbox",
  });
  assert.deepEqual(xds, {
    address: { ip: "0.0.0.0", port: 18_000 },
    tls: {
      ...{ certFile: "/etc/signalbox/tls/tls.crt", keyFile: "/tls.key", caFile: "/etc/ca.crt" },
      maxConnectionAgeMs: 0,
    },
    plaintextOffLoopback: false,
    maxRequestBytes: 65_536,
    ackBoundMs: 0,
    graceMs: 0,
    bytesInFlight: 1_000_000,
    limits: {
      connections: 0,
      connectionsPerAddress: 0,
      idleMs: 0,
      streamsPerConnection: 1,
      typesPerStream: 2,
      namesPerRequest: 1_000,
      unknownNames: 100,
      nodeBytes: 1_024,
      requestsPerSecond: 0,
      detailBytes: 100,
      stallMs: 100,
    },
  });
  assert.deepEqual(admin, { address: { ip: "::1", port: 0 }, grpcAddress: { ip: "127.0.0.1", port: 19_101 } });
  assert.deepEqual(placement, {
    policy: {
      ownership: [
        { domain: "*.shop.test", namespaces: ["shop"] },
        { domain: "*", namespaces: [] },
      ],
    },
    hold: { holdMs: 0, windowMs: 1, lostShare: 0 },
  });
  const groups: Settings["hosts"]["groups"] = [
    {
      name: "edge",
      protocol: "http2",
      tls: { sni: "hosts.test", caFile: "/ca.pem", clientCertificate: { certFile: "/c.pem", keyFile: "/k.pem" } },
    },
    { name: "lab", protocol: "as-downstream", tls: { sni: "", caFile: "", clientCertificate: undefined } },
  ];
  assert.deepEqual(hosts, {
    allowedNetworks: ["127.0.0.0/8", "fd00::/8", "10.0.0.7/32"],
    overrides: [
      { hostId: "h1", name: undefined, hostname: undefined, address: "10.0.0.7:8080" },
      { hostId: undefined, name: undefined, hostname: "edge-7", address: "[fd00::7]:80" },
    ],
    groups,
    dnsRefreshMs: 1_000,
    dnsFirstMs: 0,
  });
  const [first, second] = fleets;
  assert.deepEqual(first, {
    name: "public",
    proxies: { cluster: "envoys", idPattern: "edge-*", metadata: { fleet: "public" }, sans: ["*.fleet.signalbox"] },
    view: {
      name: "public",
      exposes: {
        namespaces: ["shop"],
        hostnames: ["*.shop.test"],
        labels: { a: "b" },
        annotations: { c: "d" },
        environments: ["blue"],
        hostGroups: ["edge"],
      },
      contaminated: "serve",
    },
    layout: "scoped",
    endpoints: "inline",
    xdsCluster: "control",
    spec: {
      name: "public",
      listeners: [
        { name: "http-80", address: "0.0.0.0", port: 80, trustedHops: 1, proxyProtocol: false, tls: undefined },
        {
          name: "second",
          address: "::1",
          port: 80,
          trustedHops: 0,
          proxyProtocol: true,
          tls: { certFile: "/tls/tls.crt", keyFile: "/tls/tls.key" },
        },
      ],
      unknownHostname: { respond: { status: 421, body: "not here" } },
      hostGroups: groups,
      traffic: { connectTimeoutMs: 1, routeTimeoutMs: 2, streamIdleTimeoutMs: 0, hedgeAfterMs: 0, retries: 0 },
      contour: { statsAddress: { ip: "127.0.0.1", port: 8002 } },
      accessLog: false,
    },
  } satisfies Settings["fleets"][number]);
  assert.deepEqual(second?.spec.unknownHostname, {
    forward: {
      host: "gateway.test",
      port: 80,
      tls: { sni: "gateway.test", caFile: "/ca.pem", clientCertificate: undefined },
    },
  });
});

test("an option without a value has its default", () => {
  assert.deepEqual(settingsOf(`${SOURCE}xds:\nlog: {level: }\nfleets:\nplacement: {hold: }\n`), settingsOf(SOURCE));
});

test("two listeners may share a port on different addresses", () => {
  assert.equal(
    settingsOf(
      `${SOURCE}fleets: [{name: a, listeners: [{address: 127.0.0.1, port: 80}, {name: b, address: 127.0.0.2, port: 80}]}]\n`,
    ).fleets[0]?.spec.listeners.length,
    2,
  );
});

test("no text makes it throw, and every refusal has a place and a remedy", () => {
  const words = fc.constantFrom(
    ..."source: xds: fleets: hosts: folder: address: name: a 1 - [ ] { } true null \n \n   , \" ' : & * | > # overrides: listeners: port:".split(
      /(?<=[^ ]) /,
    ),
  );
  return fc.assert(
    fc.property(
      fc.oneof(
        fc.array(words, { maxLength: 25 }).map((w) => w.join(" ")),
        fc.json(),
        fc.string(),
      ),
      (text) => {
        const loaded = loadSettings(text, "f");
        if ("settings" in loaded) return assert.ok(loaded.settings.fleets.length > 0);
        for (const problem of loaded.problems) assert.match(problemText(problem), /^f:\d+:\d+: File f.*: .+\. [A-Z]/s);
      },
    ),
    { numRuns: 1_000 },
  );
});

test("a value put anywhere into a complete configuration is taken or refused, never thrown", () => {
  const whole = JSON.stringify(parse(FULL));
  const spots = [...whole.matchAll(/(?<=:)(?:\d+|true|false|"[^"]*")/g)].map((match) => ({
    at: match.index,
    length: match[0].length,
  }));
  const value = fc.oneof(
    fc.constantFrom("null", "[]", "{}", "0", "-1", '""', '"*"', '"x y"', "1e99", "true", '["a"]'),
    fc.json(),
  );
  return fc.assert(
    fc.property(fc.nat(spots.length - 1), value, (index, replacement) => {
      const spot = spots[index] ?? assert.fail();
      const text = whole.slice(0, spot.at) + replacement + whole.slice(spot.at + spot.length);
      const loaded = loadSettings(text, "f");
      assert.ok("settings" in loaded || loaded.problems.length > 0);
    }),
    { numRuns: 1_000 },
  );
});
