/** The objects in files and folders that a command was given, read as the server reads its folder, once. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Problem } from "../placement/problem.ts";
import { type FileObject, fileObjects } from "../sources/file-objects.ts";
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

/** As the folder source has it: subfolders and names that begin with a dot are not read. */
const READ = /^[^.].*\.(?:yaml|yml|json)$/;

/**
 * Reads files, and the files of folders. Of equal names the first in the order of paths counts, the others are problems.
 * @throws Refusal if a path cannot be read.
 */
export async function readObjects(paths: readonly string[]): Promise<ReadObjects> {
  const files = [...new Set((await Promise.all(paths.map(filesAt))).flat())].toSorted();
  const index = new ObjectIndex();
  const said = new Map<string, Problem[]>();
  const all: FileObject[] = [];
  for (const file of files) {
    const problems: Problem[] = [];
    const objects: FileObject[] = [];
    for (const found of fileObjects(file, await readText(file))) {
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
    files: files.length,
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

async function filesAt(path: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    return (await readdir(path, { withFileTypes: true }))
      .filter((entry) => !entry.isDirectory() && READ.test(entry.name))
      .map((entry) => join(path, entry.name));
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(path: string, error: unknown): Refusal {
  const { code, message } = error as NodeJS.ErrnoException;
  const why = code === "ENOENT" ? "there is no such file or folder" : code === "EACCES" ? "permission denied" : message;
  return new Refusal(`${path} cannot be read: ${why}`, "Name a file or folder with objects of wasmCloud", {
    cause: error,
  });
}
