/**
 * `tokenizer.json` and `tokenizer_config.json` as Hugging Face's tokenizers library reads them.
 *
 * A word-level model over single characters: the pre-tokenizer splits between any two characters, the decoder joins
 * them without spaces, the post-processor puts BOS before a prompt. The unknown token is deliberately not in the
 * vocabulary, so that the library, too, refuses an unknown character instead of replacing it.
 */
import { refuse } from "../refuse.ts";
import { charTokenizer, specialTokens, type Tokenizer } from "./tokenizer.ts";

/** The two files' texts. */
export interface TokenizerFiles {
  readonly "tokenizer.json": string;
  readonly "tokenizer_config.json": string;
}

export function tokenizerFiles(tokenizer: Tokenizer): TokenizerFiles {
  const vocabulary = Object.fromEntries([...specialTokens, ...tokenizer.alphabet].map((token, id) => [token, id]));
  const [pad, bos, eos] = specialTokens;
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const start = { SpecialToken: { id: bos, type_id: 0 } };
  const file = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({ id, content, ...flags })),
    normalizer: null,
    pre_tokenizer: { type: "Split", pattern: { Regex: "[\\s\\S]" }, behavior: "Isolated", invert: false },
    post_processor: {
      type: "TemplateProcessing",
      single: [start, { Sequence: { id: "A", type_id: 0 } }],
      pair: [start, { Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
      special_tokens: { [bos]: { id: bos, ids: [tokenizer.bosId], tokens: [bos] } },
    },
    decoder: { type: "Fuse" },
    model: { type: "WordLevel", vocab: vocabulary, unk_token: "<unk>" },
  };
  const settings = {
    tokenizer_class: "PreTrainedTokenizerFast",
    bos_token: bos,
    eos_token: eos,
    pad_token: pad,
    clean_up_tokenization_spaces: false,
  };
  const text = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  return { "tokenizer.json": text(file), "tokenizer_config.json": text(settings) };
}

/**
 * The tokenizer of a `tokenizer.json` written by {@link tokenizerFiles}.
 *
 * @param where the file's path, for refusals
 * @throws UsageError when the content is not JSON, or another kind of tokenizer
 */
export function readTokenizer(where: string, text: string): Tokenizer {
  const remedy = "use the tokenizer.json of a policy with a character vocabulary";
  let file: { model?: { type?: unknown; vocab?: unknown } } | null;
  try {
    file = JSON.parse(text);
  } catch (error) {
    return refuse(where, "the file is not JSON", "save the policy again", error);
  }
  const { type, vocab } = file?.model ?? {};
  if (type !== "WordLevel" || typeof vocab !== "object" || vocab === null) {
    return refuse(where, `the model is ${JSON.stringify(type) ?? "missing"}, not a word-level vocabulary`, remedy);
  }
  const tokens = Object.entries(vocab as Record<string, unknown>).sort((a, b) => Number(a[1]) - Number(b[1]));
  for (const [expected, [token, id]] of tokens.entries()) {
    const special = specialTokens[expected];
    if (id !== expected)
      refuse(where, `the token ${JSON.stringify(token)} has id ${JSON.stringify(id)}`, "save it again");
    if (special !== undefined && token !== special)
      refuse(where, `token ${expected} is ${token}, not ${special}`, remedy);
    if (special === undefined && [...token].length !== 1) {
      refuse(where, `token ${expected}, ${JSON.stringify(token)}, is not one character`, remedy);
    }
  }
  return charTokenizer(
    tokens
      .slice(specialTokens.length)
      .map(([token]) => token)
      .join(""),
  );
}
