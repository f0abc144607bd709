/** A client that comes back says what it has: `initial_resource_versions` of delta, `version_info` of SotW. Of listeners it gets a response all the same, empty (delta) or with what it has (SotW): Envoy waits longer before each stream, up to 30 s, until one brings a response. */
import { rule } from "./rule.ts";

rule("who comes back with everything is sent nothing new", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("*");
  await client.isGiven({ a: "1", b: "1" });
  client.reconnects();
  await client.hearsNothingNew();
  server.changes({ a: "2" });
  await client.isGiven({ a: "2" });
});

rule("who comes back with all of its names is sent nothing new", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1", c: "1" });
  client.subscribes("a", "b");
  await client.isGiven({ a: "1", b: "1" });
  client.reconnects();
  await client.hearsNothingNew();
  server.changes({ b: "2", c: "2" });
  await client.isGiven({ b: "2" });
});

rule("who comes back without names, having everything, is sent nothing new", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.asksForEverything();
  await client.isGiven({ a: "1", b: "1" });
  client.reconnects();
  await client.hearsNothingNew();
});

rule("what changed meanwhile is sent", {}, async ({ client, server, variant }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("*");
  await client.isGiven({ a: "1", b: "1" });
  client.reconnects({ silently: true });
  server.changes({ b: "2", c: "1" });
  client.reconnects();
  // A version of SotW tells that something differs, not what.
  await client.isGiven(variant.delta ? { b: "2", c: "1" } : { a: "1", b: "2", c: "1" });
  client.has({ a: "1", b: "2", c: "1" });
});

rule("what went meanwhile is taken away", {}, async ({ client, server, variant, kind }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("*");
  await client.isGiven({ a: "1", b: "1" });
  client.reconnects({ silently: true });
  server.removes("b");
  client.reconnects();
  if (variant.delta || kind.complete) await client.loses("b");
  else await client.isGiven({ a: "1" }); // there are no words for a removal
});

rule("a name that went meanwhile is listed as removed", { delta: true }, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("a", "b");
  await client.isGiven({ a: "1", b: "1" });
  client.reconnects({ silently: true });
  server.removes("b");
  client.reconnects();
  await client.loses("b");
});

rule("a name that is new to a client that comes back is sent", {}, async ({ client, server, variant }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("a");
  await client.isGiven({ a: "1" });
  client.reconnects({ silently: true });
  client.says(
    "comes back and wants b as well",
    ["a", "b"],
    variant.delta ? { has: { a: client.versionOf("a") } } : { version: client.versionOf("a") },
  );
  await client.isGiven(variant.delta ? { b: "1" } : { a: "1", b: "1" });
});

rule("a version that is not ours is answered with ours", {}, async ({ client, server, variant }) => {
  server.has({ a: "1", b: "1" });
  client.says(
    "comes from another server",
    ["a", "b"],
    variant.delta ? { has: { a: "theirs", b: "theirs" } } : { version: "theirs" },
  );
  await client.isGiven({ a: "1", b: "1" });
});

rule("a version held of a name that is not wanted is not answered", { delta: true }, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.says("has b and unknown, and wants a", ["a"], { has: { b: "old", unknown: "1" } });
  await client.isGiven({ a: "1" });
});

rule("versions held count in the first request of a stream only", { delta: true }, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("a");
  await client.isGiven({ a: "1" });
  client.says("claims late to have all", ["b"], { has: { a: "theirs", b: "theirs" } });
  await client.isGiven({ b: "1" });
});

rule("who lost everything and comes back is sent everything", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("*");
  await client.isGiven({ a: "1", b: "1" });
  client.forgets();
  client.reconnects();
  await client.isGiven({ a: "1", b: "1" });
});

rule("a rejected response is no version to come back with", { delta: false }, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.becomes("rejecting");
  client.subscribes("a", "b");
  await client.isGiven({ a: "1", b: "1" });
  server.changes({ a: "bad" });
  await client.listens();
  server.changes({ b: "2" });
  await client.listens();
  client.has({ a: "1", b: "2" });
  client.reconnects({ silently: true });
  client.becomes("accepting"); // it would take now what it refused then
  client.reconnects();
  await client.listens();
  client.has({ a: "bad", b: "2" });
});

rule("a name given up and asked for again, whose answer was lost, is sent", {}, async ({ client, server, variant }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("a", "b");
  await client.isGiven({ a: "1", b: "1" });
  client.becomes("silent");
  client.unsubscribes("b");
  await client.hearsNothing();
  client.subscribes("b");
  await client.listens(); // it is sent, and lost
  client.becomes("accepting");
  client.reconnects(); // over SotW, with the version of both
  await client.isGiven(variant.delta ? { b: "1" } : { a: "1", b: "1" });
});

rule(
  "a version does not tell that a client has what it gave up while that was on its way",
  { delta: false },
  async ({ client, server }) => {
    server.has({ a: "1", b: "1" });
    client.becomes("silent");
    client.subscribes("a", "b");
    const [heard] = await client.listens();
    client.unsubscribes("b");
    await client.hearsNothing();
    client.becomes("accepting");
    client.reconnects({ silently: true });
    client.says("took a of the first response, and wants both", ["a", "b"], { version: heard?.version ?? "" });
    await client.isGiven({ a: "1", b: "1" });
  },
);
