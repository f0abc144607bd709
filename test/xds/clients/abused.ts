/**
 * A client that misbehaves beside one that must notice nothing: what the abuse leaves in the server's memory, what it makes the server do, and in how
 * many turns of its event loop the good client is on its way to be told of a change, while the abuse goes on.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DeltaClient, NODE } from "../client.ts";
import { ASSIGNMENT, CLUSTER } from "../resources.ts";
import { AbusedServer, type Report } from "./abused-server.ts";

const GOOD = "good";
/** Bytes. */
export const MB = 1_000_000;

export interface Abuse {
  readonly hostnames?: number;
  readonly options?: Parameters<typeof AbusedServer.start>[1];
  /** Does it, and gives what ends it. */
  readonly abuse: (server: AbusedServer, told: (change: string) => Promise<number>) => Promise<() => void>;
  /** What it may cost, looked at while it lasts. The figures are some times of what was measured. */
  readonly most: { readonly retainedMb: number; readonly sent: number; readonly turns?: number };
  /** What else must be so. */
  readonly also?: (report: Report) => void;
}

/** A test of that name. */
export function abused(
  name: string,
  { hostnames = 200, options = {}, abuse, most, also = () => undefined }: Abuse,
): void {
  test(name, async () => {
    const server = await AbusedServer.start(hostnames, options);
    const good = new DeltaClient({ port: server.port, node: { ...NODE, id: GOOD } });
    /** Has the good client told of a change; gives the turns that took. */
    const told = async (change: string): Promise<number> => {
      const turns = await server.change(change, GOOD);
      await good.accept(ASSIGNMENT);
      return turns;
    };
    try {
      good.subscribe(CLUSTER, []);
      await good.accept(CLUSTER);
      good.subscribe(ASSIGNMENT, ["h0.test"]);
      await good.accept(ASSIGNMENT);
      const before = await server.report();
      const end = await abuse(server, told);
      const turns = await told("changed");
      const after = await server.report();
      end();
      const retainedMb = (after.retainedBytes - before.retainedBytes) / MB;
      const sent = after.sent - before.sent;
      assert.ok(turns <= (most.turns ?? 20), `${turns} turns until the good client was told`);
      assert.ok(retainedMb <= most.retainedMb, `${retainedMb.toFixed(1)} MB retained`);
      assert.ok(sent <= most.sent, `${sent} responses sent`);
      assert.equal(after.faults, 0);
      also(after);
      const over = await server.until(({ proxies }) => proxies === 1);
      const left = (over.retainedBytes - before.retainedBytes) / MB;
      assert.ok(left <= 5, `${left.toFixed(1)} MB left behind`);
    } finally {
      good.close();
      await server.end();
    }
  });
}
