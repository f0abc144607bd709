/** Who wants what: the rules of the xDS protocol for names, `*` and the legacy wildcard ("How the client specifies what resources to return"). Pure. */

/** The name that asks for everything. */
const WILDCARD = "*";

/** What one type of one stream wants. */
export interface Wanted {
  readonly wildcard: boolean;
  readonly names: ReadonlySet<string>;
}

/** What a request changes. */
export interface WantedChange {
  readonly wildcard: boolean;
  /** `*` is among the names to subscribe to: everything is asked for, as with any other name whether the client has it or not. */
  readonly everything: boolean;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
}

/**
 * A delta request.
 * - The first of a type without names to subscribe to is the legacy wildcard. Names that come later are wanted beside it.
 * - A name in both lists is wanted, and asked for anew.
 * - `*` begins the wildcard, unsubscribing from `*` ends it, the legacy one too.
 */
export function deltaChange(
  wildcard: boolean,
  request: { readonly first: boolean; readonly subscribe: readonly string[]; readonly unsubscribe: readonly string[] },
): WantedChange {
  const legacy = request.first && request.subscribe.length === 0;
  const ended = request.unsubscribe.includes(WILDCARD);
  const everything = request.subscribe.includes(WILDCARD);
  return {
    wildcard: legacy || everything || (wildcard && !ended),
    everything,
    subscribe: request.subscribe.filter((name) => name !== WILDCARD),
    unsubscribe: [
      ...new Set(request.unsubscribe).difference(new Set(request.subscribe)).difference(new Set([WILDCARD])),
    ],
  };
}

/**
 * A state-of-the-world request, which always tells all names.
 * - Without names it is the legacy wildcard, but only until the stream has named something of this type; after that it wants nothing.
 * - Once something was named, only `*` among the names is a wildcard.
 */
export function sotwWanted(everNamed: boolean, names: readonly string[]): Wanted & { readonly everNamed: boolean } {
  if (names.length === 0) return { wildcard: !everNamed, names: new Set(), everNamed };
  const named = new Set(names);
  const wildcard = named.delete(WILDCARD);
  return { wildcard, names: named, everNamed: true };
}
