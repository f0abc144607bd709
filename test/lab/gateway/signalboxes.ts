/**
 * The replicas of Signalbox: what a Deployment and a headless Service make of them. Each has an address of its own, and its own saved state; Envoys find those
 * that are ready by DNS. A single one that nobody asked more of is reached directly.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { reservePort } from "../../../src/cli/port-reservation.ts";
import { type Relay, seeded, startRelay } from "../../envoy/relay.ts";
import { Certificates } from "./certificates.ts";
import type { EnvoyKind, XdsDoor } from "./envoys.ts";
import type { GatewayNeeds } from "./gateway.ts";
import { NameServer } from "./name-server.ts";
import { type FleetConfiguration, Signalbox } from "./signalbox.ts";

const NAME = "signalbox.test";

/** `preStop` of k8s/base: how long a pod serves on after it has been taken out of the Service. */
const PRE_STOP_MS = 3_000;

/** `minReadySeconds` there is 40, for a DNS that answers from a cache for 30 s. Here Envoys know a new pod after what they wait between two questions, and a lifetime. */
const MIN_READY_MS = 10_000;

export class Signalboxes {
  readonly #needs: GatewayNeeds;
  readonly #port: number;
  readonly #names: NameServer | undefined;
  /** Of both sides; undefined where they speak plaintext. */
  readonly certificates: Certificates | undefined;
  /** In the order in which they were made. */
  #running: readonly Signalbox[] = [];
  readonly #published = new Set<Signalbox>();
  readonly #relays: Relay[] = [];
  #made = 0;

  private constructor(needs: GatewayNeeds, port: number, names?: NameServer, certificates?: Certificates) {
    this.#needs = needs;
    this.#port = port;
    this.#names = names;
    this.certificates = certificates;
  }

  /** Starts as many as planned; all ready when this resolves. */
  static async start(needs: GatewayNeeds): Promise<Signalboxes> {
    const { signalboxes: count, secure = false } = needs.xds;
    const { port } = await reservePort(addressOf(1), 0);
    const names = count === undefined ? undefined : await NameServer.start();
    const signalboxes = new Signalboxes(needs, port, names, secure ? await Certificates.make(NAME) : undefined);
    try {
      await Promise.all(Array.from({ length: count ?? 1 }, () => signalboxes.#make({})));
      return signalboxes;
    } catch (error) {
      await signalboxes.stop();
      throw error;
    }
  }

  /** What leads an Envoy to them. */
  async doorFor({ name }: EnvoyKind): Promise<XdsDoor> {
    const tls = this.certificates?.ofEnvoys;
    if (this.#names !== undefined) return { address: `${NAME}:${this.#port}`, dnsPort: this.#names.port, tls };
    const straight = { host: this.first.address, port: this.#port };
    const { late = false, lines = late } = this.#needs.xds;
    if (!lines) return { address: `${straight.host}:${straight.port}`, dnsPort: undefined, tls };
    const relay = await startRelay(straight, late ? lateness(name) : () => 0);
    this.#relays.push(relay);
    return { address: `127.0.0.1:${relay.port}`, dnsPort: undefined, tls };
  }

  get all(): readonly Signalbox[] {
    return this.#running;
  }

  /** The oldest. */
  get first(): Signalbox {
    const [first] = this.#running;
    if (first === undefined) throw new Error("there is no Signalbox");
    return first;
  }

  /** Ends one by this signal, and starts it again in its place as the kubelet does with a container. Fulfilled when it is ready. */
  async restart(one: Signalbox, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    await one.end(signal);
    this.#publish(one, false);
    await one.run();
    this.#publish(one, true);
  }

  /** Replaces each by a new one, with this configuration, in the way of k8s/base: maxSurge 1, maxUnavailable 0, minReadySeconds. Fulfilled when the last old one has ended. */
  async upgrade(fleet: FleetConfiguration): Promise<void> {
    const ends: Promise<void>[] = [];
    for (const old of [...this.#running]) {
      await this.#make(fleet);
      await sleep(MIN_READY_MS);
      ends.push(this.#delete(old));
    }
    await Promise.all(ends);
  }

  /** Breaks the connections of all Envoys at once. Gives how many there were: none where the plan has no lines. */
  breakLines(): number {
    return this.#relays.reduce((sum, relay) => sum + relay.cut(), 0);
  }

  /** Longest block of an event loop among them since it was last asked for, in ms. */
  async longestBlockMs(): Promise<number> {
    return Math.max(...(await Promise.all(this.#running.map((one) => one.longestBlockMs()))));
  }

  async stop(): Promise<void> {
    this.#names?.close();
    for (const relay of this.#relays) relay.close();
    await Promise.all(this.#running.map((one) => one.stop()));
    await this.certificates?.remove();
  }

  async #make(fleet: FleetConfiguration): Promise<void> {
    const number = ++this.#made;
    const { kubeconfig, started, timeline } = this.#needs;
    const one = await Signalbox.start(
      {
        name: this.#names === undefined ? "signalbox" : `signalbox-${number}`,
        address: addressOf(number),
        xdsPort: this.#port,
        certificates: this.certificates?.ofSignalbox,
        ...{ kubeconfig, started, timeline },
      },
      fleet,
    );
    this.#running = [...this.#running, one];
    this.#publish(one, true);
  }

  /** As a pod is deleted: out of the Service, and told to end a while later. */
  async #delete(one: Signalbox): Promise<void> {
    this.#needs.timeline.note("lab", `${one.name} is taken out of the Service`);
    this.#running = this.#running.filter((other) => other !== one);
    this.#publish(one, false);
    await sleep(PRE_STOP_MS);
    await one.end("SIGTERM");
    await one.stop();
  }

  #publish(one: Signalbox, ready: boolean): void {
    if (ready) this.#published.add(one);
    else this.#published.delete(one);
    this.#names?.publish([...this.#published].map(({ address }) => address));
  }
}

/** The first is where a single one is. Hosts have 127.0.0.11 and up. */
const addressOf = (number: number): string => (number === 1 ? "127.0.0.1" : `127.0.1.${number}`);

/** How late each piece of what this Envoy says is, in ms; the same in each run. */
function lateness(envoy: string): () => number {
  const random = seeded(Buffer.from(envoy).readUInt32BE(envoy.length - 4));
  return () => {
    const chance = random();
    return chance < 0.05 ? random() * 2_000 : chance < 0.55 ? random() * 500 : 0;
  };
}
