/** Commands of LaTeX as tokens. */
import { balancedEnd } from "./braces.ts";
import { type Lexer, matchAt, push, pushSign } from "./lexer.ts";
import {
  ALIASES,
  BLANK_SIGNS,
  COMMANDS,
  DROPPED,
  IGNORED,
  PLAIN_COMMANDS,
  SYMBOL_COMMANDS,
  TEXT_COMMANDS,
} from "./vocabulary.ts";

const ENVIRONMENT = /\s*\{([a-zA-Z]+\*?)\}(?:\s*\[[^\]]*\])?/y;
const COLUMNS = /\s*\{[^{}]*\}/y;
const ROW_GAP = /\s*\[\s*-?[\d.]+\s*(?:pt|em|ex|mm|cm|in)\s*\]/y;
const ONE_LETTER = /\s*(?:\{\s*\\?([A-Za-z])\s*\}|([A-Za-z])(?![A-Za-z]))/y;
const NUMBER_SET = /\s*(?:\{\s*([RZNQC])\s*\}|([RZNQC])(?![a-zA-Z]))/y;
const EMPTY_BRACKET = /\s*\./y;
const NAME = /[A-Za-z]+/y;

export function readCommand(state: Lexer): void {
  const next = state.text[state.at + 1] ?? "";
  state.at++;
  if (/[A-Za-z]/.test(next)) {
    readNamedCommand(state, matchAt(NAME, state)?.[0] ?? "");
    return;
  }
  state.at++;
  if (next === "\\") {
    matchAt(ROW_GAP, state);
    pushSign(state, "\\\\");
  } else if (BLANK_SIGNS.includes(next) || next === "") state.spaced = true;
  else if (next === "{" || next === "}" || next === "|") pushSign(state, `\\${next}`);
  else if (next === "%" || next === "#" || next === "&" || next === "_") pushSign(state, next);
  else if (next === "$") pushSign(state, "$");
  // \( \) \[ \] and what has no meaning: dropped
}

function readNamedCommand(state: Lexer, name: string): void {
  const read = READERS.get(name);
  if (read?.(state, name)) return;
  if (IGNORED.has(name)) return;
  if (COMMANDS.has(name)) {
    pushCommand(state, name);
    return;
  }
  const known = longestPrefix(name);
  if (known === undefined) push(state, { kind: "letter", name: `\\${name}`, spaced: state.spaced });
  else {
    state.at -= name.length - known.length; // \quadx, \pir: a command written against what follows
    readNamedCommand(state, known);
  }
}

/** Reads what belongs to a command; false where it is no such command after all. */
type Reader = (state: Lexer, name: string) => boolean;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ...[...TEXT_COMMANDS].map((name): [string, Reader] => [name, readText]),
  ...[...DROPPED, "textcolor"].map((name): [string, Reader] => [name, skipArgument]),
  ...["vec", "hat", "boldsymbol", "bm", "widehat", "tilde"].map((name): [string, Reader] => [name, readVector]),
  ["mathbf", (state) => readNumberSet(state) || readVector(state)],
  ["mathbb", readNumberSet],
  ["begin", readEnvironment],
  ["end", readEnvironment],
  ["left", skipEmptyBracket],
  ["right", skipEmptyBracket],
]);

/** \left. is no bracket. */
function skipEmptyBracket(state: Lexer): boolean {
  return matchAt(EMPTY_BRACKET, state) !== null;
}

/** \mathbb{R} */
function readNumberSet(state: Lexer): boolean {
  const letter = matchAt(NUMBER_SET, state);
  if (letter === null) return false;
  push(state, { kind: "command", name: `set ${letter[1] ?? letter[2]}`, spaced: state.spaced });
  return true;
}

/** \vec{v} is v; \mathbf{i}, \hat{j} are unit vectors, which are no imaginary units. */
function readVector(state: Lexer): boolean {
  const letter = matchAt(ONE_LETTER, state);
  const name = letter?.[1] ?? letter?.[2];
  if (name === undefined) return false;
  push(state, { kind: "letter", name: "ijk".includes(name) ? `unit ${name}` : name, spaced: state.spaced });
  return true;
}

export function pushCommand(state: Lexer, name: string): void {
  const alias = ALIASES[name] ?? name;
  const { spaced } = state;
  if (!/^[a-zA-Z]/.test(alias)) pushSign(state, alias);
  else push(state, { kind: SYMBOL_COMMANDS.has(alias) ? "letter" : "command", name: alias, spaced });
}

function longestPrefix(name: string): string | undefined {
  for (let length = name.length - 1; length >= 2; length--) {
    const head = name.slice(0, length);
    if (COMMANDS.has(head) && !IGNORED.has(head)) return head;
  }
  return undefined;
}

function readEnvironment(state: Lexer, command: string): boolean {
  const kind = command === "begin" ? "begin" : "end";
  const name = matchAt(ENVIRONMENT, state)?.[1]?.replace("*", "");
  if (name === undefined) return true;
  if (kind === "begin" && (name === "array" || name === "tabular")) matchAt(COLUMNS, state);
  push(state, { kind, name, spaced: state.spaced });
  return true;
}

function skipArgument(state: Lexer): boolean {
  const open = openBrace(state);
  if (open !== undefined) state.at = balancedEnd(state.text, open) ?? state.text.length;
  return true;
}

/** The index of the brace that comes next, blanks aside. */
function openBrace(state: Lexer): number | undefined {
  const at = state.at + state.text.slice(state.at, state.at + 8).search(/\S|$/);
  return state.text[at] === "{" ? at : undefined;
}

/** Words of a text command; a single letter, a function's name and mathematics are what they are without it. */
function readText(state: Lexer, command: string): boolean {
  const { spaced } = state;
  const open = openBrace(state);
  if (open === undefined) return true;
  const end = balancedEnd(state.text, open) ?? state.text.length;
  const content = state.text
    .slice(open + 1, state.text[end - 1] === "}" ? end - 1 : end)
    .replace(/~/g, " ")
    .trim();
  state.at = end;
  const upright = command === "mathrm" || command === "operatorname" || command === "mathop";
  if (upright && /^[A-Za-z]$/.test(content)) push(state, { kind: "letter", name: content, spaced });
  else if (PLAIN_COMMANDS.has(content)) pushCommand(state, content);
  else if (content !== "") push(state, { kind: "text", text: content, spaced });
  return true;
}
