/** A schedule is its seed's alone, and leaves enough alive to be judged by. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { KINDS, type ScheduleOptions, scheduleOf } from "./schedule.ts";

const OPTIONS: ScheduleOptions = { seed: 7, seconds: 60, apps: 20, hosts: 4, proxies: 3 };
const MANY = Array.from({ length: 200 }, (_, i) => scheduleOf({ ...OPTIONS, seed: i + 1 }));

test("equal seeds give equal schedules, others give others", () => {
  assert.deepEqual(scheduleOf(OPTIONS), scheduleOf({ ...OPTIONS }));
  const texts = new Set(MANY.map((schedule) => JSON.stringify(schedule)));
  assert.equal(texts.size, MANY.length);
});

test("every kind of deed comes about, within the time and on what there is", () => {
  const deeds = MANY.flat();
  assert.deepEqual([...new Set(deeds.map(({ kind }) => kind))].toSorted(), Object.keys(KINDS).toSorted());
  for (const { atMs, apps, host, proxy } of deeds) {
    assert.ok(atMs >= 0 && atMs < 60_000);
    assert.ok(apps.length > 0 && apps.every((app) => app < 20) && host < 4 && proxy < 3);
  }
});

test("deeds have their numbers in order of time", () => {
  for (const schedule of MANY) {
    assert.deepEqual(
      schedule.map(({ number }) => number),
      schedule.map((_, i) => i + 1),
    );
    assert.deepEqual(
      schedule,
      schedule.toSorted((a, b) => a.atMs - b.atMs),
    );
  }
});

test("half of the hosts are left alone at any time, and one Envoy is away at most", () => {
  for (const schedule of MANY)
    for (const [group, most] of [
      ["hosts", 2],
      ["envoys", 1],
      ["signalbox", 1],
      ["bus", 1],
    ] as const) {
      const ones = schedule.filter(({ kind }) => KINDS[kind].group === group);
      for (const { atMs } of ones) {
        const under = ones.filter((other) => other.atMs <= atMs && atMs <= other.atMs + other.lastsMs);
        assert.ok(under.length <= most, `${group}: ${under.length} at ${atMs}`);
        assert.equal(
          new Set(under.map(({ host }) => (group === "hosts" ? host : 0))).size,
          group === "hosts" ? under.length : 1,
        );
      }
    }
});
