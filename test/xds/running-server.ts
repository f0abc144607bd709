/** A server on a free port with one store and one fleet, and what it told its observer. */
import assert from "node:assert/strict";
import type { TypeUrl } from "../../src/codec/resource.ts";
import type { ProxyLabel, Rejection, ResponseFacts } from "../../src/xds/observer.ts";
import { XdsServer, type XdsServerOptions } from "../../src/xds/server.ts";
import { ResourceStore } from "../../src/xds/store.ts";
import { fleet, hostname } from "./resources.ts";

/** What happened, in words that tests compare. */
export interface Told {
  readonly connected: ProxyLabel[];
  readonly sent: ResponseFacts[];
  readonly acknowledged: { readonly type: TypeUrl; readonly nonce: string }[];
  readonly rejected: Rejection[];
  readonly cleared: string[];
  readonly refused: string[];
  readonly garbage: string[];
  /** Names of limits. */
  readonly limited: string[];
  readonly unassigned: string[];
  readonly reassigned: string[];
  readonly faults: unknown[];
  closed: number;
}

export interface Running {
  readonly server: XdsServer;
  readonly store: ResourceStore;
  readonly port: number;
  readonly told: Told;
  /** Settles once the predicate holds, looked at after every event. */
  until(holds: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** A complete store with a listener, an empty route configuration and these hostnames. */
export function storeOf(...hostnames: readonly string[]): ResourceStore {
  const store = new ResourceStore();
  store.apply([...fleet(), ...hostnames.flatMap((name) => hostname(name))]);
  store.markComplete();
  return store;
}

/** Starts it. Bounds are short enough to be seen and long enough not to fire where a test does not wait for them, unless it says otherwise. */
export async function running(store: ResourceStore, options: Partial<XdsServerOptions> = {}): Promise<Running> {
  const told: Told = {
    connected: [],
    sent: [],
    acknowledged: [],
    rejected: [],
    cleared: [],
    refused: [],
    garbage: [],
    limited: [],
    unassigned: [],
    reassigned: [],
    faults: [],
    closed: 0,
  };
  const server = new XdsServer({
    assign: () => ({ fleet: "edge", store }),
    observer: {
      connected: (label) => told.connected.push(label),
      sent: (_, facts) => told.sent.push(facts),
      acknowledged: (_, facts) => told.acknowledged.push(facts),
      refused: (_, { detail }) => told.refused.push(detail),
      rejected: (_, rejection) => told.rejected.push(rejection),
      cleared: (_, { name }, because) => told.cleared.push(`${name} ${because}`),
      garbage: (_, reason) => told.garbage.push(reason),
      limited: (limit) => told.limited.push(limit),
      unassigned: ({ node }) => told.unassigned.push(node.id),
      reassigned: (_, outcome) => told.reassigned.push(outcome),
      fault: (error) => told.faults.push(error),
      closed: () => {
        told.closed += 1;
      },
    },
    ...options,
  });
  const bound = await server.listen("127.0.0.1:0");
  if (!("port" in bound)) throw new Error(bound.cause);
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((settle) => setTimeout(settle, 2));
  };
  return { server, store, port: bound.port, told, until, close: () => server.close(0) };
}

/** Runs a test against a server of its own, with two hostnames unless it brings a store. */
export async function withServer(
  given: { readonly store?: ResourceStore } & Partial<XdsServerOptions>,
  body: (on: Running) => Promise<void>,
): Promise<void> {
  const { store = storeOf("a.test", "b.test"), ...options } = given;
  const on = await running(store, options);
  try {
    await body(on);
    assert.deepEqual(on.told.faults, []);
  } finally {
    await on.close();
  }
}
