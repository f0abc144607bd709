/** Which Host reaches which hostname, and what those get that reach none. */
import assert from "node:assert/strict";
import { endpointOf, unhedged } from "../request-bench.ts";
import type { RequestRow } from "./row.ts";

/** Host header → what the host is told in X-Forwarded-Host; the hostname is registered as "Shop.Case.test". */
const SPELLINGS: readonly string[] = [
  "shop.case.test",
  "Shop.Case.test",
  "SHOP.CASE.TEST",
  "shop.case.test:8080",
  "shop.case.test.",
  "Shop.CASE.test.:443",
];

export const HOSTNAME_ROWS: readonly RequestRow[] = [
  {
    name: "Host in any case, with port or trailing dot: served, the registered spelling goes upstream, the Host as sent into X-Forwarded-Host",
    run: async (bench) => {
      const host = await bench.host("case", ["Shop.Case.test"]);
      await bench.place("shop.case.test", [endpointOf(host, "Shop.Case.test")]);
      for (const sent of SPELLINGS) {
        const { authority, headers } = await bench.seen(sent);
        assert.equal(authority, "Shop.Case.test", sent);
        assert.equal(headers["x-forwarded-host"], sent);
      }
    },
  },
  {
    name: "a hostname that begins or ends like another: not taken for it",
    run: async (bench) => {
      const host = await bench.host("like", ["like.test"]);
      await bench.place("like.test", [endpointOf(host, "like.test")]);
      for (const other of ["alike.test", "like.test.example", "sub.like.test", "like.tes", "like.test..", "like"])
        assert.equal((await bench.raw(`GET / HTTP/1.1\nHost: ${other}\n\n`)).status, 404, other);
      assert.equal(host.arrived, 0);
    },
  },
  {
    name: "absolute-form request target: its authority decides, not the Host header (RFC 9112, 3.2.2)",
    run: async (bench) => {
      const host = await bench.host("absolute", ["absolute.test"]);
      await bench.place("absolute.test", [endpointOf(host, "absolute.test")]);
      const { status, body } = await bench.raw(
        "GET http://absolute.test:81/x HTTP/1.1\nHost: other.test\nAccept: application/json\n\n",
      );
      assert.equal(status, 200, body);
      assert.equal(JSON.parse(body).path, "/x");
    },
  },
  {
    name: "unknown hostname: the fleet's status and text, percent signs and all",
    run: async (bench) => {
      const { status, headers, body } = await bench.raw("GET / HTTP/1.1\nHost: nobody.test\n\n");
      assert.deepEqual([status, body], [404, "100 % unknown hostname\n"]);
      assert.equal(headers["content-type"], "text/plain; charset=utf-8");
      assert.equal(headers["x-content-type-options"], "nosniff");
    },
  },
  {
    name: "empty Host, two Hosts: as unknown",
    run: async (bench) => {
      const host = await bench.host("two", ["two.test"]);
      await bench.place("two.test", [endpointOf(host, "two.test")]);
      assert.equal((await bench.raw("GET / HTTP/1.1\nHost:\n\n")).status, 404);
      assert.equal((await bench.raw("GET / HTTP/1.1\nHost: two.test\nHost: two.test\n\n")).status, 404);
      assert.equal(host.arrived, 0);
    },
  },
  {
    name: "no Host: 400, with HTTP/1.1 and with HTTP/1.0; HTTP/1.0 with one is served",
    run: async (bench) => {
      const host = await bench.host("old", ["old.test"]);
      await bench.place("old.test", [endpointOf(host, "old.test")]);
      assert.equal((await bench.raw("GET / HTTP/1.1\n\n")).status, 400);
      assert.equal((await bench.raw("GET / HTTP/1.0\n\n")).status, 400);
      assert.equal((await bench.raw("GET / HTTP/1.0\nHost: old.test\n\n")).status, 200);
    },
  },
  {
    name: "known hostname without an endpoint: 503 with a text of its own, as of runtime-gateway",
    run: async (bench) => {
      await bench.place("empty.test", []);
      const { status, headers, body } = await bench.raw("GET / HTTP/1.1\nHost: empty.test\n\n");
      assert.deepEqual([status, body], [503, "No backend available\n"]);
      assert.equal(headers["x-content-type-options"], "nosniff");
    },
  },
  {
    name: "the only host refuses connections: 502 with a text of its own, as of runtime-gateway",
    run: async (bench) => {
      const host = await bench.host("refusing", ["refusing.test"]);
      await bench.place("refusing.test", [endpointOf(host, "refusing.test")]);
      await host.setMode("refusing");
      const { status, body } = await bench.raw("GET / HTTP/1.1\nHost: refusing.test\n\n");
      assert.deepEqual([status, body], [502, "Gateway Error\n"]);
    },
  },
  {
    name: "an application's own 404, 502 and 503 pass as they are, and it stays in service",
    run: async (bench) => {
      const host = await bench.host("own", ["own.test"]);
      await bench.place("own.test", [endpointOf(host, "own.test")]);
      for (const status of [404, 500, 502, 503, 503, 503, 503, 503]) {
        const times = await unhedged(bench, async () => {
          const { arrived } = host;
          const response = await bench.raw(`GET /status/${status} HTTP/1.1\nHost: own.test\n\n`);
          assert.equal(response.status, status);
          assert.match(response.body, /^own\.test is served by /);
          return host.arrived - arrived;
        });
        assert.equal(times, 1, "an answer is never retried");
      }
    },
  },
];
