/**
 * SSB's data: a policy that reads a right and a typical wrong attempt of its own writes the reply that it learns from.
 * Mitra and Ulukus 2025, "Semantic Soft Bootstrapping: Long Context Reasoning in LLMs without Reinforcement Learning",
 * arXiv:2512.05105, and its released code.
 *
 *     K attempts at a problem -> the first right one, and the first with the most frequent wrong answer (where all wrong
 *     answers differ: any) -> one reply after problem, right and wrong attempt -> kept if it is right
 *     teacher: log p(reply | hinted prompt) of the policy before training;  student: the same reply after the bare problem
 *
 * Seam: rollout. Attempts of which nothing could be read, and those not scored, are neither right nor wrong. A problem
 * without both kinds gives nothing; `ssb/yield` says how many do.
 */

import { allLogits, type Model } from "../toolkit/models.ts";
import { checkOptions } from "../toolkit/options.ts";
import { statisticsAfter } from "../toolkit/other-prompt.ts";
import type { GenerateOptions } from "../toolkit/policy/generation.ts";
import { refuse } from "../toolkit/refuse.ts";
import type { Rewards } from "../toolkit/reward.ts";
import { type Rng, rng } from "../toolkit/rng.ts";
import {
  furtherDraw,
  processedTokens,
  type RolloutInput,
  type Rollouts,
  type Sampler,
  sampleCompletions,
} from "../toolkit/rollout.ts";
import { fromRows, pickRewards, type Row, rowsOf } from "../toolkit/rows.ts";
import type { Problem, Task } from "../toolkit/tasks/task.ts";
import { boxedAnswer } from "../toolkit/verify/answer.ts";

/** The column of the teacher's logits, [B, T, V], at the temperature of training. */
export const TEACHER_LOGITS = "ssbTeacherLogits";

const WHERE = "semanticSoftBootstrapping";

/** The two attempts that go into a hinted prompt. */
export interface ContextPair {
  readonly correctIndex: number;
  readonly wrongIndex: number;
}

/**
 * The first attempt whose answer is the right one, and the first with the most frequent wrong answer; where each wrong
 * answer came once, any of them.
 *
 * @param answers of the attempts; null where none could be read
 * @returns null where there is no right or no wrong one
 */
export function selectContextPair(
  { answers, gold }: { readonly answers: readonly (string | null)[]; readonly gold: string },
  random: Rng,
): ContextPair | null {
  const correctIndex = answers.indexOf(gold);
  const counts = new Map<string, number>(); // in the order in which answers first come
  for (const answer of answers) {
    if (answer !== null && answer !== gold) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  if (correctIndex < 0 || counts.size === 0) return null;
  const most = Math.max(...counts.values());
  const often = [...counts].filter(([, count]) => count === most).map(([answer]) => answer);
  const wrong = most > 1 ? often[0] : random.pick(often);
  return { correctIndex, wrongIndex: answers.indexOf(wrong ?? null) };
}

/** The hinted prompt for policies that read English. The instruction is ours, after the released one's description. */
export function buildHintedPrompt(problem: string, correctText: string, wrongText: string): string {
  return [
    problem,
    `A correct attempt:\n${correctText}`,
    `An incorrect attempt:\n${wrongText}`,
    "Write one standalone, very detailed and robust derivation of the answer that warns of likely mistakes. Do not reveal " +
      "that attempts were given. End with the answer in \\boxed{}.",
  ].join("\n\n");
}

/** The default hint: both attempts, then the problem, in the characters that a task's policies know. */
export function attemptsFirst(problem: string, correctText: string, wrongText: string): string {
  return correctText + wrongText + problem;
}

/** Where a problem of a hinted task says that it is one. */
const HINTED = "ssbHinted";

export interface HintedTaskOptions {
  /** As the method's. Default: both attempts, then the problem. */
  readonly hint?: (problem: string, correctText: string, wrongText: string) => string;
  /** Share of problems with a hint, from 0 to 1. Default 0.5: our choice. */
  readonly share?: number;
}

/**
 * A task in which some problems come after a right and a flawed demonstration: to pretrain policies that can read hints,
 * which one that has seen bare problems alone cannot. What is shown after a hint is never flawed.
 *
 * @throws UsageError for an unknown option or one out of range
 */
export function hintedTask(task: Task, options: HintedTaskOptions = {}): Task {
  checkOptions("hintedTask", options, { hint: { kind: "function" }, share: { kind: "number", min: 0, max: 1 } });
  const { hint = attemptsFirst, share = 0.5 } = options;
  const hinted = (problem: Problem, random: Rng): Problem => {
    if (random.uniform() >= share) return problem;
    const shown = (flawed: boolean): string => task.demonstration(problem, random, { flawed });
    const prompt = hint(problem.prompt, shown(false), shown(true));
    return { ...problem, prompt, data: { ...problem.data, [HINTED]: true } };
  };
  return {
    ...task,
    name: `${task.name}-hinted`,
    settings: { ...task.settings, hintedShare: share },
    maxPromptTokens: task.maxPromptTokens + 2 * task.maxCompletionTokens,
    problems: (ask) =>
      task
        .problems(ask)
        .map((problem, i) => hinted(problem, rng({ seed: ask.seed, stream: "hinted", row: i + (ask.offset ?? 0) }))),
    demonstration: (problem, random, { flawed }) =>
      task.demonstration(problem, random, { flawed: flawed && problem.data[HINTED] !== true }),
  };
}

/** Whether the last boxed answer of a reply is the right one, letter by letter. */
export function keepIfCorrect(reply: string, gold: string): boolean {
  return boxedAnswer(reply) === gold;
}

/** A prompt and a reply as one sequence, and where the reply's tokens are predicted. */
export interface AlignedReply {
  readonly inputIds: Int32Array;
  /** Position of the logits that predict each label: the first is that of the prompt's last token. */
  readonly labelPositions: Int32Array;
  readonly labels: Int32Array;
}

/**
 * Cuts to at most `maxLength` tokens: the reply keeps its first min(R, maxLength - 1), the prompt its last ones in what
 * remains.
 *
 * @throws UsageError for an empty prompt, and for a length below 2
 */
export function alignReply(
  { promptIds, replyIds }: { readonly promptIds: ArrayLike<number>; readonly replyIds: ArrayLike<number> },
  { maxLength }: { readonly maxLength: number },
): AlignedReply {
  if (promptIds.length === 0) refuse("alignReply", "there is no prompt", "begin every prompt with BOS");
  if (!Number.isInteger(maxLength) || maxLength < 2) {
    refuse(
      "alignReply",
      `maxLength is ${maxLength}`,
      "pass a whole number from 2: a prompt token and one of the reply",
    );
  }
  const labels = Int32Array.from(replyIds).slice(0, maxLength - 1);
  const prompt = Int32Array.from(promptIds).slice(-(maxLength - labels.length));
  return {
    inputIds: Int32Array.from([...prompt, ...labels]),
    labelPositions: labels.map((_, i) => prompt.length - 1 + i),
    labels,
  };
}

export interface SsbSampling {
  readonly hint: (problem: string, correctText: string, wrongText: string) => string;
  readonly attemptTemperature: number;
  readonly replyTemperature: number;
  /** 0: all. */
  readonly topK: number;
  readonly maxLength: number | undefined;
}

/** A step's replies after the bare problems, with the teacher's logits as a column; one row a problem at most. */
export async function bootstrappedReplies(input: RolloutInput, options: SsbSampling): Promise<Rollouts> {
  const { prompts, sampling, models, verify } = input;
  const { problems } = prompts;
  const { tokenizer, maxPositions } = models.reference;
  const { attemptTemperature, replyTemperature, topK, maxLength = maxPositions } = options;
  if (prompts.samplesPerPrompt === 1)
    refuse(WHERE, "samplesPerPrompt is 1", "sample 2 or more: a right and a wrong one");
  const sampler = drawing(models.reference, { temperature: attemptTemperature, ...(topK > 0 && { topK }) });
  const attempts = await sampleCompletions({ prompts, sampler, sampling });
  const tried = await verify(attempts);
  const hints = hintsOf(input, attempts, tried, options);
  const drawn = await repliesOf(input, hints, { temperature: replyTemperature, ...(topK > 0 && { topK }) });
  const judged = drawn.rows > 0 ? await verify(drawn) : { values: new Float32Array(), verdicts: [] };
  const kept = Array.from(judged.values.keys()).filter((b) => (judged.values[b] ?? 0) >= 1);
  const all = rowsOf(drawn);
  const teacherPrompts: Int32Array[] = [];
  const rows = kept.flatMap((b) => {
    const row = all[b];
    if (row === undefined) return [];
    teacherPrompts.push(cutPrompt(row, row.promptIds, maxLength));
    return [studentRow(row, tokenizer.encodePrompt(problems[row.group]?.prompt ?? ""), maxLength)];
  });
  const count = Math.max(problems.length, 1);
  const scored = tried.values.filter((value) => !Number.isNaN(value));
  const context = {
    ...{ problems, padId: tokenizer.padId, rewards: pickRewards(judged, kept) },
    spentTokens: processedTokens(attempts) + processedTokens(drawn),
    metrics: {
      "ssb/attempts_right": scored.filter((value) => value >= 1).length / Math.max(scored.length, 1),
      "ssb/paired": hints.length / count,
      "ssb/yield": kept.length / count,
    },
  };
  const student = fromRows(rows, context);
  if (rows.length === 0) return student;
  const promptOf = (b: number): Int32Array => teacherPrompts[b] ?? new Int32Array();
  const { logits } = await statisticsAfter(WHERE, models.reference, student, promptOf, { logits: allLogits });
  return { ...student, columns: { [TEACHER_LOGITS]: logits } };
}

interface Hint {
  readonly group: number;
  readonly text: string;
}

/** The hinted prompts of the problems whose attempts have both kinds. */
function hintsOf(
  { prompts, sampling, models }: RolloutInput,
  attempts: Rollouts,
  { values, verdicts }: Rewards,
  { hint }: SsbSampling,
): Hint[] {
  const { seed, step } = sampling;
  const { alphabet } = models.reference.tokenizer;
  return prompts.problems.flatMap((problem, group) => {
    const rows = Array.from(attempts.group.keys()).filter((b) => attempts.group[b] === group);
    const answers = rows.map((b) => {
      const [value = Number.NaN, verdict] = [values[b], verdicts[b]];
      if (value >= 1) return problem.answer;
      const answer = verdict?.parsed ?? attempts.completions[b] ?? "";
      return Number.isNaN(value) || verdict?.status === "unparsed" || answer === problem.answer ? null : answer;
    });
    const pair = selectContextPair({ answers, gold: problem.answer }, rng({ seed, stream: "ssb", step, row: group }));
    if (pair === null) return [];
    const textOf = (i: number): string => attempts.completions[rows[i] ?? -1] ?? "";
    const text = hint(problem.prompt, textOf(pair.correctIndex), textOf(pair.wrongIndex));
    if (typeof text !== "string") refuse(WHERE, `hint gives ${String(text)}`, `return text in ${alphabet}`);
    return [{ group, text }];
  });
}

/** One reply to each hinted prompt, as rows of their problems. */
async function repliesOf(
  { prompts, sampling, models }: RolloutInput,
  hints: readonly Hint[],
  how: Partial<GenerateOptions>,
): Promise<Rollouts> {
  const { problems } = prompts;
  const { padId } = models.reference.tokenizer;
  if (hints.length === 0) return fromRows([], { problems, padId });
  const texts = hints.map(({ text }) => text);
  const drawn = await drawing(models.reference, how).generate(texts, furtherDraw(sampling, 1));
  const rows = rowsOf({ ...drawn, problems }).map((row) => ({ ...row, group: hints[row.group]?.group ?? -1 }));
  return fromRows(rows, { problems, padId, tokensPerSecond: drawn.tokensPerSecond });
}

/** The model, drawing in its own way. */
function drawing(model: Model, how: Partial<GenerateOptions>): Sampler {
  return { generate: (prompts, options) => model.generate(prompts, { ...options, ...how }) };
}

function cutPrompt({ completionIds }: Row, promptIds: ArrayLike<number>, maxLength: number): Int32Array {
  const { inputIds, labels } = alignReply({ promptIds, replyIds: completionIds }, { maxLength });
  return inputIds.slice(0, inputIds.length - labels.length);
}

/** The reply after the bare problem; what the policy makes of it there is not known. */
function studentRow(row: Row, promptIds: ArrayLike<number>, maxLength: number): Row {
  const completionIds = row.completionIds.slice(0, maxLength - 1);
  return {
    ...row,
    promptIds: cutPrompt(row, promptIds, maxLength),
    completionIds,
    sampleLogProbs: row.sampleLogProbs.slice(0, completionIds.length),
    policyLogProbs: new Float32Array(completionIds.length).fill(Number.NaN),
    foreign: true,
  };
}
