/** The objects of several files as one set: which of equal names counts, and what changes when a file does. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { Problem } from "../placement/problem.ts";
import type { FileObject } from "./file-objects.ts";
import type { ObjectChange } from "./source.ts";

interface Indexed extends FileObject {
  readonly file: string;
}

/**
 * Of objects with one kind, namespace and name the first in the order of files and positions counts, and the others are problems of their files: so a new
 * file can never take over what an older one says by accident of its name being later.
 */
export class ObjectIndex {
  readonly #byFile = new Map<string, readonly Indexed[]>();
  readonly #byKey = new Map<string, readonly Indexed[]>();

  /** Objects of a file as last replaced. */
  objectsOf(file: string): readonly FileObject[] {
    return this.#byFile.get(file) ?? [];
  }

  /** Puts the objects of a file in the place of what it had; gives the keys that it had or has. Files in which equal names changed are added to `touched`. */
  replace(file: string, objects: readonly FileObject[], touched: Set<string>): ReadonlySet<string> {
    const pieces = this.replacing(file, objects, touched);
    for (;;) {
      const { done, value } = pieces.next();
      if (done) return value;
    }
  }

  /** As `replace`, in pieces: it yields after each key. Another file may be replaced in between, this one not. */
  *replacing(
    file: string,
    objects: readonly FileObject[],
    touched: Set<string>,
  ): Generator<undefined, ReadonlySet<string>> {
    const before = this.#byFile.get(file) ?? [];
    const after: Indexed[] = [];
    const added = new Map<string, Indexed[]>();
    for (const object of objects) {
      const indexed = { ...object, file };
      after.push(indexed);
      const alike = added.get(object.key);
      if (alike === undefined) added.set(object.key, [indexed]);
      else alike.push(indexed);
      yield;
    }
    if (after.length === 0) this.#byFile.delete(file);
    else this.#byFile.set(file, after);

    const keys = new Set([...before, ...after].map((object) => object.key));
    for (const key of keys) {
      const others = (this.#byKey.get(key) ?? []).filter((object) => object.file !== file);
      const all = [...others, ...(added.get(key) ?? [])].sort((a, b) => (a.order < b.order ? -1 : 1));
      for (const other of others) touched.add(other.file);
      if (all.length === 0) this.#byKey.delete(key);
      else this.#byKey.set(key, all);
      yield;
    }
    touched.add(file);
    return keys;
  }

  /** The object that counts under a key. */
  winner(key: string): FileObject | undefined {
    return this.#byKey.get(key)?.[0];
  }

  /** The objects of a file that do not count because another one has their name. */
  duplicatesIn(file: string): readonly Problem[] {
    return (this.#byFile.get(file) ?? []).flatMap((object): readonly Problem[] => {
      const winner = this.#byKey.get(object.key)?.[0];
      if (winner === undefined || winner.order === object.order) return [];
      const { kind, namespace, name, place } = object;
      const cause = `it is defined at ${winner.place} too, and that one counts`;
      return [
        {
          code: "object-invalid",
          subject: { kind, namespace, name },
          cause,
          remedy: "Remove one of the two, or rename it",
          place,
        },
      ];
    });
  }
}

/** What turns the object that counted under a key into the one that counts now; undefined if they are equal to placement. */
export function changeBetween(before: FileObject | undefined, after: FileObject | undefined): ObjectChange | undefined {
  if (after?.record !== undefined)
    return isDeepStrictEqual(before?.record, after.record) ? undefined : { put: after.record };
  if (before?.record === undefined) return undefined;
  const { kind, namespace, name } = before;
  return { remove: { kind, namespace, name } };
}
