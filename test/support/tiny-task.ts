/** A task small enough to be learned in seconds: repeat the letter asked for, twice, and stop. */
import type { Problem, Task } from "../../src/toolkit/tasks/task.ts";
import { defineVerifier, judge } from "../../src/toolkit/verify/verifier.ts";

const LETTERS = "abcdefgh";

const verifier = defineVerifier<Problem>({
  name: "echo",
  version: "1",
  verify({ answer }, completion) {
    if (!/^[a-h]*$/.test(completion)) return judge.unparsed("not letters alone");
    return completion === answer ? judge.correct(completion) : judge.wrong(`${completion} is not ${answer}`);
  },
});

/** Prompt "b=", answer "bb". A flawed demonstration is "aa". Both splits hold the same letters: nothing is learned of splits here. */
export const echoTask: Task = {
  name: "echo",
  settings: {},
  alphabet: `${LETTERS}=`,
  levels: [1],
  maxPromptTokens: 3,
  maxCompletionTokens: 4,
  problems: ({ count, seed, offset = 0 }) =>
    Array.from({ length: count }, (_, i) => problem(LETTERS[(seed + offset + i * 3) % LETTERS.length] ?? "a")),
  available: () => LETTERS.length,
  demonstration: ({ answer }, _random, { flawed }) => (flawed ? "aa" : answer),
  verify: (asked, completion) => verifier.verify(asked, completion),
};

function problem(letter: string): Problem {
  return { id: letter, prompt: `${letter}=`, answer: letter.repeat(2), level: 1, data: {} };
}
