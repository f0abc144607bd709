/** A crowd of proxies, and when the last of them had acknowledged a change. A child process (see remote.ts). */
import { setTimeout as sleep } from "node:timers/promises";
import { monotonicMs } from "../clock.ts";
import { answer } from "../remote.ts";
import { connectedSocket, type Target } from "./connected-socket.ts";
import { ASSIGNMENT, CLUSTER, DeltaProxy, LISTENER, resumption, SCOPED_ROUTE, tellsRead } from "./delta-proxy.ts";
import type { DeltaResponse } from "./delta-response.ts";

/** A change as proxies see it: an assignment whose bytes hold this text. */
interface Expected {
  readonly name: string;
  readonly marker: string;
}

/** When proxies acknowledged a change, on the machine's clock. */
export interface Delivered extends Expected {
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Counted since the last question. */
interface Received {
  readonly messages: number;
  readonly resources: number;
  readonly removals: number;
  readonly bytes: number;
}

export type CrowdCalls = {
  /** Connects so many, some at a time; resolves when each has acknowledged everything there is. */
  readonly open: (what: { readonly target: Target; readonly count: number }) => Promise<void>;
  /** Clients that have everything so far, while `open` is under way. */
  readonly opened: (argument: undefined) => number;
  /** The next change. One resource has one at a time. */
  readonly expect: (change: Expected) => void;
  /** What was expected so far, once each proxy has acknowledged it; each is told once. */
  readonly delivered: (argument: undefined) => Promise<readonly Delivered[]>;
  readonly received: (argument: undefined) => Received;
  /** Cuts all connections. */
  readonly leave: (argument: undefined) => void;
  /**
   * All that left connect at once, and again where the server ends them; resolves when the server has read all of what each asked, with the ms it took
   * and how many connections were ended before that.
   */
  readonly comeBack: (target: Target) => Promise<{ readonly ms: number; readonly again: number }>;
};

/** Connected at a time at first: a thousand at once would measure this process. */
const AT_ONCE = 20;

/** A proxy that was ended tries again after so many ms. */
const AGAIN_MS = 500;

const proxies: DeltaProxy[] = [];
let expected = 0; // proxies
let opened = 0;
const held = new Map<string, Map<string, string>>(); // of the first proxy, and so of all
const underWay = new Map<string, { readonly change: Expected; readonly firstAt: number; proxies: number }>();
let delivered: Delivered[] = [];
let waiting: (() => void) | undefined;
let received = { messages: 0, resources: 0, removals: 0, bytes: 0 };
let leaving = false;

function take(serial: number, response: DeltaResponse): void {
  const { typeUrl, entries } = response;
  received.messages += 1;
  received.resources += entries.length;
  received.removals += response.removals;
  if (serial === 0) {
    const ofType = held.get(typeUrl) ?? new Map<string, string>();
    held.set(typeUrl, ofType);
    for (const { name, version } of entries) ofType.set(name, version);
  }
  if (underWay.size === 0 || typeUrl !== ASSIGNMENT) return;
  for (const { name, body } of entries) {
    const change = underWay.get(name);
    if (change === undefined || !body.includes(change.change.marker)) continue;
    const now = monotonicMs();
    if (change.proxies === 0) underWay.set(name, { ...change, firstAt: now, proxies: 1 });
    else change.proxies += 1;
    const { proxies: count, firstAt } = underWay.get(name) as { proxies: number; firstAt: number };
    if (count < expected) continue;
    underWay.delete(name);
    delivered.push({ ...change.change, firstAt, lastAt: now });
    if (underWay.size === 0) waiting?.();
  }
}

async function connected(
  target: Target,
  serial: number,
  took: (response: DeltaResponse) => void,
  closed: (why: string) => void,
): Promise<DeltaProxy> {
  const proxy = new DeltaProxy(await connectedSocket(target), {
    took: (response) => {
      take(serial, response);
      took(response);
    },
    closed,
  });
  proxies[serial] = proxy;
  return proxy;
}

/** Nothing that is measured goes on without one of its proxies. */
function fail(error: Error): void {
  console.error(error.message);
  process.exit(1);
}

async function openOne(target: Target, serial: number): Promise<void> {
  const missing = new Set([CLUSTER, ASSIGNMENT, LISTENER, SCOPED_ROUTE]);
  await new Promise<void>((settle, reject) => {
    const took = ({ typeUrl }: DeltaResponse): void => {
      if (missing.delete(typeUrl) && missing.size === 0) settle();
    };
    const closed = (why: string): void => {
      if (!leaving) fail(new Error(`the stream of proxy ${serial} is over: ${why}`));
    };
    connected(target, serial, took, closed).then((proxy) => proxy.begin(`proxy-${serial}`), reject);
  });
  opened += 1;
}

const bytesReceived = (): number => proxies.reduce((sum, proxy) => sum + proxy.receivedBytes, 0);

answer<CrowdCalls>({
  open: async ({ target, count }) => {
    expected = count;
    for (let from = 0; from < count; from += AT_ONCE)
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, i) => openOne(target, from + i)));
  },
  opened: () => opened,
  expect: (change) => {
    if (underWay.has(change.name)) throw new Error(`${change.name} is under way already`);
    underWay.set(change.name, { change, firstAt: 0, proxies: 0 });
  },
  delivered: async () => {
    if (underWay.size > 0) await new Promise<void>((settle) => (waiting = settle));
    waiting = undefined;
    const all = delivered;
    delivered = [];
    return all;
  },
  received: () => {
    const bytes = bytesReceived();
    const since = { ...received, bytes: bytes - received.bytes };
    received = { messages: 0, resources: 0, removals: 0, bytes };
    return since;
  },
  leave: () => {
    leaving = true;
    for (const proxy of proxies) proxy.destroy();
    received = { messages: 0, resources: 0, removals: 0, bytes: 0 };
  },
  comeBack: async (target) => {
    const requests = resumption(held);
    const count = proxies.length;
    const startedAt = monotonicMs();
    proxies.length = 0;
    let again = 0;
    /** True once the server has read everything; false if it ended the stream before. */
    const resumed = (serial: number): Promise<boolean> =>
      new Promise((settle) => {
        const took = (response: DeltaResponse): void => {
          if (tellsRead(response)) settle(true);
        };
        connected(target, serial, took, () => settle(false)).then(
          (proxy) => proxy.resume(`proxy-${serial}`, requests),
          () => settle(false),
        );
      });
    await Promise.all(
      Array.from({ length: count }, async (_, serial) => {
        for (; !(await resumed(serial)); await sleep(AGAIN_MS)) again += 1;
      }),
    );
    return { ms: monotonicMs() - startedAt, again };
  },
});
