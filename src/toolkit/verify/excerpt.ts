/** A text as it can stand in a message: quoted, escaped, and cut to `limit` characters, whatever its length was. */
export function excerpt(text: string, limit = 60): string {
  const cut = text.length > limit;
  const quoted = JSON.stringify(cut ? text.slice(0, limit) : text);
  return cut ? `${quoted.slice(0, -1)}…" (${text.length} characters)` : quoted;
}
