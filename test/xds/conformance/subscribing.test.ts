/** What a client is sent for what it asks: sections "How the client specifies what resources to return" and "Subscribing to Resources" of the xDS protocol. */
import assert from "node:assert/strict";
import { rule } from "./rule.ts";

rule("a first request without names asks for everything", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.asksForEverything();
  await client.isGiven({ a: "1", b: "1" });
  server.changes({ c: "1" });
  await client.isGiven({ c: "1" });
});

rule("* asks for everything", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("*");
  await client.isGiven({ a: "1", b: "1" });
  server.changes({ c: "1" });
  await client.isGiven({ c: "1" });
});

rule("a wildcard is answered though there is nothing", {}, async ({ client, server }) => {
  client.asksForEverything();
  await client.isGivenNothing();
  server.has({ a: "1" });
  await client.isGiven({ a: "1" });
});

rule("* and names ask for everything, each once", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("*", "a");
  await client.isGiven({ a: "1", b: "1" });
  server.changes({ a: "2", b: "2" });
  await client.isGiven({ a: "2", b: "2" });
});

rule("names ask for these and no others", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1", c: "1" });
  client.subscribes("a", "b");
  await client.isGiven({ a: "1", b: "1" });
  server.changes({ b: "2", c: "2", d: "1" });
  await client.isGiven({ b: "2" });
});

rule("more names bring what is new to the client", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("a");
  await client.isGiven({ a: "1" });
  client.subscribes("b");
  await client.isGiven({ b: "1" });
  client.has({ a: "1", b: "1" });
});

rule("a name said twice is sent once", {}, async ({ client, server }) => {
  server.has({ a: "1" });
  client.subscribes("a", "a");
  await client.isGiven({ a: "1" });
});

rule("a name asked for again is sent again", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("a", "b");
  await client.isGiven({ a: "1", b: "1" });
  client.subscribesAgain("a");
  await client.isGiven({ a: "1" });
});

rule("* asked for again is answered with everything", { delta: true }, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("*");
  await client.isGiven({ a: "1", b: "1" });
  client.subscribes("*");
  await client.isGiven({ a: "1", b: "1" });
});

rule("a request that asks for nothing new is not answered", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("a");
  await client.isGiven({ a: "1" });
  client.says("repeats itself", [], {});
  await client.hearsNothing();
  server.changes({ b: "2" });
  await client.hearsNothing();
});

rule("a name that does not exist yet is sent when it appears", {}, async ({ client, server }) => {
  server.has({ a: "1" });
  client.subscribes("a");
  await client.isGiven({ a: "1" });
  client.subscribes("later");
  await client.isToldThereIsNo("later");
  server.changes({ later: "1" });
  await client.isGiven({ later: "1" });
});

rule("a client whose names do not exist is told so, once", {}, async ({ client, server }) => {
  client.subscribes("later", "never");
  await client.isToldThereIsNo("later", "never");
  server.changes({ other: "1" });
  await client.hearsNothing();
  server.changes({ later: "1" });
  await client.isGiven({ later: "1" });
});

rule("the empty string is a name, and no wildcard", {}, async ({ client, server }) => {
  server.has({ a: "1" });
  client.subscribes("");
  await client.isToldThereIsNo("");
  server.changes({ a: "2" });
  await client.hearsNothing();
  client.subscribes("a");
  await client.isGiven({ a: "2" });
});

rule("names change with an acknowledgement", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.becomes("silent");
  client.subscribes("a");
  await client.listens();
  client.answers("accepting", { subscribing: ["b"] });
  client.becomes("accepting");
  await client.isGiven({ b: "1" });
  client.has({ a: "1", b: "1" });
});

rule("names change with a rejection", {}, async ({ client, server }) => {
  server.has({ a: "bad", b: "1" });
  client.becomes("silent");
  client.subscribes("a");
  await client.listens();
  client.becomes("rejecting");
  client.answers("rejecting", { subscribing: ["b"] });
  await client.listens();
  client.has({ b: "1" });
});

rule("names change without an answer to anything", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1", c: "1" });
  client.subscribes("a");
  await client.isGiven({ a: "1" });
  client.subscribes("b");
  client.subscribes("c");
  const given = await client.listens();
  assert.ok(given.length <= 2, "one answer for each request at most");
  client.has({ a: "1", b: "1", c: "1" });
  await client.hearsNothing();
});
