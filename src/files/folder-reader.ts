/** What changed in the files of a folder since it was last looked at. */
import { hash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** What became of one file. */
export type FileChange =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly gone: true }
  | {
      readonly name: string;
      /** Why it cannot be read, without a full stop. */
      readonly unreadable: string;
      /** What to do about it, beginning with a verb. */
      readonly remedy: string;
    };

/** One look at a folder. */
export interface FolderLook {
  /** By name. */
  readonly changes: readonly FileChange[];
  /** Look again after so many ms: something seems to have vanished, which is believed only when it lasts. */
  readonly againMs: number | undefined;
  /** Why the folder itself cannot be read; nothing changed then. */
  readonly fault: string | undefined;
}

/** How a folder is read. */
export interface FolderReaderOptions {
  /** Whether a file of this name is read. */
  readonly accepts: (name: string) => boolean;
  /** How long a file must be missing, or empty where it was not, to be believed, in ms. Editors and deployment tools replace files in two steps. Default 200; 0 believes at once. */
  readonly vanishMs?: number;
  /** Monotonic clock in ms. */
  readonly now: () => number;
}

interface Known {
  /** Inode, size and times. "" if they are not to be trusted. */
  readonly stamp: string;
  /**
   * Whether two looks saw this stamp. Only then it spares the reading: clocks of file systems tick every 4 ms or slower, inodes are used again, and what is
   * written twice in one tick may have equal stamps.
   */
  readonly settled: boolean;
  /** Of the text; of the message for an unreadable file. */
  readonly digest: string;
  readonly empty: boolean;
  /** When it was first seen missing or empty; undefined while it is there. */
  readonly vanishedAt: number | undefined;
}

type Reading = Omit<Known, "vanishedAt"> & { readonly change: FileChange };

/** Larger files are no configuration: reading them as JSON would hold up everything else for 50 ms and more, as YAML for many seconds. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;
/** Files read at the same time, and thus per call of who looks at many in portions. */
const PORTION = 32;

/** Remembers what it has seen by digest, so that a file written again with equal content is no change. Looks must not overlap. */
export class FolderReader {
  readonly #folder: string;
  readonly #options: FolderReaderOptions;
  readonly #known = new Map<string, Known>();
  /** Names of files that are links, as last listed. */
  #links: readonly string[] = [];

  constructor(folder: string, options: FolderReaderOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /** Looks at everything. Never throws. Files are those directly in the folder, links followed; names in the order of code units. */
  async look(): Promise<FolderLook> {
    const portions = await this.portions();
    if ("fault" in portions) return { changes: [], againMs: undefined, fault: portions.fault };
    const looks: FolderLook[] = [];
    for (const names of portions) looks.push(await this.lookAt(names, "if it seems changed"));
    return {
      changes: looks.flatMap(({ changes }) => changes),
      againMs: soonest(looks.map(({ againMs }) => againMs)),
      fault: looks.find(({ fault }) => fault !== undefined)?.fault,
    };
  }

  /** All names to look at, those of missing files too, in portions small enough to attend to something else in between. */
  async portions(): Promise<readonly (readonly string[])[] | { readonly fault: string }> {
    try {
      const entries = await readdir(this.#folder, { withFileTypes: true });
      const found = entries.filter(({ name }) => this.#options.accepts(name));
      this.#links = found.flatMap((entry) => (entry.isSymbolicLink() ? [entry.name] : []));
      const names = [...new Set([...found.map(({ name }) => name), ...this.#known.keys()])].sort();
      return Array.from({ length: Math.ceil(names.length / PORTION) }, (_, i) =>
        names.slice(i * PORTION, (i + 1) * PORTION),
      );
    } catch (error) {
      return { fault: messageOf(error) };
    }
  }

  /**
   * The files that an event about these names concerns: those themselves; and all links if it is about anything else, since that may be on their way (the
   * swapped `..data` of a ConfigMap).
   */
  concerned(names: Iterable<string>): readonly string[] {
    const all = [...names];
    const own = all.filter(this.#options.accepts);
    return own.length === all.length ? own : [...new Set([...own, ...this.#links])];
  }

  /** Looks at these files only: reads them in any case, as after an event, or if they seem changed. Never throws. */
  async lookAt(names: readonly string[], reading: "in any case" | "if it seems changed"): Promise<FolderLook> {
    const changes: FileChange[] = [];
    const waits: number[] = [];
    const gone: string[] = [];
    const believed = (name: string, known: Known): boolean => {
      const { vanishMs = 200, now } = this.#options;
      const vanishedAt = known.vanishedAt ?? now();
      const waitMs = vanishedAt + vanishMs - now();
      if (waitMs <= 0) return true;
      this.#known.set(name, { ...known, stamp: "", vanishedAt });
      waits.push(waitMs);
      return false;
    };
    const readings = await Promise.all(
      names.map(async (name) => [name, await this.#read(name, reading === "if it seems changed")] as const),
    );
    for (const [name, seen] of readings) {
      const known = this.#known.get(name);
      if (seen === "unchanged") continue;
      if (seen === "missing") {
        if (known !== undefined && believed(name, known)) gone.push(name);
        continue;
      }
      const { change, ...next } = seen;
      if (next.empty && known?.empty === false && !believed(name, known)) continue;
      this.#known.set(name, { ...next, vanishedAt: undefined });
      if (next.digest !== known?.digest) changes.push(change);
    }
    const fault = gone.length > 0 ? await this.#fault() : undefined; // where the folder is gone, its files are not
    if (fault === undefined)
      for (const name of gone) {
        this.#known.delete(name);
        changes.push({ name, gone: true });
      }
    changes.sort((a, b) => (a.name < b.name ? -1 : 1));
    return { changes, againMs: soonest(waits), fault };
  }

  async #fault(): Promise<string | undefined> {
    try {
      await readdir(this.#folder);
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  async #read(name: string, sparing: boolean): Promise<"missing" | "unchanged" | Reading> {
    const path = join(this.#folder, name);
    const known = this.#known.get(name);
    try {
      const stats = await stat(path, { bigint: true });
      if (stats.isDirectory()) return "missing";
      if (!stats.isFile()) return unreadable(name, "it is no file", "Put a file in its place");
      const stamp = `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
      const settled = stamp === known?.stamp;
      if (settled && known.settled && sparing) return "unchanged";
      if (stats.size > MAX_FILE_BYTES) {
        const found = `it has ${stats.size} bytes, and at most ${MAX_FILE_BYTES} are read`;
        return unreadable(name, found, "Split it into several files");
      }
      const text = await readFile(path, "utf8");
      return { stamp, settled, digest: hash("sha256", text), empty: text.trim() === "", change: { name, text } };
    } catch (error) {
      if (isMissing(error)) return "missing";
      return unreadable(name, messageOf(error), "Let Signalbox read it");
    }
  }
}

function unreadable(name: string, found: string, remedy: string): Reading {
  const change = { name, unreadable: found, remedy };
  return { stamp: "", settled: false, digest: found, empty: false, change };
}

function soonest(waits: readonly (number | undefined)[]): number | undefined {
  const known = waits.filter((wait) => wait !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
