/** Texts that a client chose, at a length that can be kept and logged. */

/** At most so many bytes of UTF-8, whole characters. What is left out is told in the text. */
export function clipped(text: string, bytes: number): string {
  if (text.length <= bytes && Buffer.byteLength(text) <= bytes) return text;
  // Copied through bytes: a slice of a string keeps all of it in memory.
  const kept = Buffer.from(text.slice(0, bytes))
    .subarray(0, bytes)
    .toString()
    .replace(/\ufffd$/, "");
  return `${kept}... (${text.length - kept.length} more characters)`;
}
