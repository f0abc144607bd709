/** When something is sent, and what: sections "When to send an update", "Grouping Resources into Responses" and "Deleting Resources" of the xDS protocol. */
import assert from "node:assert/strict";
import { rule } from "./rule.ts";

rule("a change sends what changed, in a complete list where the type wants one", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1", c: "1" });
  client.asksForEverything();
  await client.isGiven({ a: "1", b: "1", c: "1" });
  server.changes({ b: "2" });
  await client.isGiven({ b: "2" });
  client.has({ a: "1", b: "2", c: "1" });
});

rule("equal content put again is not sent", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.asksForEverything();
  await client.isGiven({ a: "1", b: "1" });
  server.changes({ a: "1", b: "1" });
  await client.hearsNothing();
});

rule("changes of one step are sent together, and each name once", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("*", "a");
  await client.isGiven({ a: "1", b: "1" });
  server.changes({ a: "2", c: "1", d: "1" });
  await client.isGiven({ a: "2", c: "1", d: "1" });
});

rule("a resource that is removed is taken away", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.asksForEverything();
  await client.isGiven({ a: "1", b: "1" });
  server.removes("b");
  await client.loses("b");
});

rule("a resource subscribed by name that is removed is taken away", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("a", "b");
  await client.isGiven({ a: "1", b: "1" });
  server.removes("b");
  await client.loses("b");
});

rule("when all is removed, all is taken away", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.asksForEverything();
  await client.isGiven({ a: "1", b: "1" });
  server.removes("a", "b");
  await client.loses("a", "b");
});

rule("a resource that is removed and created again is sent again", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("a", "b");
  await client.isGiven({ a: "1", b: "1" });
  server.removes("b");
  await client.loses("b");
  server.changes({ b: "2" });
  await client.isGiven({ b: "2" });
});

rule("a resource that comes and goes unseen is not spoken of", {}, async ({ client, server }) => {
  server.has({ a: "1" });
  client.asksForEverything();
  await client.isGiven({ a: "1" });
  server.changes({ b: "1" });
  server.removes("b");
  const heard = (await client.listens()).flatMap(({ resources, removed }) => [
    ...resources.map(({ name }) => name),
    ...removed,
  ]);
  assert.ok(!heard.includes("b") || heard.filter((name) => name === "b").length === 2, heard.join(" "));
  client.has({ a: "1" });
});

rule("a client that has everything hears nothing", {}, async ({ client, server }) => {
  server.has({ a: "1" });
  client.asksForEverything();
  await client.isGiven({ a: "1" });
  await client.hearsNothing();
});

rule("a nonce is used once on its stream", {}, async ({ client, server }) => {
  server.has({ a: "1" });
  client.asksForEverything();
  for (const content of ["2", "3", "4"]) {
    await client.listens();
    server.changes({ a: content });
  }
  await client.listens();
  assert.ok(client.nonces.length >= 4);
  assert.equal(new Set(client.nonces).size, client.nonces.length, client.nonces.join(" "));
});

rule("no response names a resource twice", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("*", "a", "missing", "a");
  client.subscribesAgain("a", "missing");
  server.changes({ a: "2" }, "b");
  server.changes({ b: "1" });
  for (const { resources, removed } of await client.listens()) {
    const names = [...resources.map(({ name }) => name), ...removed];
    assert.equal(new Set(names).size, names.length, names.join(" "));
  }
  client.has({ a: "2", b: "1" });
});

rule("the type of a response is that of its resources", {}, async ({ client, server, kind }) => {
  server.has({ a: "1" });
  client.asksForEverything();
  const [response] = await client.listens();
  assert.deepEqual([response?.type, response?.resources[0]?.type], [kind.type, kind.type]);
});

rule(
  "the version of a response changes with what the client is to have, and comes back with it",
  { delta: false },
  async ({ client, server }) => {
    server.has({ a: "1" });
    client.asksForEverything();
    await client.isGiven({ a: "1" });
    const first = client.versionOf("a");
    server.changes({ a: "2" });
    await client.isGiven({ a: "2" });
    assert.notEqual(client.versionOf("a"), first);
    server.changes({ a: "1" });
    await client.isGiven({ a: "1" });
    assert.equal(client.versionOf("a"), first);
  },
);

rule(
  "the version of a resource changes with its content and nothing else",
  { delta: true },
  async ({ client, server }) => {
    server.has({ a: "1", b: "1" });
    client.subscribes("a", "b");
    await client.isGiven({ a: "1", b: "1" });
    const first = { a: client.versionOf("a"), b: client.versionOf("b") };
    server.changes({ a: "2" });
    const [response] = await client.listens();
    assert.equal(response?.version, "", "system_version_info says nothing: versions are per resource");
    assert.notEqual(client.versionOf("a"), first.a);
    client.subscribesAgain("b");
    await client.isGiven({ b: "1" });
    assert.equal(client.versionOf("b"), first.b);
  },
);
