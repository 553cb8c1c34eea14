/** Balanced braces, with escaped ones left out. */

/**
 * The index behind the brace that closes the one at `open`; undefined where none does.
 *
 * @param open index of a "{"
 */
export function balancedEnd(text: string, open: number): number | undefined {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    const sign = text.charCodeAt(i);
    if (sign === 92)
      i++; // a backslash takes the next sign with it
    else if (sign === 123) depth++;
    else if (sign === 125 && --depth === 0) return i + 1;
  }
  return undefined;
}
