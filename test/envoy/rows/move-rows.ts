/** What becomes of requests when hosts go, come and fail. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import type { Endpoint } from "../../../src/placement/fleet.ts";
import type { RequestBench } from "../request-bench.ts";
import { arrivals, endpointOf, unhedged } from "../request-bench.ts";
import type { RequestRow } from "./row.ts";

export const MOVE_ROWS: readonly RequestRow[] = [
  {
    name: "one of two hosts refuses connections: each of 200 requests succeeds, uploads too, and carries the replica and authority that served it",
    run: async (bench) => {
      const dead = await bench.host("dead", ["Dead.retry.test"]);
      const alive = await bench.host("alive", ["Alive.retry.test"]);
      await bench.place("retry.test", [endpointOf(dead, "Dead.retry.test"), endpointOf(alive, "Alive.retry.test")]);
      await dead.setMode("refusing");
      for (let i = 0; i < 100; i++) {
        const { headers, authority } = await bench.seen("retry.test");
        assert.deepEqual([headers["x-workload-id"], authority], ["w-alive", "Alive.retry.test"]);
        const body = "x".repeat(10_000);
        const post = await bench.raw(`POST /echo HTTP/1.1\nHost: retry.test\nContent-Length: 10000\n\n${body}`);
        assert.deepEqual([post.status, post.body.length], [200, 10_000]);
      }
    },
  },
  {
    name: "a host that serves the name no more, or not yet, answers an empty 404: GET goes to the other, POST does not; an application's own 404 is given as it is",
    run: async (bench) => {
      const gone = await bench.host("gone", []);
      const there = await bench.host("there", ["unserved.test"]);
      await bench.place("unserved.test", [endpointOf(gone, "unserved.test"), endpointOf(there, "unserved.test")]);
      const posts = new Set<number>();
      for (let i = 0; i < 50; i++) {
        const { host, headers } = await bench.seen("unserved.test");
        assert.deepEqual([host, headers["x-workload-id"]], ["there", "w-there"]);
        const post = await bench.raw("POST / HTTP/1.1\nHost: unserved.test\nContent-Length: 0\n\n");
        posts.add(post.status);
        assert.equal("x-signalbox-unserved" in post.headers, false);
      }
      assert.deepEqual(posts, new Set([200, 404]));
      await bench.place("unserved.test", [endpointOf(there, "unserved.test")]);
      const own = await unhedged(bench, async () => {
        const { arrived } = there;
        const { status } = await bench.raw("GET /status/404 HTTP/1.1\nHost: unserved.test\n\n");
        return [status, there.arrived - arrived];
      });
      assert.deepEqual(own, [404, 1]);
    },
  },
  {
    name: "only the first empty answer is doubted: a hostname that no host serves is asked for twice, and its 404 is given",
    run: async (bench) => {
      const empty = await bench.host("empty", []);
      await bench.place("nowhere.test", [endpointOf(empty, "nowhere.test")]);
      const answer = await unhedged(bench, async () => {
        const { arrived } = empty;
        const { status, body, headers } = await bench.raw("GET / HTTP/1.1\nHost: nowhere.test\n\n");
        return [status, body, empty.arrived - arrived, "x-signalbox-unserved" in headers];
      });
      assert.deepEqual(answer, [404, "", 2, false]);
    },
  },
  {
    name: "a service that is being stopped answers an empty 503: GET goes to the other",
    run: async (bench) => {
      const stopping = await bench.host("stopping", []);
      stopping.bind("stopping.test", { workload: "shop/stopping", workloadId: "w-stopping", stopping: true });
      const there = await bench.host("going-on", ["stopping.test"]);
      await bench.place("stopping.test", [endpointOf(stopping, "stopping.test"), endpointOf(there, "stopping.test")]);
      for (let i = 0; i < 20; i++) assert.equal((await bench.seen("stopping.test")).host, "going-on");
    },
  },
  {
    name: "300 requests at once while one of two hosts refuses: all succeed, none is rejected by a circuit breaker",
    run: async (bench) => {
      const dead = await bench.host("burst-dead", ["burst.test"]);
      const alive = await bench.host("burst-alive", ["burst.test"]);
      await bench.place("burst.test", [endpointOf(dead, "burst.test"), endpointOf(alive, "burst.test")]);
      await dead.setMode("refusing");
      const all = await Promise.all(
        Array.from({ length: 300 }, () =>
          bench.raw("POST /slow?ms=500 HTTP/1.1\nHost: burst.test\nContent-Length: 0\n\n"),
        ),
      );
      assert.deepEqual(
        all.filter(({ status }) => status !== 200),
        [],
      );
    },
  },
  {
    name: "a host that breaks the connection after the request: GET goes to the other, POST is not repeated",
    run: async (bench) => {
      const breaking = await breakingHost();
      try {
        const alive = await bench.host("unbroken", ["broken.test"]);
        const broken: Endpoint = {
          ...endpointOf(alive, "broken.test"),
          address: breaking.address,
          workloadId: "w-broken",
        };
        await bench.place("broken.test", [broken]);
        const post = await bench.raw("POST / HTTP/1.1\nHost: broken.test\nContent-Length: 0\n\n");
        assert.equal(post.status, 502);
        assert.equal(breaking.requests(), 1, "arrived once");
        await bench.place("broken.test", [broken, endpointOf(alive, "broken.test")]);
        for (let i = 0; i < 20; i++) assert.equal((await bench.seen("broken.test")).host, "unbroken");
        assert.ok(breaking.requests() > 1, "some GETs had reached it first");
      } finally {
        await breaking.stop();
      }
    },
  },
  {
    name: "a draining endpoint gets no new request beside a ready one, and every request where it is alone",
    run: async (bench) => {
      const old = await bench.host("draining-old", ["drain.test"]);
      const young = await bench.host("draining-new", ["drain.test"]);
      const leaving = endpointOf(old, "drain.test", { phase: "draining" });
      await bench.place("drain.test", [leaving, endpointOf(young, "drain.test")]);
      assert.deepEqual(await servedBy(bench, "drain.test", 30), new Set(["draining-new"]));
      await bench.place("drain.test", [leaving]);
      assert.deepEqual(await servedBy(bench, "drain.test", 30), new Set(["draining-old"]));
    },
  },
  {
    name: "a request under way ends well though its endpoint drains, then goes",
    run: async (bench) => {
      const old = await bench.host("under-way-old", ["under-way.test"]);
      const young = await bench.host("under-way-new", ["under-way.test"]);
      const [leaving, coming] = [endpointOf(old, "under-way.test"), endpointOf(young, "under-way.test")];
      await bench.place("under-way.test", [leaving]);
      const running = bench.raw("GET /stream?count=12&everyMs=100 HTTP/1.1\nHost: under-way.test\n\n");
      await arrivals(old, 1);
      await bench.place("under-way.test", [{ ...leaving, phase: "draining" }, coming]);
      await bench.place("under-way.test", [coming]);
      assert.deepEqual(await servedBy(bench, "under-way.test", 5), new Set(["under-way-new"]));
      const { status, body } = await running;
      assert.equal(status, 200);
      assert.match(body, /id: 12\n/);
    },
  },
  {
    name: "requests without pause while a hostname moves back and forth: not one fails",
    run: async (bench) => {
      const hosts = await Promise.all(["to", "fro"].map((name) => bench.host(name, ["moving.test"])));
      const [to, fro] = hosts.map((host) => endpointOf(host, "moving.test"));
      assert.ok(to !== undefined && fro !== undefined);
      await bench.place("moving.test", [to]);
      let moving = true;
      const failed: number[] = [];
      const client = async (): Promise<void> => {
        while (moving) {
          const { status } = await bench.raw("GET / HTTP/1.1\nHost: moving.test\n\n");
          if (status !== 200) failed.push(status);
        }
      };
      const clients = [client(), client(), client(), client()];
      for (let i = 0; i < 5; i++) {
        await bench.place("moving.test", [fro, { ...to, phase: "draining" }]);
        await bench.place("moving.test", [fro]);
        await bench.place("moving.test", [to, { ...fro, phase: "draining" }]);
        await bench.place("moving.test", [to]);
      }
      moving = false;
      await Promise.all(clients);
      assert.deepEqual(failed, []);
      assert.ok(hosts.every(({ arrived }) => arrived > 0));
    },
  },
  {
    name: "weights are ready replicas: three to one",
    run: async (bench) => {
      const three = await bench.host("three", ["weights.test"]);
      const one = await bench.host("one", ["weights.test"]);
      await bench.place("weights.test", [
        endpointOf(three, "weights.test", { weight: 3, workloadId: undefined }),
        endpointOf(one, "weights.test"),
      ]);
      for (let i = 0; i < 80; i++) await bench.seen("weights.test");
      assert.ok(three.arrived > 50 && three.arrived < 70, `${three.arrived} of 80, 60 expected`);
    },
  },
  {
    name: "a host on IPv6",
    run: async (bench) => {
      const host = await bench.host("six", ["six.test"], { address: "::1" });
      await bench.place("six.test", [endpointOf(host, "six.test")]);
      assert.match((await bench.seen("six.test")).address, /^\[::1\]:/);
    },
  },
];

async function servedBy(bench: RequestBench, hostname: string, count: number): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (let i = 0; i < count; i++) names.add((await bench.seen(hostname)).host);
  return names;
}

interface BreakingHost {
  readonly address: string;
  readonly requests: () => number;
  readonly stop: () => Promise<void>;
}

/** Reads a request and resets the connection. */
async function breakingHost(): Promise<BreakingHost> {
  let requests = 0;
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => {
      requests++;
      socket.resetAndDestroy();
    });
  });
  await new Promise<void>((fulfil) => server.listen(0, "127.0.0.1", fulfil));
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  return {
    address: `127.0.0.1:${port}`,
    requests: () => requests,
    stop: () => new Promise((fulfil) => server.close(() => fulfil())),
  };
}
