/** The file that a saved state is kept in: replaced as a whole or not at all, whatever happens meanwhile. */
import { createReadStream } from "node:fs";
import { open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { type SavedState, SavedTextReader, savedText } from "./saved-text.ts";

/** Why a state could not be written or used, and what to do. Neither ends in a full stop. */
export interface SavedFault {
  readonly cause: string;
  readonly remedy: string;
}

/** No attempt goes so long without writing anything, in ms. One that does, of a process that shares the file against all advice, fails and is made again. */
const ABANDONED_MS = 60_000;

/**
 * Writes beside the file, has the disk take it, and renames: a full disk, or the end of the process, leaves the state that was there. Gives the fault
 * if there was one; then nothing of the attempt is left. What a process left that was killed at it goes with the first attempt a minute later.
 */
export async function writeState(file: string, state: SavedState): Promise<SavedFault | undefined> {
  const beside = `${file}.${process.pid}.new`;
  await removeAbandoned(file);
  try {
    const handle = await open(beside, "w", 0o600);
    try {
      for (const text of savedText(state)) await handle.writeFile(text);
      await handle.utimes(state.savedAtMs / 1_000, state.savedAtMs / 1_000);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
    return undefined;
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    return {
      cause: `the state cannot be saved to ${file}: ${words(error)}`,
      remedy: "Make room there or make it writable, or set saved.file to another place; the state saved before stays",
    };
  }
}

/** By age, not by process: in another container that writes to the same volume, an id means another process or none. */
async function removeAbandoned(file: string): Promise<void> {
  const folder = dirname(file);
  const attempts = (await readdir(folder).catch(() => [])).filter(
    (name) => name.startsWith(basename(file)) && /^\.\d+\.new$/.test(name.slice(basename(file).length)),
  );
  for (const name of attempts) {
    const attempt = join(folder, name);
    try {
      if ((await stat(attempt)).mtimeMs < Date.now() - ABANDONED_MS) await rm(attempt);
    } catch {
      // Gone meanwhile, or not ours to remove: the next attempt looks again.
    }
  }
}

/** The state in the file is what there is at `atMs` too: kept as the file's time, so that nothing need be written. Whether that could be done. */
export async function confirmState(file: string, atMs: number): Promise<boolean> {
  return await utimes(file, atMs / 1_000, atMs / 1_000).then(
    () => true,
    () => false,
  );
}

/** The state in the file; undefined if there is no file. */
export async function readState(file: string): Promise<SavedState | SavedFault | undefined> {
  const reader = new SavedTextReader();
  let confirmedAtMs = 0;
  try {
    confirmedAtMs = (await stat(file)).mtimeMs;
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY }))
      reader.line(line);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    return {
      cause: `${file} cannot be read: ${words(error)}`,
      remedy: "Make it readable, or set saved.file to another place",
    };
  }
  const state = reader.end();
  if (!("unusable" in state)) return { ...state, savedAtMs: Math.max(state.savedAtMs, Math.floor(confirmedAtMs)) };
  return {
    cause: `the saved state in ${file} ${state.unusable}, and is not used`,
    remedy: "Nothing need be done: it is written anew once the source is complete",
  };
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
