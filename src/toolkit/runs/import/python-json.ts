/** JSON as Python writes it: NaN, Infinity and -Infinity, which the standard does not know. */

/** Stands for NaN in the text that is parsed; control characters cannot stand raw in a JSON text. */
const NAN = "\u0001NaN";
const WORDS: readonly (readonly [word: string, standIn: string])[] = [
  ["NaN", '"\\u0001NaN"'],
  ["-Infinity", "-1e999"],
  ["Infinity", "1e999"],
];

/** @throws SyntaxError where it is no JSON, NaN and infinities aside */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!text.includes("NaN") && !text.includes("Infinity")) throw error;
    return JSON.parse(standardized(text), (_, value: unknown) => (value === NAN ? Number.NaN : value));
  }
}

/** The text with the three words outside strings replaced. */
function standardized(text: string): string {
  const parts: string[] = [];
  let [kept, inString] = [0, false];
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (inString) {
      if (character === "\\") i++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else {
      const found = WORDS.find(([word]) => character === word[0] && text.startsWith(word, i));
      if (found === undefined) continue;
      parts.push(text.slice(kept, i), found[1]);
      i += found[0].length - 1;
      kept = i + 1;
    }
  }
  return parts.join("") + text.slice(kept);
}
