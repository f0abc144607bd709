/** A process that may open few files serves whom it has, and keeps some for itself. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { withinOpenFiles } from "../../src/serve/open-files.ts";
import { limitsOf } from "../../src/xds/limits.ts";
import { envoyOf, hostNamed, servedBy } from "./requests.ts";
import { configText, hostYaml, serving, workloadYaml } from "./serving.ts";

const rows: readonly (readonly [given: number, openFiles: number | undefined, taken: number, why: string])[] = [
  [5_000, 20_000, 5_000, "enough for all"],
  [5_000, 1_024, 864, "160 are kept"],
  [100, 1_024, 100, "fewer are wanted"],
  [0, 1_024, 864, "no limit is one all the same"],
  [5_000, 64, 16, "of very few a quarter"],
  [0, undefined, 0, "the system does not tell"],
];
for (const [connections, openFiles, taken, why] of rows)
  test(`${connections} connections where ${openFiles ?? "nobody knows how many"} files may be open: ${taken}, ${why}`, () => {
    const warned: string[] = [];
    const log = { warn: (_: unknown, text: string) => void warned.push(text) };
    const limits = withinOpenFiles(limitsOf({ connections }), openFiles, log as never);
    assert.deepEqual(limits, limitsOf({ connections: taken }));
    assert.equal(warned.length, connections > taken ? 1 : 0, "what was asked for and is not given is told");
  });

test("too few to run at all is refused in words", () => {
  assert.throws(
    () => withinOpenFiles(limitsOf({}), 40, { warn: () => undefined }),
    /Signalbox may open only 40 files at a time/,
  );
});

/** Connections that ask for nothing. */
async function crowd(t: TestContext, port: number, count: number): Promise<readonly Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(port, "127.0.0.1").on("error", () => undefined));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  return sockets;
}

test("with 64 descriptors and 200 clients, an Envoy that is connected, the admin port and the configuration go on", async (t) => {
  const [one, two] = await Promise.all([hostNamed(t, "one", "shop.test"), hostNamed(t, "two", "shop.test")]);
  const signalbox = await serving({
    test: t,
    script: 'ulimit -n 64; exec "$@"',
    objects: {
      "hosts.yaml": [hostYaml("one", "127.0.0.1", one.port), hostYaml("two", "127.0.0.1", two.port)].join("---\n"),
      "shop.yaml": workloadYaml("shop", "shop.test", "one"),
    },
  });
  await signalbox.told("only 64 files may be open at a time: 16 connections are taken");
  const port = await envoyOf(t, signalbox);
  await servedBy(port, "shop.test", "one");
  const sockets = await crowd(t, signalbox.xdsPort, 200);
  const refused = await signalbox.told("client came up against a limit");
  assert.equal(refused["limit"], "connections");
  const open = (): number => sockets.filter(({ closed }) => !closed).length;
  while (open() > 15) await sleep(10); // the Envoy has one of the sixteen
  await signalbox.write("shop.yaml", workloadYaml("shop", "shop.test", "two"));
  await servedBy(port, "shop.test", "two");
  assert.match(await signalbox.admin("/readyz"), /ready/);
  await signalbox.configure(configText({ more: "log: {level: debug}" }));
  await signalbox.told("configuration reloaded");
  for (const socket of sockets) socket.destroy();
  await servedBy(await envoyOf(t, signalbox), "shop.test", "two"); // there is room again
  assert.deepEqual(
    signalbox.log().filter(({ msg }) => /EMFILE/.test(msg)),
    [],
  );
});
