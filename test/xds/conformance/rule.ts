/**
 * A rule of the protocol, tried in every variant with every type. Each test has a server of its own over a real socket, a client, and a probe on another stream
 * of the same connection, which tells when the server has nothing more to say. A test that fails shows what was said.
 */
import { suite, test } from "node:test";
import { ResourceStore } from "../../../src/xds/store.ts";
import { connect, DeltaClient, NODE } from "../client.ts";
import { whole } from "../resources.ts";
import { type Running, running } from "../running-server.ts";
import { Client, type Contents } from "./client.ts";
import { KINDS, type Kind, methodOf, RTDS, VARIANTS, type Variant } from "./combinations.ts";

/** What the server has, as rules speak of it. */
export interface Server {
  /** Puts all of these in one step. */
  has(contents: Contents): void;
  /** Puts and removes in one step. */
  changes(contents: Contents, ...removed: readonly string[]): void;
  removes(...names: readonly string[]): void;
}

/** Everybody who has a part. */
export interface Stage {
  readonly variant: Variant;
  readonly kind: Kind;
  readonly server: Server;
  readonly client: Client;
}

/** Which combinations a rule is about; default: all of them. */
export interface RuleOptions {
  readonly delta?: boolean;
  readonly aggregated?: boolean;
  /** Types whose SotW list is complete, or (false) the others. */
  readonly complete?: boolean;
}

const SEPARATE_DELTA: Variant = { name: "delta, separate", delta: true, aggregated: false };

/** Registers a test for each combination. The name is what docs/xds-server.md lists. */
export function rule(
  name: string,
  { delta, aggregated, complete }: RuleOptions,
  body: (on: Stage) => Promise<void>,
): void {
  suite(name, { concurrency: 8 }, () => {
    for (const variant of VARIANTS)
      for (const kind of KINDS) {
        if (delta !== undefined && delta !== variant.delta) continue;
        if (aggregated !== undefined && aggregated !== variant.aggregated) continue;
        if (complete !== undefined && complete !== kind.complete) continue;
        test(`${variant.name}: ${kind.name}`, () => perform(variant, kind, body));
      }
  });
}

async function perform(variant: Variant, kind: Kind, body: (on: Stage) => Promise<void>): Promise<void> {
  const store = new ResourceStore();
  store.markComplete();
  const on = await running(store, { graceMs: 0 });
  const transcript: string[] = [];
  const note = (line: string) => transcript.push(line);
  const over = connect(on.port);
  const probe = new Probe(on, over);
  const wire = { port: on.port, over };
  const client = new Client({ variant, kind, wire, note, quiet: (heard) => probe.quiet(heard) });
  try {
    await body({ variant, kind, client, server: serverOf(store, kind, note) });
    const faults = [...transcript.filter((line) => line.startsWith("!")), ...on.told.faults.map(String)];
    if (faults.length > 0) throw new Error(faults.join("\n"));
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new Error(`${words}\n\nWhat was said:\n${transcript.join("\n")}\n`, { cause: error });
  } finally {
    over.close();
    await on.close();
  }
}

function serverOf(store: ResourceStore, kind: Kind, note: (line: string) => void): Server {
  const change = (contents: Contents, removed: readonly string[]) => {
    const words = [
      ...Object.entries(contents).map(([name, content]) => `${name}=${content}`),
      ...removed.map((name) => `-${name}`),
    ];
    note(`· server: ${words.join(" ")}`);
    store.apply([
      ...Object.entries(contents).map(([name, content]) => kind.put(name, content)),
      ...removed.map((name) => ({ remove: { type: kind.type, name } })),
    ]);
  };
  return {
    has: (contents) => change(contents, []),
    changes: (contents, ...removed) => change(contents, removed),
    removes: (...names) => change({}, names),
  };
}

/**
 * Knows when the server has said everything. Questions go behind the client's requests on the same connection, and their answers come behind the responses to
 * those. A sentinel goes into the store behind the test's changes, and whoever does nothing but watch it is woken with the client's stream or after it.
 */
class Probe {
  readonly #on: Running;
  readonly #asking: DeltaClient;
  readonly #watching: DeltaClient;
  #rounds = 0;

  constructor(on: Running, over: ReturnType<typeof connect>) {
    this.#on = on;
    const path = methodOf(SEPARATE_DELTA, RTDS) ?? "";
    const open = (id: string) => new DeltaClient({ port: on.port, over, path, node: { ...NODE, id } }); // proxies of their own: neither wakes the other
    this.#asking = open("asking");
    this.#watching = open("watching");
    this.#watching.subscribe(RTDS.type, ["sentinel"]);
  }

  /** Until a whole round brought nothing. */
  async quiet(heard: () => number): Promise<void> {
    for (let before = -1; before !== heard(); ) {
      before = heard();
      await this.#ask(); // also: the last acknowledgement of the sentinel has arrived, so that nothing but the next one wakes who watches
      await this.#change();
      await this.#ask();
    }
  }

  async #ask(): Promise<void> {
    const name = `question ${++this.#rounds}`;
    this.#asking.subscribe(RTDS.type, [name]);
    this.#asking.ack(await this.#asking.wire.take(({ removedResources = [] }) => removedResources.includes(name)));
  }

  async #change(): Promise<void> {
    const put = whole(RTDS.type, "sentinel", String(++this.#rounds));
    this.#on.store.apply([{ put }]);
    const shows = ({ version = "" }) => version === put.version;
    this.#watching.ack(await this.#watching.wire.take(({ resources = [] }) => resources.some(shows)));
  }
}
