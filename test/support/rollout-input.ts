/** Input of a rollout seam by hand: completions as written, one letter a token, verified as the task says. */
import type { GenerateOptions, Generations } from "../../src/toolkit/policy/generation.ts";
import { charTokenizer, type Tokenizer } from "../../src/toolkit/policy/tokenizer.ts";
import { verifiedReward } from "../../src/toolkit/reward.ts";
import type { RolloutInput, Rollouts } from "../../src/toolkit/rollout.ts";
import { foreignRow, fromRows } from "../../src/toolkit/rows.ts";
import type { Problem, Task } from "../../src/toolkit/tasks/task.ts";
import { echoTask } from "./tiny-task.ts";

export const letterTokenizer: Tokenizer = charTokenizer(echoTask.alphabet);

/** Rows of completions, a list for each problem; the policy has sampled them. */
export function writtenRollouts(problems: readonly Problem[], completions: readonly (readonly string[])[]): Rollouts {
  const rows = completions.flatMap((some, group) =>
    some.map((text) => {
      const row = foreignRow(letterTokenizer, group, problems[group]?.prompt ?? "", text);
      const known = new Float32Array(row.completionIds.length).fill(-1);
      return { ...row, foreign: false, sampleLogProbs: known, policyLogProbs: known };
    }),
  );
  return fromRows(rows, { problems, padId: letterTokenizer.padId });
}

export interface HandRollout {
  readonly problems: readonly Problem[];
  readonly samplesPerPrompt?: number | readonly number[];
  readonly task?: Task;
  readonly step?: number;
  /** What the models write after a prompt. Default "a". */
  readonly write?: (prompt: string, options: GenerateOptions) => string;
}

export function rolloutInput({ problems, samplesPerPrompt = 2, step = 0, ...rest }: HandRollout): RolloutInput {
  const { task = echoTask, write = () => "a" } = rest;
  const generate = async (prompts: readonly string[], options: GenerateOptions): Promise<Generations> => {
    const asked = prompts.map((prompt) => ({ ...problemOf(prompt), prompt }));
    return writtenRollouts(
      asked,
      prompts.map((prompt) => [write(prompt, options)]),
    );
  };
  const measure = () => Promise.reject(new Error("nothing is measured here"));
  const model = { tokenizer: letterTokenizer, maxPositions: 32, generate, measure };
  return {
    ...{ prompts: { problems, samplesPerPrompt }, sampler: { generate }, task, steps: 9 },
    sampling: { maxTokens: 4, temperature: 1, seed: 7, step },
    models: { policy: model, reference: model },
    verify: async (rollouts) => verifiedReward({ task, rollouts }),
  };
}

function problemOf(prompt: string): Problem {
  return { id: prompt, prompt, answer: "", level: 1, data: {} };
}
