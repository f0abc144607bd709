/** Acknowledgements, rejections and nonces: sections "ACK/NACK", "Resource updates" and "Incremental xDS" of the xDS protocol. */
import assert from "node:assert/strict";
import { rule } from "./rule.ts";

rule("an acknowledgement is not answered", {}, async ({ client, server }) => {
  server.has({ a: "1" });
  client.becomes("silent");
  client.asksForEverything();
  await client.listens();
  client.answers("accepting");
  await client.hearsNothing();
});

rule("what was rejected is not sent again", {}, async ({ client, server }) => {
  server.has({ a: "1" });
  client.becomes("rejecting");
  client.asksForEverything();
  await client.isGiven({ a: "1" });
  server.changes({ a: "bad" });
  const rejected = await client.listens();
  assert.equal(rejected.length, 1);
  server.changes({ a: "bad" });
  await client.hearsNothing();
  client.has({ a: "1" });
});

rule("a first response that is rejected is not sent again", {}, async ({ client, server }) => {
  server.has({ a: "bad" });
  client.becomes("rejecting");
  client.asksForEverything();
  const heard = await client.listens();
  const bad = heard.filter(({ resources }) => resources.some(({ content }) => content === "bad"));
  assert.equal(bad.length, 1);
  assert.ok(heard.length <= 2, "an empty list may follow, which ends the client's waiting");
});

rule("after a rejection the client keeps what it has, and other contents go on", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.becomes("rejecting");
  client.asksForEverything();
  await client.isGiven({ a: "1", b: "1" });
  server.changes({ a: "bad" });
  await client.listens();
  server.changes({ b: "2", c: "1" });
  const heard = await client.listens();
  assert.ok(heard.every(({ resources }) => resources.every(({ content }) => content !== "bad")));
  client.has({ a: "1", b: "2", c: "1" });
});

rule("of contents rejected together the good ones arrive in the end", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1", c: "1" });
  client.becomes("rejecting");
  client.asksForEverything();
  await client.isGiven({ a: "1", b: "1", c: "1" });
  server.changes({ a: "bad", b: "2", c: "2", d: "1" });
  const heard = await client.listens();
  assert.ok(heard.length <= 8, `${heard.length} responses for one culprit among four`);
  client.has({ a: "1", b: "2", c: "2", d: "1" });
});

rule("the next content after a rejected one is sent", {}, async ({ client, server }) => {
  server.has({ a: "1" });
  client.becomes("rejecting");
  client.asksForEverything();
  await client.isGiven({ a: "1" });
  server.changes({ a: "bad" });
  await client.listens();
  server.changes({ a: "2" });
  await client.isGiven({ a: "2" });
});

rule("error_detail tells a rejection, the version does not", { delta: false }, async ({ client, server }) => {
  server.has({ a: "1" });
  client.becomes("silent");
  client.asksForEverything();
  const [response] = await client.listens();
  client.says("accepts under an old version", [], { nonce: response?.nonce ?? "", version: "old" });
  await client.hearsNothing();
});

rule("names that come with a stale nonce count", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("a");
  await client.isGiven({ a: "1" });
  server.changes({ a: "2" });
  await client.isGiven({ a: "2" });
  client.says("subscribes b with an old nonce", ["b"], { nonce: client.nonces[0] ?? "" });
  await client.isGiven({ b: "1" });
});

rule(
  "a list that is under way is answered before the next, which has what was asked for meanwhile",
  { delta: false, complete: true },
  async ({ client, server }) => {
    server.has({ a: "1", b: "1" });
    client.subscribes("a");
    await client.isGiven({ a: "1" });
    client.becomes("silent");
    server.changes({ a: "2" });
    await client.listens();
    client.subscribes("b"); // with the nonce before
    await client.hearsNothing();
    client.becomes("accepting");
    client.answers("accepting");
    await client.isGiven({ b: "1" });
    client.has({ a: "2", b: "1" });
  },
);

rule("a rejection with a stale nonce rejects nothing", { delta: true }, async ({ client, server }) => {
  server.has({ a: "1" });
  client.subscribes("a");
  await client.isGiven({ a: "1" });
  client.says("rejects what it accepted", [], { nonce: client.nonces[0] ?? "", error: "no" });
  await client.hearsNothing();
  server.changes({ a: "2" });
  await client.isGiven({ a: "2" });
});

rule("a nonce that was never given answers nothing", { delta: true }, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.says("begins with a nonce of another stream", ["a"], { nonce: "of another stream" });
  await client.isGiven({ a: "1" });
  client.says("subscribes b with a nonce of another type", ["b"], { nonce: "4711", error: "no" });
  await client.isGiven({ b: "1" });
});

rule("a first request with a nonce of another stream is served", { delta: false }, async ({ client, server }) => {
  server.has({ a: "1" });
  client.says("begins with a nonce of another stream", ["a"], { nonce: "of another stream" });
  await client.isGiven({ a: "1" });
});

rule(
  "who does not answer is not sent the next list, and then the newest",
  { delta: false, complete: true },
  async ({ client, server }) => {
    server.has({ a: "1" });
    client.becomes("silent");
    client.asksForEverything();
    await client.listens();
    server.changes({ a: "2" });
    await client.hearsNothing();
    server.changes({ a: "3" });
    await client.hearsNothing();
    client.becomes("accepting");
    client.answers("accepting");
    await client.isGiven({ a: "3" });
  },
);

rule("answers out of order are taken as they come", { delta: true }, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.becomes("silent");
  client.subscribes("a", "b");
  await client.listens();
  server.changes({ a: "2" });
  await client.listens();
  server.changes({ b: "2" });
  await client.listens();
  client.becomes("accepting");
  client.answers("accepting", { newestFirst: true });
  await client.listens();
  await client.hearsNothing();
  server.changes({ a: "3" });
  await client.isGiven({ a: "3" });
});
