/**
 * Patterns over hostnames, as ownership rules and fleets write them: `shop.example.com` covers itself; `*.example.com` covers any number of
 * labels below, not `example.com`; `*` covers everything. All in lower case. Anything else covers only the hostname that is spelt the same.
 */

/** Whether a pattern covers a hostname. */
export function covers(pattern: string, hostname: string): boolean {
  if (pattern === "*") return true;
  if (!pattern.startsWith("*.")) return pattern === hostname;
  return hostname.length > pattern.length - 1 && hostname.endsWith(pattern.slice(1));
}

/** The patterns that could cover a hostname, most specific first: itself, then each suffix from the longest, then everything. */
export function* coveringPatterns(hostname: string): Iterable<string> {
  yield hostname;
  for (let dot = hostname.indexOf("."); dot !== -1; dot = hostname.indexOf(".", dot + 1))
    yield `*${hostname.slice(dot)}`;
  yield "*";
}
