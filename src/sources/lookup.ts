/** How this machine turns a name into addresses. */
import { lookup as dnsLookup, Resolver } from "node:dns/promises";

/** What became of one question. `none`: the name has no address of this family, as far as anybody knows. `failed`: nobody could say. */
export type Answer =
  | {
      readonly kind: "found";
      readonly ips: readonly string[] /** How long it is good for; undefined if not told. */;
      readonly ttlMs: number | undefined;
    }
  | { readonly kind: "none" }
  | { readonly kind: "failed"; readonly cause: string };

/** Asks for the addresses of a name in one family. Never throws, and answers within some seconds. */
export type Lookup = (name: string, family: 4 | 6) => Promise<Answer>;

/** Questions to the system's resolver at once. Each takes one of libuv's four threads until it is answered, and reading files needs those too. */
const SYSTEM_LOOKUPS = 2;

/**
 * - A name with dots is asked of the DNS servers first: such questions take no thread and tell how long the answer is good for.
 * - What they do not know, and names without dots (`localhost`, services of docker compose, search domains), is asked of the system, /etc/hosts included.
 */
export function systemLookup(): Lookup {
  const resolver = new Resolver({ timeout: 1_000, tries: 2 });
  const askSystem = oneOfFew(SYSTEM_LOOKUPS, systemAnswer);
  return async (name, family) => {
    if (!name.includes(".")) return askSystem(name, family);
    const answer = await serverAnswer(resolver, name, family);
    if (answer.kind === "found") return answer;
    const second = await askSystem(name, family);
    return second.kind === "none" ? answer : second;
  };
}

async function serverAnswer(resolver: Resolver, name: string, family: 4 | 6): Promise<Answer> {
  try {
    const records = await (family === 4
      ? resolver.resolve4(name, { ttl: true })
      : resolver.resolve6(name, { ttl: true }));
    if (records.length === 0) return { kind: "none" };
    return { kind: "found", ips: records.map((r) => r.address), ttlMs: Math.min(...records.map((r) => r.ttl)) * 1_000 };
  } catch (error) {
    return refusalOf(error, ["ENODATA", "ENOTFOUND"]);
  }
}

async function systemAnswer(name: string, family: 4 | 6): Promise<Answer> {
  try {
    const found = await dnsLookup(name, { family, all: true });
    return found.length === 0
      ? { kind: "none" }
      : { kind: "found", ips: found.map((f) => f.address), ttlMs: undefined };
  } catch (error) {
    return refusalOf(error, ["ENOTFOUND", "ENODATA"]);
  }
}

function refusalOf(error: unknown, meaningNone: readonly string[]): Answer {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return meaningNone.includes(code) ? { kind: "none" } : { kind: "failed", cause: code };
}

/** The lookup with at most so many questions under way; others wait in turn. */
function oneOfFew(few: number, lookup: Lookup): Lookup {
  let free = few;
  const waiting: (() => void)[] = [];
  return async (name, family) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await lookup(name, family);
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
