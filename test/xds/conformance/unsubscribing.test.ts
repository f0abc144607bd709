/** What a client gives up, it is not sent any more: section "Unsubscribing From Resources" of the xDS protocol, and its two examples about wildcards. */
import { rule } from "./rule.ts";

rule("a name given up is sent no more, and nothing is said about it", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("a", "b");
  await client.isGiven({ a: "1", b: "1" });
  client.unsubscribes("b");
  await client.hearsNothing();
  server.changes({ b: "2" });
  await client.hearsNothing();
  server.changes({ a: "2" });
  await client.isGiven({ a: "2" });
});

rule("who gives up all names wants nothing, not everything", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("a", "b");
  await client.isGiven({ a: "1", b: "1" });
  client.unsubscribes("a", "b");
  await client.hearsNothing();
  server.changes({ a: "2", b: "2", c: "1" });
  await client.hearsNothing();
  client.subscribes("c");
  await client.isGiven({ c: "1" });
});

rule("a name given up and wanted again later is sent", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("a", "b");
  await client.isGiven({ a: "1", b: "1" });
  client.unsubscribes("a");
  await client.hearsNothing();
  client.subscribes("a");
  await client.isGiven({ a: "1" });
});

rule("who gives up * wants nothing, not everything", {}, async ({ client, server }) => {
  server.has({ a: "1" });
  client.subscribes("*");
  await client.isGiven({ a: "1" });
  client.unsubscribes("*");
  await client.hearsNothing();
  server.changes({ a: "2", b: "1" });
  await client.hearsNothing();
});

rule("names beside a wildcard stay when it is given up", {}, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.asksForEverything();
  await client.isGiven({ a: "1", b: "1" });
  client.subscribes("*", "a"); // delta answers what is asked for, SotW has nothing newer
  await client.listens();
  client.unsubscribes("*");
  await client.hearsNothing();
  server.changes({ b: "2", c: "1" });
  await client.hearsNothing();
  server.changes({ a: "2" });
  await client.isGiven({ a: "2" });
  client.unsubscribes("a");
  await client.hearsNothing();
  server.changes({ a: "3" });
  await client.hearsNothing();
});

rule("the first name ends the wildcard of an empty list", { delta: false }, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.asksForEverything();
  await client.isGiven({ a: "1", b: "1" });
  client.subscribes("a");
  await client.listens();
  server.changes({ b: "2" });
  await client.hearsNothing();
});

rule("the first name does not end the wildcard of an empty list", { delta: true }, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.asksForEverything();
  await client.isGiven({ a: "1", b: "1" });
  client.subscribes("a");
  await client.isGiven({ a: "1" });
  server.changes({ b: "2" });
  await client.isGiven({ b: "2" });
});

rule("a name given up under a wildcard is sent again", { delta: true }, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("*", "a");
  await client.isGiven({ a: "1", b: "1" });
  client.unsubscribes("a");
  await client.isGiven({ a: "1" });
});

rule(
  "a name given up under a wildcard that does not exist is listed as removed",
  { delta: true },
  async ({ client, server }) => {
    server.has({ a: "1" });
    client.subscribes("*", "missing");
    await client.listens();
    client.unsubscribes("missing");
    await client.isToldThereIsNo("missing");
  },
);

rule("giving up a name that was never asked for is not answered", { delta: true }, async ({ client, server }) => {
  server.has({ a: "1", b: "1" });
  client.subscribes("a");
  await client.isGiven({ a: "1" });
  client.unsubscribes("b", "unknown");
  await client.hearsNothing();
  server.changes({ a: "2", b: "2" });
  await client.isGiven({ a: "2" });
});
