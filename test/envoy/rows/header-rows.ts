/** What a host learns of a request beside what the client sent, and what it cannot be made to believe. */
import assert from "node:assert/strict";
import { rawRequest } from "../raw-request.ts";
import { endpointOf } from "../request-bench.ts";
import type { RequestRow } from "./row.ts";

export const HEADER_ROWS: readonly RequestRow[] = [
  {
    name: "path, query, slashes, escapes and header names pass untouched",
    run: async (bench) => {
      const host = await bench.host("path", ["path.test"]);
      await bench.place("path.test", [endpointOf(host, "path.test")]);
      const path = "/a//b/../c%2Fd/%2e/?x=1&&y=%20;z?=#".slice(0, -1);
      const seen = await bench.seen("path.test", { path, lines: ["X_Under_Score: 1", "X-Many: a", "X-Many: b"] });
      assert.equal(seen.path, path);
      assert.equal(seen.headers["x_under_score"], "1");
      assert.equal(seen.headers["x-many"], "a, b");
    },
  },
  {
    name: "X-Workload-Id names the replica; a client's own value never arrives",
    run: async (bench) => {
      const host = await bench.host("named", ["named.test", "several.test"]);
      await bench.place("named.test", [endpointOf(host, "named.test")]);
      await bench.place("several.test", [endpointOf(host, "several.test", { workloadId: undefined, weight: 2 })]);
      const lines = ["X-Workload-Id: chosen-by-client", "x-workload-id: again"];
      assert.equal((await bench.seen("named.test", { lines })).headers["x-workload-id"], "w-named");
      assert.equal((await bench.seen("several.test", { lines })).headers["x-workload-id"], undefined);
    },
  },
  {
    name: "X-Real-IP is the peer's address, whatever the client says",
    run: async (bench) => {
      const host = await bench.host("real", ["real.test"]);
      await bench.place("real.test", [endpointOf(host, "real.test")]);
      const lines = [
        "X-Real-IP: 198.51.100.1",
        "X-Forwarded-For: 198.51.100.2",
        "X-Envoy-External-Address: 198.51.100.3",
      ];
      const { headers } = await bench.seen("real.test", { lines });
      assert.equal(headers["x-real-ip"], "127.0.0.1");
      assert.match(headers["x-forwarded-for"] ?? "", /^198\.51\.100\.2,\S+$/, "kept, with the peer appended");
      assert.equal(headers["x-envoy-external-address"], undefined);
    },
  },
  {
    name: "X-Forwarded-Proto, X-Forwarded-Host and Forwarded of a client are not believed",
    run: async (bench) => {
      const host = await bench.host("claims", ["claims.test"]);
      await bench.place("claims.test", [endpointOf(host, "claims.test")]);
      const { headers } = await bench.seen("claims.test", {
        lines: [
          "X-Forwarded-Proto: https",
          "X-Forwarded-Host: evil.test",
          "Forwarded: for=198.51.100.1;host=evil.test",
        ],
      });
      assert.equal(headers["x-forwarded-proto"], "http");
      assert.equal(headers["x-forwarded-host"], "claims.test");
      assert.equal(headers["forwarded"], undefined);
    },
  },
  {
    name: "behind one trusted proxy: its X-Forwarded-For, -Proto and -Host are believed, and no more of the first than it added",
    run: async (bench) => {
      const host = await bench.host("trusting", ["trusting.test"]);
      await bench.place("trusting.test", [endpointOf(host, "trusting.test")]);
      const { headers } = await bench.seen("trusting.test", {
        listener: "behind-proxy",
        lines: [
          "X-Forwarded-For: 198.51.100.9, 203.0.113.7",
          "X-Forwarded-Proto: https",
          "X-Forwarded-Host: public.example",
        ],
      });
      assert.equal(headers["x-real-ip"], "203.0.113.7");
      assert.equal(headers["x-forwarded-proto"], "https");
      assert.equal(headers["x-forwarded-host"], "public.example");
      const without = await bench.seen("trusting.test", { listener: "behind-proxy" });
      assert.equal(without.headers["x-forwarded-host"], "trusting.test");
    },
  },
  {
    name: "PROXY protocol, versions 1 and 2: the address in it is the client's; a connection without it is closed",
    run: async (bench) => {
      const host = await bench.host("proxied", ["proxied.test"]);
      await bench.place("proxied.test", [endpointOf(host, "proxied.test")]);
      const port = await bench.port("proxy-protocol");
      const request = "GET / HTTP/1.1\nHost: proxied.test\nAccept: application/json\n\n";
      for (const prelude of [VERSION_1, VERSION_2]) {
        const { status, body } = await rawRequest(port, request, { prelude });
        assert.equal(status, 200, body);
        assert.equal(JSON.parse(body).headers["x-real-ip"], "203.0.113.9");
      }
      const { arrived } = host;
      await assert.rejects(rawRequest(port, request));
      assert.equal(host.arrived, arrived);
    },
  },
  {
    name: "a response passes without additions of Envoy's",
    run: async (bench) => {
      const host = await bench.host("response", ["response.test"]);
      await bench.place("response.test", [endpointOf(host, "response.test")]);
      const { headers } = await bench.raw("GET / HTTP/1.1\nHost: response.test\nConnection: close\n\n");
      const added = Object.keys(headers).filter(
        (name) => name.startsWith("x-envoy") || name === "server" || name === "via",
      );
      assert.deepEqual(added, []);
    },
  },
];

const VERSION_1 = Buffer.from("PROXY TCP4 203.0.113.9 203.0.113.1 40000 80\r\n");

/** Signature, version 2 and PROXY, TCP over IPv4, 12 bytes: two addresses, two ports. */
const VERSION_2 = Buffer.from("0d0a0d0a000d0a515549540a2111000ccb007109cb0071019c400050", "hex");
