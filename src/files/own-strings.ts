/** Texts that do not keep alive what they were cut out of. */

/** V8 makes a text of this length or more, cut out of another, a view of it (Node 24): a name of 20 characters then keeps its whole file. */
const LEAST_VIEW = 13;

/** Replaces, in objects and lists however deep, texts that may be views by copies of their own. Keys are copies already. Returns the value. */
export function withOwnStrings(value: unknown, seen: Set<object> = new Set()): unknown {
  if (typeof value === "string")
    return value.length < LEAST_VIEW ? value : (JSON.parse(JSON.stringify(value)) as string);
  if (typeof value !== "object" || value === null || seen.has(value)) return value;
  seen.add(value);
  const fields = value as Record<string, unknown>;
  for (const key in fields) {
    const field = fields[key];
    if (typeof field === "string" || typeof field === "object") fields[key] = withOwnStrings(field, seen);
  }
  return value;
}
