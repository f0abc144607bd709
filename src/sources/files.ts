/** The source of those who run without Kubernetes: objects in the files of a folder, followed while they are edited. */
import { setImmediate } from "node:timers/promises";
import { FolderReader } from "../files/folder-reader.ts";
import { type FolderWatch, type Seen, type WatchOptions, watchFolder } from "../files/watch-folder.ts";
import { FileLedger } from "./file-ledger.ts";
import { isObjectFile } from "./file-objects.ts";
import type { ObjectChange, ObjectSource, Sink } from "./source.ts";
import { Turns } from "./turns.ts";

/** Where the files are, and how closely they are followed. */
export interface FilesOptions extends WatchOptions {
  /** The folder; its subfolders are not read. */
  readonly folder: string;
  /** How long a file must be missing or empty, and what looks like half a file or takes an object away must last, to be believed, in ms. Default 200; 0 believes at once. */
  readonly vanishMs?: number;
}

/** Changes and reports in one batch, give or take one: a batch is worked through in one go by whoever gets it. */
const BATCH_CHANGES = 499;
/** Longest work in one turn of the event loop, in ms: an edit found meanwhile waits for about three such turns. */
const TURN_MS = 4;

/**
 * A folder as a source (see Source for what that promises). Besides:
 * - What a changed file says is given as soon as it is read, in parts of a few ms; a large file holds up no other.
 * - What a file takes away is believed when it lasts `vanishMs`, so that neither moving an object to another file nor writing a file in place makes it
 *   blink. See FileLedger.
 * - A file that turned bad keeps its last good objects; when it was never good, the documents in it that can be read count.
 * - A file that is gone, or emptied, for longer than `vanishMs` takes its objects with it; one that is only being replaced does not.
 * - While the folder itself cannot be read, everything stays as it was last seen and the source is stale.
 */
export function filesSource(options: FilesOptions): ObjectSource {
  return new FilesSource(options);
}

class FilesSource implements ObjectSource {
  readonly #options: FilesOptions;
  readonly #reader: FolderReader;
  readonly #ledger: FileLedger;
  readonly #turns = new Turns();
  #sink: Sink<ObjectChange> | undefined;
  #watch: FolderWatch | undefined;
  /** Calls when the next doubt is due. */
  #timer: NodeJS.Timeout | undefined;
  #working = false;
  /** Files being read for events; never rejects. */
  #reading: Promise<unknown> | undefined;
  /** Everything was looked at since the start, or since the folder could not be read. */
  #complete = false;
  #synced = false;
  #stale: string | undefined;
  /** What the last batch said. */
  #given: { readonly synced: boolean; readonly stale: string | undefined } = { synced: false, stale: undefined };

  constructor(options: FilesOptions) {
    this.#options = options;
    const { folder, vanishMs = 200 } = options;
    const now = () => performance.now();
    this.#reader = new FolderReader(folder, { accepts: isObjectFile, vanishMs, now });
    this.#ledger = new FileLedger({ doubtMs: vanishMs, now });
  }

  async start(sink: Sink<ObjectChange>): Promise<void> {
    const { folder } = this.#options;
    const probe = await new FolderReader(folder, { accepts: () => false, now: () => 0 }).look();
    if (probe.fault !== undefined)
      throw new Error(`The folder ${folder} cannot be read: ${probe.fault}. Create it, or correct source.folder`);
    this.#sink = sink;
    this.#watch = watchFolder(folder, (seen) => this.#look(seen), this.#options);
    this.#watch.lookAfter(0);
  }

  async stop(): Promise<void> {
    this.#sink = undefined;
    clearTimeout(this.#timer);
    await this.#watch?.close();
  }

  async #look(seen: Seen): Promise<void> {
    if (seen !== "everything") return void (await this.#lookAt(this.#reader.concerned(seen), "in any case"));
    const portions = await this.#reader.portions();
    if ("fault" in portions) return this.#unreadable(portions.fault);
    for (const names of portions) {
      if (this.#sink === undefined) return;
      const urgent = this.#reader.concerned(this.#watch?.take() ?? []);
      if (!(await this.#lookAt(urgent, "in any case"))) return;
      if (!(await this.#lookAt(names, "if it seems changed"))) return;
    }
    this.#complete = true;
    void this.#work();
  }

  /** Has what changed in these files worked on; false if the folder cannot be read. */
  async #lookAt(names: readonly string[], reading: "in any case" | "if it seems changed"): Promise<boolean> {
    if (names.length === 0) return true;
    const looking = this.#reader.lookAt(names, reading);
    this.#reading = reading === "in any case" ? looking : undefined;
    const { changes, againMs, fault } = await looking;
    this.#reading = undefined;
    if (againMs !== undefined) this.#watch?.lookAfter(againMs);
    if (fault !== undefined) this.#unreadable(fault);
    for (const change of changes) this.#turns.put(change.name, this.#ledger.follow(change, !this.#synced));
    void this.#work();
    return fault === undefined;
  }

  #unreadable(fault: string): void {
    this.#complete = false;
    if (!this.#synced) return; // it was there a moment ago; nothing is known until it is back
    const { folder } = this.#options;
    const stale = `the folder ${folder} cannot be read: ${fault}. Restore it; until then its last good files count`;
    if (stale === this.#stale) return;
    this.#stale = stale;
    this.#give();
  }

  /** Gives everybody turns until all is done, and then what else there is to say. */
  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    while (!this.#turns.idle && this.#sink !== undefined) {
      const overAt = performance.now() + TURN_MS;
      const over = () => performance.now() >= overAt;
      this.#turns.work(() => over() || this.#ledger.waiting >= BATCH_CHANGES);
      if (this.#ledger.waiting > 0 && !(this.#turns.idle && this.#news)) this.#give();
      if (!over()) continue;
      await setImmediate();
      // Reading a file takes several turns of the event loop: at 4 ms each, an edit would wait for what it has no part in.
      await this.#reading;
    }
    this.#working = false;
    if (this.#news) {
      this.#synced = true;
      this.#stale = undefined;
      this.#give();
    }
    this.#awaitDoubts();
  }

  /** Whether the end of the work is also the end of being incomplete or stale. */
  get #news(): boolean {
    return this.#complete && (!this.#synced || this.#stale !== undefined);
  }

  #awaitDoubts(): void {
    clearTimeout(this.#timer);
    const dueAt = this.#ledger.nextDueAt;
    if (dueAt === undefined || this.#sink === undefined) return;
    const believe = () => {
      // A file that is being worked on decides anew what it doubts, and this is called again afterwards.
      for (const file of this.#ledger.due)
        if (!this.#turns.has(file)) this.#turns.put(file, this.#ledger.believe(file));
      void this.#work();
    };
    this.#timer = setTimeout(believe, Math.max(1, Math.ceil(dueAt - performance.now())));
  }

  /** Gives what waits to be given, in one batch. */
  #give(): void {
    const before = this.#given;
    const { changes, problems } = this.#ledger.take();
    this.#given = { synced: this.#synced, stale: this.#stale };
    const silent = changes.length + problems.length === 0;
    if (silent && before.synced === this.#synced && before.stale === this.#stale) return;
    this.#sink?.({ changes, problems, ...this.#given });
  }
}
