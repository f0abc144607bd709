/** The objects in files and folders that a command was given, read as the server reads its folder, once. */
import { constants, openSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { FolderReader } from "../files/folder-reader.ts";
import type { Problem } from "../placement/problem.ts";
import { type FileObject, fileObjects, isObjectFile } from "../sources/file-objects.ts";
import { ObjectIndex } from "../sources/object-index.ts";
import type { ObjectChange, ObjectSource } from "../sources/source.ts";
import { Refusal } from "./refusal.ts";

/** What was found. */
export interface ReadObjects {
  /** A put for every object that can be used. */
  readonly changes: readonly ObjectChange[];
  /** In the order of files and places. */
  readonly problems: readonly Problem[];
  /** `file:line:column` of every object that counts, by `kind/namespace/name`. */
  readonly places: ReadonlyMap<string, string>;
  readonly files: number;
  /** Documents that were recognised as objects of wasmCloud, usable or not. */
  readonly objects: number;
}

/** The text of a file, or why there is none. */
type FileText = { readonly text: string } | { readonly unreadable: string };

/**
 * Reads files, and the files of folders. Of equal names the first in the order of paths counts, the others are problems; so is what lies in a folder and
 * cannot be read. `stop` gives up a pipe whose writer does not end.
 * @throws Refusal if a path that was named cannot be read.
 */
export async function readObjects(paths: readonly string[], stop?: AbortSignal): Promise<ReadObjects> {
  const files = new Map<string, FileText>();
  for (const path of paths) for (const [file, text] of await filesAt(path, stop)) files.set(file, text);
  const index = new ObjectIndex();
  const said = new Map<string, Problem[]>();
  const all: FileObject[] = [];
  for (const [file, read] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const problems: Problem[] = "unreadable" in read ? [unreadableProblem(file, read.unreadable)] : [];
    const objects: FileObject[] = [];
    for (const found of "text" in read ? fileObjects(file, read.text) : []) {
      if ("record" in found) objects.push(found);
      else problems.push("fault" in found ? found.fault : found.remark);
    }
    index.replace(file, objects, new Set());
    said.set(file, problems);
    all.push(...objects);
  }
  const winners = all.filter((object) => index.winner(object.key)?.order === object.order);
  return {
    changes: winners.flatMap(({ record }) => (record === undefined ? [] : [{ put: record }])),
    problems: [
      ...[...said].flatMap(([file, problems]) => [...problems, ...index.duplicatesIn(file)]),
      ...winners.flatMap(({ problems }) => problems),
    ],
    places: new Map(winners.map(({ key, place }) => [key, place])),
    files: files.size,
    objects: all.length,
  };
}

/** What was read, as a source that gives it at once and then never changes. */
export function sourceOf({ changes }: ReadObjects): ObjectSource {
  return {
    start: async (sink) => sink({ changes, problems: [], synced: true, stale: undefined }),
    stop: async () => {},
  };
}

/** The files at a path, by their paths. */
async function filesAt(path: string, stop: AbortSignal | undefined): Promise<Iterable<readonly [string, FileText]>> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return await filesIn(path);
    if (found.isFile()) return [[path, { text: await readFile(path, "utf8") }]];
    if (found.isFIFO()) return [[path, { text: await pipeText(path, stop) }]];
    throw new Error("it is neither a file nor a folder");
  } catch (error) {
    if (stop?.aborted) throw new Refusal(`${path} was not read to its end`, "Run it again, and let it finish");
    throw unreadable(path, error);
  }
}

/** What the server's source would read of a folder; and links that lead nowhere, which it takes for files that are being replaced. */
async function filesIn(folder: string): Promise<ReadonlyMap<string, FileText>> {
  const { changes, fault } = await new FolderReader(folder, { accepts: isObjectFile, now: () => 0 }).look();
  if (fault !== undefined) throw new Error(fault);
  const files = new Map<string, FileText>();
  for (const change of changes) if (!("gone" in change)) files.set(join(folder, change.name), change);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (!entry.isSymbolicLink() || !isObjectFile(entry.name) || files.has(path)) continue;
    const leadsSomewhere = await stat(path).then(
      () => true,
      () => false,
    );
    if (!leadsSomewhere) files.set(path, { unreadable: "it is a link that leads nowhere" });
  }
  return files;
}

/** Of `kubectl get -o yaml | signalbox validate /dev/stdin`, say. Opened so that it waits for a writer here: a thread that waits in open() would outlast every signal. */
function pipeText(path: string, stop: AbortSignal | undefined): Promise<string> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return textOf(new Socket({ fd, readable: true, writable: false, ...(stop && { signal: stop }) }));
}

function unreadableProblem(file: string, why: string): Problem {
  const subject = { kind: "File", namespace: "", name: file };
  const remedy = "Put a file that can be read in its place, or remove it";
  return { code: "file-invalid", subject, cause: `it cannot be read: ${why}`, remedy };
}

function unreadable(path: string, error: unknown): Refusal {
  const { code, message } = error as NodeJS.ErrnoException;
  const why = code === "ENOENT" ? "there is no such file or folder" : code === "EACCES" ? "permission denied" : message;
  return new Refusal(`${path} cannot be read: ${why}`, "Name a file or folder with objects of wasmCloud", {
    cause: error,
  });
}
