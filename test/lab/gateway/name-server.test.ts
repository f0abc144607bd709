/** The played DNS answers as a cluster's does. */
import assert from "node:assert/strict";
import { Resolver } from "node:dns/promises";
import { test } from "node:test";
import { NameServer } from "./name-server.ts";

test("a name has the addresses that are published now, with a lifetime, and no others", async (t) => {
  const names = await NameServer.start();
  t.after(() => names.close());
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${names.port}`]);
  names.publish(["127.0.1.1", "127.0.1.2"]);
  const found = await resolver.resolve4("signalbox.test", { ttl: true });
  assert.deepEqual(
    found.toSorted((a, b) => (a.address < b.address ? -1 : 1)),
    [
      { address: "127.0.1.1", ttl: 5 },
      { address: "127.0.1.2", ttl: 5 },
    ],
  );
  await assert.rejects(resolver.resolve6("signalbox.test"), { code: "ENODATA" });
  names.publish([]);
  await assert.rejects(resolver.resolve4("other.test"), { code: "ENODATA" }); // another name: answers are kept for their lifetime
});
