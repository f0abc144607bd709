/** HTTP/2, gRPC, long and large things, upgrades, and TLS towards hosts. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { http2Request } from "../http2-request.ts";
import { endpointOf } from "../request-bench.ts";
import type { RequestRow } from "./row.ts";

export const STREAM_ROWS: readonly RequestRow[] = [
  {
    name: "HTTP/2 with prior knowledge reaches the host as HTTP/2, HTTP/1.1 as HTTP/1.1",
    run: async (bench) => {
      const host = await bench.host("versions", ["versions.test"]);
      await bench.place("versions.test", [endpointOf(host, "versions.test")]);
      const two = await http2Request(await bench.port("direct"), "Versions.test:8080", { accept: "application/json" });
      assert.deepEqual([two.status, JSON.parse(two.body).protocol], [200, "HTTP/2.0"]);
      assert.equal(JSON.parse(two.body).authority, "versions.test");
      assert.equal((await bench.seen("versions.test")).protocol, "HTTP/1.1");
    },
  },
  {
    name: "a host group's own protocol is spoken whatever the client speaks",
    run: async (bench) => {
      const host = await bench.host("fixed", ["one.fixed.test", "two.fixed.test"]);
      await bench.place("one.fixed.test", [endpointOf(host, "one.fixed.test")], "http1");
      await bench.place("two.fixed.test", [endpointOf(host, "two.fixed.test")], "http2");
      const one = await http2Request(await bench.port("direct"), "one.fixed.test", { accept: "application/json" });
      assert.equal(JSON.parse(one.body).protocol, "HTTP/1.1");
      assert.equal((await bench.seen("two.fixed.test")).protocol, "HTTP/2.0");
    },
  },
  {
    name: "gRPC: messages and trailers pass; unknown hostname UNIMPLEMENTED, no endpoint and failed host UNAVAILABLE",
    run: async (bench) => {
      const host = await bench.host("grpc", ["grpc.test"]);
      await bench.place("grpc.test", [endpointOf(host, "grpc.test")]);
      await bench.place("empty-grpc.test", []);
      const port = await bench.port("direct");
      const call = (hostname: string) =>
        http2Request(
          port,
          hostname,
          { ":method": "POST", "content-type": "application/grpc", te: "trailers" },
          "\0\0\0\0\x03abc",
        );
      const good = await call("grpc.test");
      assert.deepEqual(
        [good.body, good.trailers["grpc-status"], good.trailers["grpc-message"]],
        ["\0\0\0\0\x03abc", "0", "echoed"],
      );
      assert.equal((await call("nobody-grpc.test")).headers["grpc-status"], "12");
      assert.equal((await call("empty-grpc.test")).headers["grpc-status"], "14");
      await host.setMode("refusing");
      assert.equal((await call("grpc.test")).headers["grpc-status"], "14");
    },
  },
  {
    name: "a stream that goes on is not cut, however long it lasts beside the idle bound; a silent one is",
    run: async (bench) => {
      const host = await bench.host("stream", ["stream.test"]);
      await bench.place("stream.test", [endpointOf(host, "stream.test")]);
      const idleMs = bench.spec.traffic.streamIdleTimeoutMs;
      const count = Math.ceil((idleMs * 1.5) / 200);
      const [flowing, silent] = await Promise.all([
        bench.raw(`GET /stream?count=${count}&everyMs=200 HTTP/1.1\nHost: stream.test\n\n`),
        bench.raw(`GET /slow?ms=${idleMs * 3} HTTP/1.1\nHost: stream.test\n\n`),
      ]);
      assert.match(flowing.body, new RegExp(`id: ${count}\n`));
      assert.equal(silent.status, 504);
    },
  },
  {
    name: "an upload of 16 MiB arrives and comes back whole",
    run: async (bench) => {
      const host = await bench.host("upload", ["upload.test"]);
      await bench.place("upload.test", [endpointOf(host, "upload.test")]);
      const body = "signalbox-upload".repeat(1024 * 1024);
      const post = { ":method": "POST", ":path": "/echo" };
      const two = await http2Request(await bench.port("direct"), "upload.test", post, body);
      assert.ok(two.body === body, `HTTP/2: ${two.status}, ${two.body.length} bytes`);
      const one = await bench.raw(`POST /echo HTTP/1.1\nHost: upload.test\nContent-Length: ${body.length}\n\n${body}`);
      assert.ok(one.body === body, `HTTP/1.1: ${one.status}, ${one.body.length} bytes`);
    },
  },
  {
    name: "trailers of an HTTP/1.1 response reach the client",
    run: async (bench) => {
      const host = await bench.host("trailers", ["trailers.test"]);
      await bench.place("trailers.test", [endpointOf(host, "trailers.test")], "http1");
      const headers = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };
      const { trailers } = await http2Request(await bench.port("direct"), "trailers.test", headers, "abc");
      assert.equal(trailers["grpc-status"], "0");
    },
  },
  {
    name: "WebSocket: a host that accepts is connected through, one that answers otherwise is heard; h2c upgrades are ignored, others refused",
    run: async (bench) => {
      const plain = await bench.host("ws-plain", ["ws-plain.test"]);
      await bench.place("ws-plain.test", [endpointOf(plain, "ws-plain.test")]);
      const accepting = await acceptingHost();
      try {
        await bench.place("ws.test", [{ ...endpointOf(plain, "ws.test"), address: accepting.address }]);
        const upgrade = (hostname: string, protocol: string) =>
          `GET / HTTP/1.1\nHost: ${hostname}\nConnection: Upgrade\nUpgrade: ${protocol}\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: c2lnbmFsYm94IHRlc3Rz\n\n`;
        assert.equal((await bench.raw(upgrade("ws.test", "websocket"))).status, 101);
        assert.equal((await bench.raw(upgrade("ws-plain.test", "websocket"))).status, 200);
        assert.equal((await bench.raw(upgrade("ws-plain.test", "h2c"))).status, 200);
        assert.equal((await bench.raw(upgrade("ws-plain.test", "carrier-pigeon"))).status, 403);
      } finally {
        accepting.stop();
      }
    },
  },
  {
    name: "a host group with TLS, beside hosts without: each is spoken to in its own way, by HTTP/1.1 and by HTTP/2",
    run: async (bench) => {
      const secret = await bench.host("secret", ["secret.test"], { tls: bench.certificate });
      const open = await bench.host("open", ["secret.test"]);
      const behindTls = endpointOf(secret, "secret.test", { hostGroup: "tls" });
      await bench.place("secret.test", [behindTls]);
      assert.equal((await bench.seen("secret.test")).host, "secret");
      const two = await http2Request(await bench.port("direct"), "secret.test", { accept: "application/json" });
      assert.deepEqual([JSON.parse(two.body).host, JSON.parse(two.body).protocol], ["secret", "HTTP/2.0"]);
      await bench.place("secret.test", [behindTls, endpointOf(open, "secret.test")]);
      const served = new Set<string>();
      for (let i = 0; i < 40; i++) served.add((await bench.seen("secret.test")).host);
      assert.deepEqual(served, new Set(["secret", "open"]));
    },
  },
  {
    name: "a host whose certificate is not of the group's name is not spoken to",
    run: async (bench) => {
      const secret = await bench.host("other-name", ["other-name.test"], { tls: bench.certificate });
      await bench.place("other-name.test", [endpointOf(secret, "other-name.test", { hostGroup: "tls-other-name" })]);
      assert.equal((await bench.raw("GET / HTTP/1.1\nHost: other-name.test\n\n")).status, 502);
      assert.equal(secret.arrived, 0);
    },
  },
];

/** Accepts every upgrade, as an embedder's host may. */
async function acceptingHost(): Promise<{ readonly address: string; readonly stop: () => void }> {
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on("upgrade", (_request, socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  });
  await new Promise<void>((fulfil) => server.listen(0, "127.0.0.1", fulfil));
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  const stop = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { address: `127.0.0.1:${port}`, stop };
}
