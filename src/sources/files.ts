/** The source of those who run without Kubernetes: objects in the files of a folder, followed while they are edited. */
import { isDeepStrictEqual } from "node:util";
import { type FileChange, FolderReader } from "../files/folder-reader.ts";
import { type FolderWatch, type WatchOptions, watchFolder } from "../files/watch-folder.ts";
import { Breath } from "../kubernetes/breath.ts";
import type { Problem } from "../placement/problem.ts";
import { type FileObject, fileObjects } from "./file-objects.ts";
import { changeBetween, ObjectIndex } from "./object-index.ts";
import type { ObjectChange, ObjectSource, ProblemReport, Sink } from "./source.ts";

/** Where the files are, and how closely they are followed. */
export interface FilesOptions extends WatchOptions {
  /** The folder; its subfolders are not read. */
  readonly folder: string;
  /** How long a file must be missing or empty to be believed, in ms. Default 200; 0 believes at once. */
  readonly vanishMs?: number;
}

/** Names of files that are read: not those that begin with a dot, as editors and ConfigMap volumes make them. */
const READ = /^[^.].*\.(?:yaml|yml|json)$/;
/** Changes in one batch: a batch is worked through in one go by whoever gets it. */
const BATCH_CHANGES = 500;

/**
 * A folder as a source (see Source for what that promises). Besides:
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
  readonly #index = new ObjectIndex();
  /** What each file itself is blamed for, duplicates apart. */
  readonly #blame = new Map<string, readonly Problem[]>();
  /** Reports that are not empty, by `about`. */
  readonly #reported = new Map<string, readonly Problem[]>();
  #sink: Sink<ObjectChange> | undefined;
  #watch: FolderWatch | undefined;
  #synced = false;
  #stale: string | undefined;

  constructor(options: FilesOptions) {
    this.#options = options;
    const { vanishMs = 200 } = options;
    this.#reader = new FolderReader(options.folder, {
      accepts: (name) => READ.test(name),
      vanishMs,
      now: () => performance.now(),
    });
  }

  async start(sink: Sink<ObjectChange>): Promise<void> {
    const { folder } = this.#options;
    const probe = await new FolderReader(folder, { accepts: () => false, now: () => 0 }).look();
    if (probe.fault !== undefined)
      throw new Error(`The folder ${folder} cannot be read: ${probe.fault}. Create it, or correct source.folder`);
    this.#sink = sink;
    this.#watch = watchFolder(folder, () => this.#look(), this.#options);
    this.#watch.lookAfter(0);
  }

  async stop(): Promise<void> {
    this.#sink = undefined;
    await this.#watch?.close();
  }

  /** One look at the folder: everything that changed in it, as batches. */
  async #look(): Promise<void> {
    const { folder } = this.#options;
    const { changes, againMs, fault } = await this.#reader.look();
    if (againMs !== undefined) this.#watch?.lookAfter(againMs);
    if (fault !== undefined) {
      if (!this.#synced) return; // it was there a moment ago; nothing is known until it is back
      const stale = `the folder ${folder} cannot be read: ${fault}. Restore it; until then its last good files count`;
      if (stale !== this.#stale) this.#give([], [], stale);
      return;
    }
    const breath = new Breath(() => performance.now());
    const touched = new Set<string>();
    /** What counted before this look, under every key that it touches. */
    const before = new Map<string, FileObject | undefined>();
    for (const change of changes) {
      const objects = await this.#objectsOf(change, breath);
      touched.add(change.name);
      if (objects === "as they were") continue;
      for (const { key } of [...this.#index.objectsOf(change.name), ...objects])
        if (!before.has(key)) before.set(key, this.#index.winner(key));
      this.#index.replace(change.name, objects, touched);
      if (breath.due) await breath.take();
    }
    await this.#tell(before, touched, breath);
  }

  /** The objects of a changed file; sets what it is blamed for. */
  async #objectsOf(change: FileChange, breath: Breath): Promise<readonly FileObject[] | "as they were"> {
    const { name } = change;
    this.#blame.delete(name);
    if ("gone" in change) return [];
    if ("unreadable" in change) {
      const remedy = "Let Signalbox read it; until then its last good version counts";
      const subject = { kind: "File", namespace: "", name };
      this.#blame.set(name, [
        { code: "file-invalid", subject, cause: `it cannot be read: ${change.unreadable}`, remedy },
      ]);
      return "as they were";
    }
    const objects: FileObject[] = [];
    const blame: Problem[] = [];
    let faulty = false;
    for (const found of fileObjects(name, change.text)) {
      if ("record" in found) objects.push(found);
      else blame.push("fault" in found ? found.fault : found.remark);
      faulty ||= "fault" in found;
      if (breath.due) await breath.take();
    }
    if (blame.length > 0) this.#blame.set(name, blame);
    return faulty && this.#index.objectsOf(name).length > 0 ? "as they were" : objects;
  }

  /** Gives in batches what changed under these keys and what is to be said of these files. */
  async #tell(
    before: ReadonlyMap<string, FileObject | undefined>,
    files: ReadonlySet<string>,
    breath: Breath,
  ): Promise<void> {
    let changes: ObjectChange[] = [];
    let reports: ProblemReport[] = [];
    const collect = (about: string, problems: readonly Problem[]) => {
      if (isDeepStrictEqual(this.#reported.get(about) ?? [], problems)) return;
      if (problems.length === 0) this.#reported.delete(about);
      else this.#reported.set(about, problems);
      reports.push({ about, problems });
    };
    for (const [key, old] of before) {
      const winner = this.#index.winner(key);
      const change = changeBetween(old, winner);
      if (change !== undefined) changes.push(change);
      collect(key, winner?.problems ?? []);
      if (changes.length + reports.length >= BATCH_CHANGES) {
        this.#give(changes, reports, undefined, false);
        changes = [];
        reports = [];
      }
      if (breath.due) await breath.take();
    }
    for (const file of files)
      collect(`File//${file}`, [...(this.#blame.get(file) ?? []), ...this.#index.duplicatesIn(file)]);
    if (changes.length > 0 || reports.length > 0 || !this.#synced || this.#stale !== undefined)
      this.#give(changes, reports, undefined);
  }

  #give(
    changes: readonly ObjectChange[],
    problems: readonly ProblemReport[],
    stale: string | undefined,
    synced = true,
  ): void {
    this.#synced ||= synced;
    this.#stale = stale;
    this.#sink?.({ changes, problems, synced: this.#synced, stale });
  }
}
