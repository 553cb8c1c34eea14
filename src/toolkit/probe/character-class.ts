/** Classes of tokens, by their characters: what an entropy is split by. */

/** Default classes; a token of several characters of different classes is "mixed", one that is no text "special". */
export type CharacterClass = "digit" | "letter" | "operator" | "separator" | "other";
export type TokenClass = CharacterClass | "mixed" | "special" | "eos";

const CLASSES: readonly (readonly [CharacterClass, RegExp])[] = [
  ["digit", /^\p{Nd}$/u],
  ["letter", /^\p{L}$/u],
  ["operator", /^[+\-*/%^=<>×÷−·]$/u],
  ["separator", /^[\s,;:.|()[\]{}]$/u],
];

/** Class of one character: a digit, a letter, an arithmetic or comparison sign, white space or punctuation that parts. */
export function characterClass(character: string): CharacterClass {
  return CLASSES.find(([, pattern]) => pattern.test(character))?.[0] ?? "other";
}

/** Class of a token's text. */
export function textClass(text: string): TokenClass {
  const classes = new Set(Array.from(text, characterClass));
  const [only] = classes;
  if (only === undefined) return "special";
  return classes.size === 1 ? only : "mixed";
}
