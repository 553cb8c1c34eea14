/** Text to token ids and back, one character a token. Ids never pass through text again once they are sampled. */
import { refuse } from "../refuse.ts";

/** Text to ids and back. */
export interface Tokenizer {
  /** Every character that can be encoded, in the order of its ids. */
  readonly alphabet: string;
  readonly vocabSize: number;
  readonly padId: number;
  readonly bosId: number;
  readonly eosId: number;
  /**
   * Ids of a text alone, no special ones.
   *
   * @throws UsageError naming the first unknown character and its position
   */
  encode(text: string): number[];
  /** Ids of a prompt: BOS, then the text. */
  encodePrompt(text: string): number[];
  /** The text of ids; special ones are left out. @throws UsageError on an id outside the vocabulary */
  decode(ids: ArrayLike<number>): string;
}

/** The tokens that are no characters, by id. */
export const specialTokens = ["<pad>", "<bos>", "<eos>"] as const;

/**
 * A tokenizer whose tokens are single characters (Unicode code points): ids 0, 1 and 2 are padding, BOS and EOS, the
 * characters follow in the order given.
 *
 * @param alphabet every character once
 */
export function charTokenizer(alphabet: string): Tokenizer {
  const characters = [...alphabet];
  if (characters.length === 0) refuse("charTokenizer", "the alphabet is empty", "pass every character of the task");
  const ids = new Map<string, number>();
  for (const [i, character] of characters.entries()) {
    if (/^\p{Surrogate}$/u.test(character)) {
      refuse("charTokenizer", `character ${i} is half of a surrogate pair`, "pass whole characters");
    }
    if (ids.has(character)) {
      refuse("charTokenizer", `${JSON.stringify(character)} is in the alphabet twice`, "pass every character once");
    }
    ids.set(character, specialTokens.length + i);
  }
  const [padId, bosId, eosId] = [0, 1, 2];
  const vocabSize = specialTokens.length + characters.length;
  const encode = (text: string): number[] =>
    Array.from(text, (character, i) => ids.get(character) ?? unknown(character, i));
  return {
    alphabet,
    vocabSize,
    padId,
    bosId,
    eosId,
    encode,
    encodePrompt: (text) => [bosId, ...encode(text)],
    decode(tokens) {
      let text = "";
      for (let i = 0; i < tokens.length; i++) {
        const id = tokens[i] ?? -1;
        if (!Number.isInteger(id) || id < 0 || id >= vocabSize) {
          refuse(
            "tokenizer.decode",
            `id ${id} at position ${i} is outside the vocabulary`,
            `pass ids below ${vocabSize}`,
          );
        }
        text += characters[id - specialTokens.length] ?? "";
      }
      return text;
    },
  };
}

function unknown(character: string, position: number): never {
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  const what = `${JSON.stringify(character)} (${code}) at character ${position} is not in the vocabulary`;
  return refuse("tokenizer.encode", what, "use the characters of the alphabet the policy was made with");
}
