import { expect, test } from "vitest";
import { charTokenizer } from "../../../src/toolkit/policy/tokenizer.ts";
import { readTokenizer, tokenizerFiles } from "../../../src/toolkit/policy/tokenizer-file.ts";

const tokenizer = charTokenizer("9a\n 😀");

test("charTokenizer: ids follow the alphabet after padding, BOS and EOS", () => {
  expect(tokenizer.vocabSize).toBe(3 + 5);
  expect(tokenizer.encode("a😀9\n")).toEqual([4, 7, 3, 5]);
  expect(tokenizer.encodePrompt("a")).toEqual([1, 4]);
  expect(tokenizer.decode([1, 4, 7, 3, 5, 2, 0])).toBe("a😀9\n");
});

test("charTokenizer: an unknown character is refused with its position", () => {
  expect(() => tokenizer.encode("a😀b")).toThrow('"b" (U+0062) at character 2 is not in the vocabulary');
});

test("charTokenizer: a bad alphabet or id is refused", () => {
  expect(() => charTokenizer("abca")).toThrow('"a" is in the alphabet twice');
  expect(() => charTokenizer("")).toThrow("the alphabet is empty");
  expect(() => charTokenizer("a\ud83d")).toThrow("character 1 is half of a surrogate pair");
  expect(() => tokenizer.decode([3, 8])).toThrow("id 8 at position 1 is outside the vocabulary; pass ids below 8");
});

test("tokenizer.json: a word-level model that splits at every character and has no unknown token", () => {
  const file = JSON.parse(tokenizerFiles(tokenizer)["tokenizer.json"]);
  expect(file.model).toEqual({
    type: "WordLevel",
    vocab: { "<pad>": 0, "<bos>": 1, "<eos>": 2, "9": 3, a: 4, "\n": 5, " ": 6, "😀": 7 },
    unk_token: "<unk>",
  });
  expect(file.pre_tokenizer.pattern).toEqual({ Regex: "[\\s\\S]" });
  expect(file.decoder).toEqual({ type: "Fuse" });
  expect(file.post_processor.special_tokens["<bos>"].ids).toEqual([1]);
});

test("tokenizer.json: what was written is read back, digits too", () => {
  const again = readTokenizer("t.json", tokenizerFiles(charTokenizer("z0918+="))["tokenizer.json"]);
  expect(again.alphabet).toBe("z0918+=");
  expect(again.encode("0z")).toEqual([4, 3]);
});

test.each([
  { name: "not JSON", text: "{", message: "t.json: the file is not JSON" },
  { name: "null", text: "null", message: "the model is missing, not a word-level vocabulary" },
  {
    name: "another model",
    text: '{"model":{"type":"BPE","vocab":{}}}',
    message: 'the model is "BPE", not a word-level',
  },
  {
    name: "a gap in the ids",
    text: '{"model":{"type":"WordLevel","vocab":{"<pad>":0,"<bos>":1,"<eos>":2,"a":4}}}',
    message: 'the token "a" has id 4',
  },
  {
    name: "a token of two characters",
    text: '{"model":{"type":"WordLevel","vocab":{"<pad>":0,"<bos>":1,"<eos>":2,"ab":3}}}',
    message: 'token 3, "ab", is not one character',
  },
])("tokenizer.json: $name is refused", ({ text, message }) => {
  expect(() => readTokenizer("t.json", text)).toThrow(message);
});
