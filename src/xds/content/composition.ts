/** Bodies made of parts: a RouteConfiguration of its virtual hosts, and the state of the world of a type. */
import type { Resource, TypeUrl } from "../../codec/resource.ts";
import { versionOf } from "../../codec/version.ts";
import { BitSet } from "./bit-set.ts";
import { byName, insertionPoint, type Shelf } from "./shelf.ts";

/**
 * A head and members in the order of their names. Immutable; equal ones are one object for as long as somebody holds it.
 * Its version is a hash over the names and versions in it, so equal on every replica.
 */
export class Composition {
  readonly type: TypeUrl;
  readonly version: string;
  readonly head: Resource | undefined;
  readonly members: readonly Resource[];

  constructor(type: TypeUrl, version: string, content: Content) {
    this.type = type;
    this.version = version;
    this.head = content.head;
    this.members = content.members;
  }

  get(name: string): Resource | undefined {
    const member = this.members[insertionPoint(this.members, name)];
    return member?.name === name ? member : undefined;
  }

  /** The body in pieces, to be concatenated: protobuf appends repeated fields. */
  pieces(): readonly Uint8Array[] {
    const parts = this.members.map((member) => member.bytes);
    return this.head === undefined ? parts : [this.head.bytes, ...parts];
  }
}

interface Content {
  readonly head: Resource | undefined;
  readonly members: readonly Resource[];
}

/** What a composition is made from: everything on the shelf, but for the names in `except`, which have the content told there, or none. */
export interface Recipe {
  readonly shelf: Shelf;
  readonly head: Resource | undefined;
  readonly except: ReadonlyMap<string, Resource | undefined>;
  /** Only these names; undefined for all. */
  readonly only: ReadonlySet<string> | undefined;
}

/** Exceptions beyond this are not worth a key: the recipe is followed again. */
const MEMO_EXCEPTIONS = 64;
const MEMO_RECIPES = 16;
/** Lists of proxies that are gone, per type: 40 KB each at 5,000 members, most of them the same. */
const REMEMBERED = 8;

/** Makes compositions, and gives streams that need the same the same. */
export class Compositions {
  readonly #byVersion = new Map<string, WeakRef<Composition>>();
  readonly #recent = new Map<string, Composition>();
  readonly #remembered = new Map<TypeUrl, readonly Composition[]>();
  readonly #lacking = new WeakMap<Composition, { readonly position: number; readonly slots: BitSet }>();
  readonly #shelfKeys = new WeakMap<Shelf, number>();
  #shelves = 0;
  #made = 0;

  /** A proxy that is gone had this. It may come back and tell the version alone. */
  remember(composition: Composition | undefined): void {
    if (composition === undefined || composition.head !== undefined) return;
    const others = (this.#remembered.get(composition.type) ?? []).filter((one) => one !== composition);
    this.#remembered.set(composition.type, [composition, ...others].slice(0, REMEMBERED));
  }

  /** The list of this type and version, if anybody has it or one of the last who had it is remembered. */
  recognised(type: TypeUrl, version: string): Composition | undefined {
    return this.#byVersion.get(keyOf(type, undefined, version))?.deref();
  }

  /** Slots of a shelf that a composition has not, or not in their newest content. Shared by all who have the same: not to be written to. */
  lacking(composition: Composition | undefined, shelf: Shelf): BitSet {
    if (composition === undefined) return shelf.presentBut(undefined);
    const known = this.#lacking.get(composition);
    if (known?.position === shelf.position) return known.slots;
    const slots = new BitSet();
    for (const slot of shelf.present()) {
      const newest = shelf.at(slot);
      if (newest !== undefined && composition.get(newest.name)?.version !== newest.version) slots.add(slot);
    }
    this.#lacking.set(composition, { position: shelf.position, slots });
    return slots;
  }

  /** Recipes followed so far, those answered from memory not counted. */
  get made(): number {
    return this.#made;
  }

  of(recipe: Recipe): Composition {
    const key = this.#keyOf(recipe);
    const known = key === undefined ? undefined : this.#recent.get(key);
    if (known !== undefined) return known;
    this.#made += 1;
    const composition = this.#shared(recipe.shelf.type, { head: recipe.head, members: membersOf(recipe) });
    if (key !== undefined) {
      this.#recent.set(key, composition);
      for (const oldest of this.#recent.keys()) {
        if (this.#recent.size <= MEMO_RECIPES) break;
        this.#recent.delete(oldest);
      }
    }
    return composition;
  }

  /** The same without the members that have other names. */
  within(composition: Composition, only: ReadonlySet<string>): Composition {
    const members = composition.members.filter(({ name }) => only.has(name));
    if (members.length === composition.members.length) return composition;
    return this.#shared(composition.type, { head: composition.head, members });
  }

  #shared(type: TypeUrl, content: Content): Composition {
    const version = versionOf(Buffer.from(textOf(content)));
    const key = keyOf(type, content.head, version);
    const known = this.#byVersion.get(key)?.deref();
    if (known !== undefined) return known;
    const made = new Composition(type, version, content);
    if (this.#byVersion.size > 256) {
      for (const [old, ref] of this.#byVersion) if (ref.deref() === undefined) this.#byVersion.delete(old);
    }
    this.#byVersion.set(key, new WeakRef(made));
    return made;
  }

  /** Equal keys, equal recipes. */
  #keyOf({ shelf, head, except, only }: Recipe): string | undefined {
    if (only !== undefined || except.size > MEMO_EXCEPTIONS) return undefined;
    let shelfKey = this.#shelfKeys.get(shelf);
    if (shelfKey === undefined) {
      shelfKey = ++this.#shelves;
      this.#shelfKeys.set(shelf, shelfKey);
    }
    const exceptions = [...except].map(([name, resource]) => `${name} ${resource?.version ?? ""}`).sort();
    return `${shelfKey} ${shelf.position} ${head?.version ?? ""} ${exceptions.join("\n")}`;
  }
}

const keyOf = (type: TypeUrl, head: Resource | undefined, version: string): string =>
  `${type} ${head?.name ?? ""} ${version}`;

function membersOf({ shelf, except, only }: Recipe): readonly Resource[] {
  const all = shelf.sorted();
  if (except.size === 0 && only === undefined) return all;
  const isWanted = ({ name }: Resource): boolean => only === undefined || only.has(name);
  const kept = all.filter((resource) => !except.has(resource.name) && isWanted(resource));
  const replaced = [...except.values()]
    .filter((resource) => resource !== undefined)
    .filter(isWanted)
    .sort(byName);
  return replaced.length === 0 ? kept : merged(kept, replaced);
}

function merged(a: readonly Resource[], b: readonly Resource[]): readonly Resource[] {
  const result: Resource[] = [];
  let at = 0;
  for (const resource of b) {
    for (let next = a[at]; next !== undefined && next.name < resource.name; next = a[++at]) result.push(next);
    result.push(resource);
  }
  return result.concat(a.slice(at));
}

/** One line per member: names cannot hold a line feed without being told apart, since lengths are in front. */
function textOf({ head, members }: Content): string {
  const lines = [head?.version ?? ""];
  for (const { name, version } of members) lines.push(`${name.length} ${name} ${version}`);
  return lines.join("\n");
}
