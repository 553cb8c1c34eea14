/** Tagged answers as Python's `re` and `str` read them, in time that grows with the text alone. */

/** Whether a tag's content may run over line ends ("text") or not ("line"). */
export type TagReach = "line" | "text";

/** White space by Python's rules: its separators count, the byte order mark does not. */
export function isBlank(character: string): boolean {
  const code = character.charCodeAt(0);
  return (/\s/.test(character) && character !== "\ufeff") || (code >= 0x1c && code <= 0x1f) || code === 0x85;
}

/** Without white space at both ends, as Python's `strip`. */
export function trimmed(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text[start] ?? "")) start++;
  while (end > start && isBlank(text[end - 1] ?? "")) end--;
  return text.slice(start, end);
}

/** Content of the first `<tag>...</tag>`, the shortest one from its opening; undefined where there is none. */
export function afterTag(text: string, tag: string, reach: TagReach): string | undefined {
  for (const part of reach === "line" ? text.split("\n") : [text]) {
    const open = part.indexOf(`<${tag}>`);
    if (open < 0) continue;
    const start = open + tag.length + 2;
    const end = part.indexOf(`</${tag}>`, start);
    if (end >= 0) return part.slice(start, end);
  }
  return undefined;
}
