/** Who may write when: with a socket that flushes when told, and a timer that fires when told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Coalescer } from "../../src/xds/coalesce.ts";
import { Outlet, Outlets } from "../../src/xds/outlet.ts";
import type { Response } from "../../src/xds/protocol/channel.ts";

/** An outlet whose responses are numbered states: it always sends the newest. */
class Slow {
  readonly written: number[] = [];
  readonly outlet: Outlet;
  newest = 0;
  cut = false;
  #sent = 0;
  #flushed: (() => void) | undefined;

  constructor(outlets: Outlets, bytes: number) {
    const response = (): Response => ({ type: "t", nonce: "", resources: 1, removals: 0, pieces: [], bytes });
    this.outlet = new Outlet(outlets, {
      next: () => {
        if (this.#sent === this.newest) return undefined;
        this.#sent = this.newest;
        return response();
      },
      write: (_, flushed) => {
        this.written.push(this.#sent);
        this.#flushed = flushed;
      },
      idle: () => undefined,
      mayHaveMore: () => this.#sent !== this.newest,
      cut: () => {
        this.cut = true;
      },
    });
  }

  change(state: number): void {
    this.newest = state;
    this.outlet.wake();
  }

  flush(): void {
    this.#flushed?.();
  }
}

/** Everything that was scheduled has run. */
const turn = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) await new Promise((settle) => setImmediate(settle));
};

const outletsOf = (inFlightBytes: number, clock = () => performance.now(), stallMs = 60_000): Outlets =>
  new Outlets({ inFlightBytes, stallMs, clock });

test("rule 7: one write is in flight per stream, and a slow client gets the newest state, not the history", async () => {
  const slow = new Slow(outletsOf(1_000), 10);
  for (const state of [1, 2, 3]) slow.change(state);
  await turn();
  assert.deepEqual(slow.written, [3]);
  for (const state of [4, 5, 6]) {
    slow.change(state);
    await turn();
  }
  assert.deepEqual(slow.written, [3]);
  slow.flush();
  await turn();
  assert.deepEqual(slow.written, [3, 6]);
});

test("rule 7: bytes in flight have a global bound, and whoever waited longest is next", async () => {
  const outlets = outletsOf(100);
  const streams = [0, 1, 2, 3].map(() => new Slow(outlets, 60));
  for (const stream of streams) stream.change(1);
  await turn();
  assert.deepEqual([streams.map(({ written }) => written.length), outlets.inFlightBytes], [[1, 1, 0, 0], 120]);
  streams[0]?.change(2);
  streams[1]?.flush();
  await turn();
  assert.deepEqual(
    streams.map(({ written }) => written.length),
    [1, 1, 1, 0],
  );
  streams[0]?.flush();
  await turn();
  assert.deepEqual(
    streams.map(({ written }) => written),
    [[1], [1], [1], [1]],
    "who has something again goes behind",
  );
  streams[2]?.outlet.close(); // a stream that has ended may leave a response that its client does not take
  await turn();
  assert.deepEqual([streams[0]?.written, outlets.inFlightBytes], [[1], 120]);
  streams[2]?.flush();
  await turn();
  assert.deepEqual([streams[0]?.written, outlets.inFlightBytes], [[1, 2], 120]);
});

test("a response beyond the whole budget is sent alone", async () => {
  const outlets = outletsOf(100);
  const [big, small] = [new Slow(outlets, 5_000), new Slow(outlets, 10)];
  big.change(1);
  small.change(1);
  await turn();
  assert.deepEqual([big.written, small.written], [[1], []]);
  big.flush();
  await turn();
  assert.deepEqual(small.written, [1]);
});

test("rule 7: frozen clients hold up nobody: what they do not take stops counting, until as much again is stalled", async () => {
  let now = 0;
  const outlets = outletsOf(100, () => now, 2_000);
  const frozen = [0, 1, 2, 3].map(() => new Slow(outlets, 60));
  const good = new Slow(outlets, 10);
  const writes = () => [...frozen, good].map(({ written }) => written.length);
  for (const stream of [...frozen, good]) stream.change(1);
  await turn();
  assert.deepEqual(writes(), [1, 1, 0, 0, 0], "two take the budget");
  now = 1_999;
  frozen[2]?.outlet.wake();
  await turn();
  assert.deepEqual(writes(), [1, 1, 0, 0, 0], "a slow one is waited for");
  now = 2_000;
  frozen[2]?.outlet.wake();
  await turn();
  assert.deepEqual(
    [writes(), outlets.inFlightBytes],
    [[1, 1, 1, 1, 0], 240],
    "the first two are stalled, the next two in their place",
  );
  now = 9_999;
  good.outlet.wake();
  await turn();
  assert.deepEqual(
    frozen.map(({ cut }) => cut),
    [false, false, false, false],
    "a stalled one has a while to go on",
  );
  now = 10_000;
  good.outlet.wake();
  await turn();
  assert.deepEqual(writes(), [1, 1, 1, 1, 1]);
  assert.deepEqual(
    frozen.map(({ cut }) => cut),
    [true, false, false, false],
    "then the oldest is cut, as far as others need it",
  );
  for (const stream of frozen) stream.flush();
  good.flush();
  assert.equal(outlets.inFlightBytes, 0);
});

test("rule 7: whoever waits behind frozen clients is served though nothing happens", async () => {
  const outlets = outletsOf(100, undefined, 20);
  const [frozen, good] = [new Slow(outlets, 100), new Slow(outlets, 10)];
  frozen.change(1);
  good.change(1);
  const keepsAlive = setInterval(() => undefined, 1_000); // the outlets' own timer does not
  while (good.written.length === 0) await turn();
  clearInterval(keepsAlive);
  assert.deepEqual([frozen.written, frozen.cut], [[1], false]);
});

test("the first change goes out at once, those behind it together, and the window grows with the cost", () => {
  const timers: { readonly delayMs: number; readonly callback: () => void }[] = [];
  const fire = () => timers.shift()?.callback();
  let runs = 0;
  let cost = 0;
  const coalescer = new Coalescer({
    run: () => runs++,
    costMs: () => cost,
    after: (delayMs, callback) => timers.push({ delayMs, callback }),
  });
  coalescer.poke();
  assert.equal(runs, 1);
  coalescer.poke();
  coalescer.poke();
  assert.deepEqual([runs, timers.map(({ delayMs }) => delayMs)], [1, [10]]);
  fire();
  assert.equal(runs, 2);
  coalescer.poke();
  cost = 15;
  fire();
  assert.deepEqual([runs, timers.map(({ delayMs }) => delayMs)], [2, [50]], "15 ms of work is a quarter of 60 ms");
  cost = 500;
  fire();
  assert.equal(runs, 3);
  fire();
  assert.deepEqual(
    timers.map(({ delayMs }) => delayMs),
    [90],
    "never longer than 100 ms",
  );
  fire();
  assert.deepEqual([runs, timers.length], [3, 0], "nothing came: quiet");
  coalescer.poke();
  assert.equal(runs, 4);
});
