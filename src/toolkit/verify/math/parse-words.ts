/** Words: "twenty-one", "three quarters", "all real numbers", "no solution", "Evelyn", "\text{(C)}". */
import type { Token } from "./lexer.ts";
import { exact, type Node } from "./node.ts";
import { parseAnswer } from "./parse-answer.ts";
import { readArgument } from "./parse-primary.ts";
import { type Parser, peek } from "./parser-state.ts";
import { parseUnit } from "./units.ts";
import { numberOfWords } from "./words.ts";

const SETS: readonly (readonly [RegExp, Node])[] = [
  [/^(?:the )?(?:set of )?(?:all )?reals?(?: numbers?)?(?: line)?$/, { kind: "constant", name: "reals" }],
  [/^(?:the )?(?:set of )?(?:all )?integers?$/, { kind: "constant", name: "integers" }],
  [
    /^(?:there (?:is|are) )?no(?: real)? solutions?(?: exists?)?$|^(?:the )?empty set$/,
    { kind: "constant", name: "empty" },
  ],
  [/^(?:positive )?infinity$/, { kind: "constant", name: "infinity" }],
  [/^(?:does not exist|dne|undefined|not defined)$/, { kind: "text", text: "undefined" }],
];

/** Words up to the next token that is none. */
export function readWords(parser: Parser): Node {
  const token = peek(parser);
  const code = token?.kind === "word" || token?.kind === "text" ? token.text.trim() : "";
  if (CODES.has(code) && peek(parser, 1)?.kind === "number") {
    parser.at++;
    const unit = parseUnit(code);
    return { kind: "quantity", of: readArgument(parser, false), ...(unit === undefined ? {} : { unit }) };
  }
  return readNumberWords(parser) ?? readText(parser);
}

/** The longest number that the next words say: "two and a half". */
export function readNumberWords(parser: Parser): Node | undefined {
  const words: string[] = [];
  for (let ahead = 0; ahead < MOST_WORDS; ahead++) {
    const token = peek(parser, ahead);
    const hyphen = token?.kind === "sign" && token.sign === "-" && ahead > 0;
    if (
      !hyphen &&
      token?.kind !== "word" &&
      token?.kind !== "text" &&
      !(token?.kind === "letter" && /^[aA]$/.test(token.name))
    )
      break;
    words.push(hyphen || token === undefined ? "-" : token.kind === "letter" ? token.name : spellingOf(token));
  }
  for (let count = words.length; count > 0; count--) {
    const value = numberOfWords(words.slice(0, count).join(" "));
    if (value === undefined) continue;
    parser.at += count;
    return exact(value);
  }
  return undefined;
}

/** Codes of money that stand before the number. */
const CODES = new Set(["USD", "EUR", "GBP", "INR", "Rs", "Rs."]);
const MOST_WORDS = 24;

function readText(parser: Parser): Node {
  const parts: string[] = [];
  for (let token = peek(parser); token !== undefined; token = peek(parser)) {
    const words = spellingOf(token);
    const isWord = token.kind === "word" || token.kind === "text";
    const joins = token.kind === "letter" && token.spaced && parts.length > 0 && /^[A-Za-z]$/.test(token.name);
    const hyphen = token.kind === "sign" && token.sign === "-" && peek(parser, 1)?.kind === "word" && !token.spaced;
    if (!isWord && !joins && !hyphen) break;
    if (isWord && parts.length > 0 && /^(?:and|or)$/i.test(words)) break;
    parts.push(token.kind === "letter" ? token.name : token.kind === "sign" ? "-" : words);
    parser.at++;
    if (token.kind === "text" && /\d/.test(words)) break;
  }
  const text = parts.join(" ").replace(/ ?- ?/g, "-");
  return meaningOf(text) ?? inner(parser, text) ?? { kind: "text", text };
}

function spellingOf(token: Token): string {
  return token.kind === "word" || token.kind === "text" ? token.text.trim() : "";
}

function meaningOf(text: string): Node | undefined {
  const plain = text.toLowerCase().replace(/[.!]$/, "").trim();
  return SETS.find(([pattern]) => pattern.test(plain))?.[1];
}

/** Mathematics inside \text{…}. */
function inner(parser: Parser, text: string): Node | undefined {
  if (!/[\d\\]/.test(text) || text.length > 200 || parser.depth > 20) return undefined;
  const read = parseAnswer(text, { comma: "thousands", latex: false });
  return read.kind === "parsed" ? read.node : undefined;
}
