/** What becomes of a listening socket after it is bound. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { listen } from "../../src/xds/listen.ts";

test("an error of a listening socket is told, and it goes on taking connections", async (t) => {
  const server = createServer((socket) => socket.end("taken"));
  t.after(() => server.close());
  const told: unknown[] = [];
  const bound = await listen(server, "127.0.0.1:0", (error) => told.push(error));
  assert.ok("port" in bound);
  const errors = ["EMFILE", "ENOBUFS"].map((code) => Object.assign(new Error(`accept ${code}`), { code }));
  for (const error of errors) server.emit("error", error); // as net.Server has it; no system was found that causes it
  assert.deepEqual(told, errors);
  const [data] = await once(connect(bound.port, "127.0.0.1"), "data");
  assert.equal(String(data), "taken");
});
