/** Pages of hostnames in order of their names, without sorting all of them: 100,000 would hold the event loop for too long. */

/** Names of one page, and the last of them if there may be more. */
export interface Page {
  readonly names: readonly string[];
  /** What the next page comes after; undefined on the last. */
  readonly last: string | undefined;
}

/** What a page is asked for. */
export interface PageRequest {
  /** Names up to and including this one are left out; "" leaves none out. */
  readonly after: string;
  /** At least 1. */
  readonly size: number;
  /** Only names that contain it. */
  readonly contains: string;
}

/**
 * The first names after a name, by code unit. Names that come or go between two pages do not disturb the others: a page continues after a name, not
 * after a number. Costs one look at each name, whatever the page.
 */
export function pageOf(names: Iterable<string>, { after, size, contains }: PageRequest): Page {
  const smallest: string[] = []; // sorted, at most one more than asked for, which tells whether there is a next page
  for (const name of names) {
    if (name <= after || !name.includes(contains)) continue;
    if (smallest.length > size && name >= (smallest[size] as string)) continue;
    smallest.splice(positionOf(name, smallest), 0, name);
    if (smallest.length > size + 1) smallest.pop();
  }
  const page = smallest.slice(0, size);
  return { names: page, last: smallest.length > size ? page.at(-1) : undefined };
}

function positionOf(name: string, sorted: readonly string[]): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as string) < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The token of the page after a name, and back. Opaque to callers, so that it may change. */
export function tokenOf(last: string | undefined): string {
  return last === undefined ? "" : Buffer.from(last).toString("base64url");
}

/** What `tokenOf` was given. Any text is taken for a name: a forged token gives another page, nothing else. */
export function afterOf(token: string): string {
  return Buffer.from(token, "base64url").toString();
}
