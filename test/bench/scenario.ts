/** What is asked for and where it runs: hostnames, hosts, and which host has which hostname. */

/** One size of installation. */
export interface Shape {
  readonly hostnames: number;
  /** Wash hosts; all listen on loopback. */
  readonly hosts: number;
  /** Envoys of one fleet. */
  readonly envoys: number;
  /** Proxies of that fleet besides, which only speak the protocol. */
  readonly proxies: number;
}

export const hostName = (host: number): string => `h${host}`;
export const hostnameOf = (i: number): string => `app-${i}.bench.test`;

/** Chance that is the same in every run (mulberry32). */
export function chanceFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Which host serves which hostname, as last written. */
export class Scenario {
  readonly shape: Shape;
  readonly #chance: () => number;
  readonly #hostOf = new Map<string, number>();
  #made = 0;

  constructor(shape: Shape) {
    this.shape = shape;
    this.#chance = chanceFrom(shape.hostnames);
    for (let i = 0; i < shape.hostnames; i++) this.add();
  }

  /** Hostname and host of everything written so far. */
  get placed(): ReadonlyMap<string, number> {
    return this.#hostOf;
  }

  /** A hostname that did not exist, on some host. */
  add(): { readonly hostname: string; readonly host: number } {
    const hostname = hostnameOf(this.#made);
    this.#made += 1;
    const host = this.#below(this.shape.hosts);
    this.#hostOf.set(hostname, host);
    return { hostname, host };
  }

  /** One of the first hostnames goes to another host; never `except`, which is being watched. */
  move(except: string | undefined): { readonly hostname: string; readonly host: number } {
    let hostname = hostnameOf(this.#below(this.shape.hostnames));
    while (hostname === except) hostname = hostnameOf(this.#below(this.shape.hostnames));
    const host = ((this.#hostOf.get(hostname) ?? 0) + 1 + this.#below(this.shape.hosts - 1)) % this.shape.hosts;
    this.#hostOf.set(hostname, host);
    return { hostname, host };
  }

  /** Ms between `least` and twice that. */
  gapMs(least: number): number {
    return least * (1 + this.#chance());
  }

  #below(bound: number): number {
    return Math.floor(this.#chance() * bound);
  }
}
