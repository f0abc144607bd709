/** A client of one type over one stream, as the rules speak of it: "client subscribes a; client is given a". */
import assert from "node:assert/strict";
import { type Kind, methodOf, type Variant } from "./combinations.ts";
import { DeltaSpeaker } from "./delta-speaker.ts";
import { SotwSpeaker } from "./sotw-speaker.ts";
import type { Answering, Heard, Speaker, SpeakerOptions } from "./speaker.ts";

/** Contents by name. */
export type Contents = Readonly<Record<string, string>>;

/** What a client needs of the stage. */
export interface ClientParts {
  readonly variant: Variant;
  readonly kind: Pick<Kind, "name" | "type" | "service" | "complete">;
  readonly wire: Pick<SpeakerOptions, "port" | "over">;
  /** Takes down what is said, for people. */
  readonly note: (line: string) => void;
  /** Settles once the server has said all it has to say. */
  readonly quiet: (heardSoFar: () => number) => Promise<void>;
}

/** How it answers: `rejecting` refuses what has a content that begins with `bad`, as a whole. */
type Manner = "accepting" | "rejecting" | "silent";

export class Client {
  readonly #parts: ClientParts;
  #speaker: Speaker;
  #manner: Manner = "accepting";
  #heard: Heard[] = []; // since the last expectation
  #total = 0;
  #unanswered: Heard[] = [];
  readonly #has = new Map<string, { readonly content: string; readonly version: string }>();
  #version = ""; // of the last SotW response accepted
  readonly #subscribed = new Set<string>();
  readonly nonces: string[] = []; // of all streams, oldest first
  saysType = true;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.#speaker = this.#connected();
  }

  /** The last version of a SotW response, or the version of a resource over delta. */
  versionOf(name: string): string {
    return this.#speaker.delta ? (this.#has.get(name)?.version ?? "") : this.#version;
  }

  /** The legacy wildcard: a first request without names. */
  asksForEverything(): void {
    this.#say("asks for everything", [], []);
  }

  subscribes(...names: readonly string[]): void {
    this.#say(`subscribes ${names.join(" ")}`, names, []);
  }

  unsubscribes(...names: readonly string[]): void {
    this.#say(`unsubscribes ${names.join(" ")}`, [], names);
  }

  /** Gives names up and asks for them again before anything is answered: with one request (delta) or two. */
  subscribesAgain(...names: readonly string[]): void {
    if (!this.#speaker.delta) this.#say(`forgets ${names.join(" ")}`, [], names);
    this.#say(`subscribes ${names.join(" ")} again`, names, []);
  }

  /** A request as it is, with whatever it says beside names. */
  says(what: string, subscribe: readonly string[], answering: Answering): void {
    this.#say(what, subscribe, [], answering);
  }

  becomes(manner: Manner): void {
    this.#parts.note(`· ${this.#parts.kind.name} client is ${manner} from now on`);
    this.#manner = manner;
  }

  /** Answers what it kept silent about, the newest first if so wanted; a name with it is asked for in the same request. */
  answers(how: "accepting" | "rejecting", { newestFirst = false, subscribing = [] as readonly string[] } = {}): void {
    const waiting = newestFirst ? this.#unanswered.toReversed() : this.#unanswered;
    this.#unanswered = [];
    assert.ok(waiting.length > 0, "there is something to answer");
    for (const heard of waiting) this.#answer(heard, how, subscribing);
  }

  /** The stream breaks, and the client comes back with what it has and wants. `wildcard`: a first request without names. */
  reconnects({ has = this.#reported(), version = this.#version, silently = false } = {}): void {
    this.#speaker.close();
    this.#parts.note(`· ${this.#parts.kind.name} client reconnects`);
    this.#speaker = this.#connected();
    this.#unanswered = [];
    if (silently) return;
    const names = [...this.#subscribed];
    this.#say(`comes back with ${Object.keys(has).join(" ")}`, names, [], this.#speaker.delta ? { has } : { version });
  }

  /** It has lost everything: what it reports is nothing. */
  forgets(): void {
    this.#has.clear();
    this.#version = "";
  }

  /** Exactly these contents came since the last look, each once, and a SotW list is complete. */
  async isGiven(expected: Contents): Promise<void> {
    const heard = await this.#listen();
    if (this.#parts.kind.complete && !this.#speaker.delta) {
      assert.equal(heard.length, 1, `one list, not ${heard.length} responses`);
      assert.deepEqual(contentsIn(heard), contentsOf(this.#has), "the list is complete");
      for (const [name, content] of Object.entries(expected)) assert.equal(contentsIn(heard)[name], content, name);
    } else assert.deepEqual(contentsIn(heard), sorted(expected), "what was sent");
    assert.deepEqual(removedIn(heard), [], "nothing is removed");
  }

  /** What it has now is exactly this. */
  has(expected: Contents): void {
    assert.deepEqual(contentsOf(this.#has), sorted(expected), "what the client has");
  }

  /** These went, and nothing else was said. SotW takes them out of a complete list, and has no words for it elsewhere. */
  async loses(...names: readonly string[]): Promise<void> {
    const heard = await this.#listen();
    if (this.#speaker.delta) {
      assert.deepEqual(removedIn(heard), names.toSorted());
      assert.deepEqual(contentsIn(heard), {});
    } else if (this.#parts.kind.complete) {
      assert.equal(heard.length, 1, "one list");
      for (const name of names) assert.ok(!(name in contentsIn(heard)), `${name} is not in the list`);
      assert.deepEqual(contentsIn(heard), contentsOf(this.#has));
    } else assert.deepEqual(heard, [], "there are no words for a removal");
  }

  /** There is no such thing: delta lists the names as removed, once; SotW leaves them out, with at most one response. */
  async isToldThereIsNo(...names: readonly string[]): Promise<void> {
    const heard = await this.#listen();
    if (this.#speaker.delta) assert.deepEqual(removedIn(heard), names.toSorted());
    else assert.ok(heard.length <= 1, `${heard.length} responses`);
    if (!this.#parts.kind.complete || this.#speaker.delta) assert.deepEqual(contentsIn(heard), {});
  }

  /** One response that has nothing in it. */
  async isGivenNothing(): Promise<void> {
    const heard = await this.#listen();
    assert.deepEqual(
      heard.map(({ resources, removed }) => [resources.length, removed.length]),
      [[0, 0]],
    );
  }

  /** It has everything: silence; of listeners one response, by which it knows that somebody is there, with nothing in it or (SotW) with what it has. */
  async hearsNothingNew(): Promise<void> {
    if (this.#parts.kind.name !== "LDS") return await this.hearsNothing();
    if (this.#speaker.delta) return await this.isGivenNothing();
    const heard = await this.#listen();
    assert.equal(heard.length, 1, "one list");
    assert.deepEqual(contentsIn(heard), contentsOf(this.#has), "of what it has");
  }

  async hearsNothing(): Promise<void> {
    assert.deepEqual(await this.#listen(), [], "silence");
  }

  /** Responses since the last look, once the server has nothing more to say. */
  async listens(): Promise<readonly Heard[]> {
    return this.#listen();
  }

  close(): void {
    this.#speaker.close();
  }

  #say(what: string, subscribe: readonly string[], unsubscribe: readonly string[], answering?: Answering): void {
    for (const name of subscribe) this.#subscribed.add(name);
    for (const name of unsubscribe) {
      this.#subscribed.delete(name);
      if (name !== "*" && !this.#subscribed.has("*")) this.#has.delete(name);
    }
    this.#parts.note(
      `→ ${this.#parts.kind.name} ${what}${answering === undefined ? "" : ` ${JSON.stringify(answering)}`}`,
    );
    this.#speaker.ask(subscribe, unsubscribe, answering);
  }

  #reported(): Contents {
    return Object.fromEntries([...this.#has].map(([name, { version }]) => [name, version]));
  }

  async #listen(): Promise<readonly Heard[]> {
    await this.#parts.quiet(() => this.#total);
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }

  #connected(): Speaker {
    const { variant, kind, wire } = this.#parts;
    const options = { ...wire, path: methodOf(variant, kind), type: kind.type, saysType: this.saysType };
    const speaker = variant.delta ? new DeltaSpeaker(options) : new SotwSpeaker(options);
    void this.#hear(speaker, new Set());
    return speaker;
  }

  async #hear(speaker: Speaker, nonces: Set<string>): Promise<void> {
    for (;;) {
      const heard = await speaker.hear().catch(() => undefined);
      if (heard === undefined || speaker !== this.#speaker) return;
      this.#parts.note(`← ${this.#parts.kind.name} ${wordsOf(heard)}`);
      this.#heard.push(heard);
      this.#total += 1;
      this.#unanswered.push(heard);
      this.nonces.push(heard.nonce);
      this.#checkForm(heard, nonces);
      if (this.#manner === "silent") continue;
      this.#unanswered.pop();
      this.#answer(heard, this.#manner, []);
    }
  }

  /** What holds for every response, whatever it is about. A fault is found by whoever listens next. */
  #checkForm(heard: Heard, nonces: Set<string>): void {
    const { type, delta } = { type: this.#parts.kind.type, delta: this.#speaker.delta };
    const names = [...heard.resources.map(({ name }) => name), ...heard.removed];
    const faults = [
      ...(new Set(names).size === names.length ? [] : [`a name twice: ${names.join(" ")}`]),
      ...(heard.nonce !== "" && !nonces.has(heard.nonce) ? [] : [`nonce ${heard.nonce} is not new`]),
      ...(heard.type === type ? [] : [`type_url ${heard.type}`]),
      ...heard.resources.filter((one) => one.type !== type).map((one) => `${one.name} has type ${one.type}`),
      ...(delta && heard.resources.some((one) => one.version === "") ? ["a resource without version"] : []),
      ...(delta || heard.version !== "" ? [] : ["version_info is empty"]),
    ];
    nonces.add(heard.nonce);
    if (faults.length > 0) this.#parts.note(`! ${faults.join(", ")}`);
  }

  #answer(heard: Heard, how: "accepting" | "rejecting", subscribe: readonly string[]): void {
    const bad = heard.resources.filter(({ content }) => content.startsWith("bad")).map(({ name }) => name);
    const error = how === "rejecting" && bad.length > 0 ? `no ${bad.join(", ")}, please` : undefined;
    if (error === undefined) this.#apply(heard);
    const what = error === undefined ? `accepts ${heard.nonce}` : `rejects ${heard.nonce}: ${error}`;
    this.#parts.note(`→ ${this.#parts.kind.name} ${what}${subscribe.map((name) => ` and subscribes ${name}`).join()}`);
    for (const name of subscribe) this.#subscribed.add(name);
    this.#speaker.ask(subscribe, [], { nonce: heard.nonce, error, version: this.#version });
  }

  #apply({ resources, removed, version }: Heard): void {
    if (!this.#speaker.delta) this.#version = version;
    if (!this.#speaker.delta && this.#parts.kind.complete) this.#has.clear();
    for (const one of resources) this.#has.set(one.name, { content: one.content, version: one.version });
    for (const name of removed) this.#has.delete(name);
  }
}

function contentsIn(heard: readonly Heard[]): Contents {
  const resources = heard.flatMap((one) => one.resources);
  const names = resources.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length, `each is sent once: ${names.join(" ")}`);
  return sorted(Object.fromEntries(resources.map(({ name, content }) => [name, content])));
}

const removedIn = (heard: readonly Heard[]): readonly string[] => heard.flatMap(({ removed }) => removed).toSorted();

const contentsOf = (has: ReadonlyMap<string, { readonly content: string }>): Contents =>
  sorted(Object.fromEntries([...has].map(([name, { content }]) => [name, content])));

const sorted = (contents: Contents): Contents =>
  Object.fromEntries(Object.entries(contents).toSorted(([a], [b]) => (a < b ? -1 : 1)));

function wordsOf({ nonce, version, resources, removed }: Heard): string {
  const given = resources.map(({ name, content }) => `${name}=${content}`).join(" ");
  const gone = removed.length === 0 ? "" : ` removed: ${removed.map((name) => name || '""').join(" ")}`;
  return `nonce ${nonce}${version === "" ? "" : ` version ${version}`}: ${given || "nothing"}${gone}`;
}
