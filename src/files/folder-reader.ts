/** What changed in the files of a folder since it was last looked at. */
import { hash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** What became of one file. */
export type FileChange =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly gone: true }
  | { readonly name: string /** Why it cannot be read, without a full stop. */; readonly unreadable: string };

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
  /** Inode, size and times: equal ones spare the reading. "" if they are not to be trusted. */
  readonly stamp: string;
  /** Of the text; of the message for an unreadable file. */
  readonly digest: string;
  readonly empty: boolean;
  /** When it was first seen missing or empty; undefined while it is there. */
  readonly vanishedAt: number | undefined;
}

/** Larger files are no configuration, and parsing them would stop everything else. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** Remembers what it has seen by digest, so that a file written again with equal content is no change. Looks must not overlap. */
export class FolderReader {
  readonly #folder: string;
  readonly #options: FolderReaderOptions;
  readonly #known = new Map<string, Known>();

  constructor(folder: string, options: FolderReaderOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /** Never throws. Files are those directly in the folder, links followed; names in the order of code units. */
  async look(): Promise<FolderLook> {
    let names: string[];
    try {
      names = (await readdir(this.#folder)).filter(this.#options.accepts).sort();
    } catch (error) {
      return { changes: [], againMs: undefined, fault: messageOf(error) };
    }
    const changes: FileChange[] = [];
    const waits: number[] = [];
    const believe = (name: string, known: Known): boolean => {
      const { vanishMs = 200, now } = this.#options;
      const vanishedAt = known.vanishedAt ?? now();
      const wait = vanishedAt + vanishMs - now();
      if (wait <= 0) return true;
      this.#known.set(name, { ...known, stamp: "", vanishedAt });
      waits.push(wait);
      return false;
    };
    const present = new Set<string>();
    for (const name of names) {
      const known = this.#known.get(name);
      const seen = await this.#read(name, known);
      if (seen === "missing") continue;
      present.add(name);
      if (seen === "unchanged") continue;
      const { change, ...next } = seen;
      if (next.empty && known?.empty === false && !believe(name, known)) continue;
      this.#known.set(name, { ...next, vanishedAt: undefined });
      if (next.digest !== known?.digest) changes.push(change);
    }
    for (const [name, known] of [...this.#known]) {
      if (present.has(name) || !believe(name, known)) continue;
      this.#known.delete(name);
      changes.push({ name, gone: true });
    }
    changes.sort((a, b) => (a.name < b.name ? -1 : 1));
    return { changes, againMs: waits.length === 0 ? undefined : Math.min(...waits), fault: undefined };
  }

  async #read(
    name: string,
    known: Known | undefined,
  ): Promise<"missing" | "unchanged" | (Omit<Known, "vanishedAt"> & { change: FileChange })> {
    const path = join(this.#folder, name);
    try {
      const stats = await stat(path, { bigint: true });
      if (stats.isDirectory()) return "missing";
      if (!stats.isFile()) throw new Error("it is no file");
      if (stats.size > MAX_FILE_BYTES) throw new Error(`it has ${stats.size} bytes, ${MAX_FILE_BYTES} are read`);
      const stamp = `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
      if (stamp === known?.stamp) return "unchanged";
      const text = await readFile(path, "utf8");
      return { stamp, digest: hash("sha256", text), empty: text.trim() === "", change: { name, text } };
    } catch (error) {
      if (isMissing(error)) return "missing";
      const unreadable = messageOf(error);
      return { stamp: "", digest: unreadable, empty: false, change: { name, unreadable } };
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
