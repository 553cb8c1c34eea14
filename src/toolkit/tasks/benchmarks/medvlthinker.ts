/**
 * MedVLThinker: multiple choice under a strict format, questions of middling difficulty only, six test sets averaged.
 * Huang et al. 2025, "MedVLThinker: Simple Baselines for Multimodal Medical Reasoning", arXiv:2508.02669, and its released code.
 *
 *     format(p) = 1 if the whole response is <think>...</think>, white space, <answer>...</answer>, else 0
 *     reward    = format · 1[ lower(trim(g)) is the label, the answer or "label. answer", in lower case ]
 *     curation  : keep 1 <= passCount <= 7 of 16 rollouts; easy to hard is descending passCount
 *     average   = unweighted mean of the accuracies of the test sets, percent
 *
 * Seams: curriculum, reward, evaluation. In training g is read by a pattern whose dot stops at a line's end (an answer on its own
 * line fails), in evaluation by one whose dot does not, and without the gate on the format; both are the paper's. Where no answer
 * is tagged, g is the whole response. "(C)" earns nothing. The images and models of the paper are not here: `choiceArithmetic`
 * makes multiple-choice sums in a clean and a noisy wording, which is our construction for small policies.
 * Majority by first-seen among ties is a reconstruction. `orderByDifficulty` without a seed keeps ties in the order given (our choice).
 */
import { optionsObject } from "../../options.ts";
import { refuse } from "../../refuse.ts";
import { rng } from "../../rng.ts";
import { afterTag, isBlank, type TagReach, trimmed } from "./medvlthinker/tags.ts";

export { type ChoiceArithmeticOptions, choiceArithmetic } from "./medvlthinker/arithmetic.ts";
export { type ChoiceItem, choiceItem, choicePrompt, readChoiceItems } from "./medvlthinker/items.ts";

/** What a response is compared with. */
export interface ChoiceKey {
  /** The right option's text, such as "Mitral stenosis". */
  readonly answer: string;
  /** Its label, such as "C". */
  readonly answerLabel: string;
}

export interface MedReward {
  /** 1 or 0; there is no partial credit. */
  readonly reward: number;
  /** 1 where the whole response has the format. */
  readonly format: number;
  /** What was compared, trimmed. */
  readonly prediction: string;
}

/**
 * The training reward.
 *
 * @throws UsageError for an empty answer or label
 */
export function medReward(response: string, key: ChoiceKey): MedReward {
  checkKey("medReward", key);
  const text = textOf("medReward", response);
  const format = hasFormat(text) ? 1 : 0;
  const prediction = tagged(text, "line");
  return { reward: format * (gradeChoice(prediction, key) ? 1 : 0), format, prediction };
}

/** Whether a prediction is the label, the answer or "label. answer", whatever the case. @throws as {@link medReward} */
export function gradeChoice(prediction: string, key: ChoiceKey): boolean {
  checkKey("gradeChoice", key);
  const given = trimmed(textOf("gradeChoice", prediction)).toLowerCase();
  const { answer, answerLabel } = key;
  return [`${answerLabel}. ${answer}`, answerLabel, answer].some((accepted) => accepted.toLowerCase() === given);
}

/** The answer as the evaluation reads it: the first tagged one, over lines too, or the whole response. */
export function evalExtract(response: string): string {
  return tagged(textOf("evalExtract", response), "text");
}

function textOf(where: string, text: unknown): string {
  return typeof text === "string" ? text : refuse(where, `the response is ${String(text)}`, "pass a text");
}

function checkKey(where: string, { answer, answerLabel }: ChoiceKey): void {
  for (const [name, text] of Object.entries({ answer, answerLabel })) {
    if (typeof text !== "string" || text === "") refuse(where, `${name} is ${JSON.stringify(text)}`, "pass a text");
  }
}

/** The pattern's meaning without its backtracking: a megabyte of tags is read once. */
function hasFormat(response: string): boolean {
  const [open, close] = ["<think>", "</answer>"];
  if (!response.startsWith(open) || !response.endsWith(close)) return false;
  const last = response.length - close.length;
  for (let at = response.indexOf("</think>", open.length); at >= 0; at = response.indexOf("</think>", at + 1)) {
    let next = at + "</think>".length;
    while (next < last && isBlank(response[next] ?? "")) next++;
    if (response.startsWith("<answer>", next)) return next + "<answer>".length <= last;
  }
  return false;
}

function tagged(response: string, reach: TagReach): string {
  return trimmed(afterTag(response, "answer", reach) ?? response);
}

export interface PassCountFilter<T> {
  /** What is filtered: items, or their ids. */
  readonly items: readonly T[];
  /** Rollouts graded correct of each item; undefined, null or -1 where there was no estimate. */
  readonly passCounts: readonly (number | null | undefined)[];
  /** Rollouts of each item. Default 16: the paper's. */
  readonly rollouts?: number;
  /** Least count kept. Default 1: the code's `remove_pass_count_below`. */
  readonly low?: number;
  /** Greatest count kept. Default 7: the code's `remove_pass_count_above`; it keeps the harder half of 16 only. */
  readonly high?: number;
}

/** An item with the number of rollouts that were right. */
export interface Counted<T> {
  readonly item: T;
  readonly passCount: number;
}

/**
 * The items that the base model gets right sometimes, in the order given. Items without an estimate are dropped.
 *
 * @throws UsageError for lists of unequal length, or counts that are no whole numbers up to the number of rollouts
 */
export function filterByPassCount<T>(options: PassCountFilter<T>): Counted<T>[] {
  const { items, passCounts, rollouts = 16, low = 1, high = 7 } = optionsObject("filterByPassCount", options);
  if (items.length !== passCounts.length) {
    refuse("filterByPassCount", `there are ${items.length} items, ${passCounts.length} counts`, "pass one for each");
  }
  for (const [name, value] of Object.entries({ rollouts, low, high })) {
    if (!Number.isInteger(value)) refuse("filterByPassCount", `${name} is ${value}`, "pass a whole number");
  }
  const counted = items.map((item, i) => ({ item, passCount: passCounts[i] ?? -1 }));
  for (const [i, { passCount }] of counted.entries()) {
    if (Number.isInteger(passCount) && passCount >= -1 && passCount <= rollouts) continue;
    refuse("filterByPassCount", `the count of item ${i} is ${passCount}`, `pass 0 to ${rollouts}, or none`);
  }
  return counted.filter(({ passCount }) => passCount >= 0 && passCount >= low && passCount <= high);
}

export type DifficultyOrder = "easy_to_hard" | "hard_to_easy";

/**
 * Items by how often the base model gets them right.
 *
 * @param seed items of equal count are shuffled by it before the stable sort. Default: they keep their order
 */
export function orderByDifficulty<T>(
  items: readonly Counted<T>[],
  order: DifficultyOrder,
  seed?: number,
): Counted<T>[] {
  if (order !== "easy_to_hard" && order !== "hard_to_easy") {
    refuse("orderByDifficulty", `the order is ${JSON.stringify(order)}`, 'pass "easy_to_hard" or "hard_to_easy"');
  }
  const shuffled = seed === undefined ? [...items] : rng({ seed, stream: "medvlthinker/order" }).shuffle(items);
  const sign = order === "easy_to_hard" ? -1 : 1;
  return shuffled.sort((a, b) => sign * (a.passCount - b.passCount));
}

/** Unweighted mean of accuracies by test set, percent. @throws UsageError for none, or one outside 0 to 100 */
export function benchmarkAverage(perSet: Readonly<Record<string, number>>): number {
  const entries = Object.entries(optionsObject("benchmarkAverage", perSet));
  if (entries.length === 0) refuse("benchmarkAverage", "there is no test set", "pass an accuracy for each");
  for (const [name, accuracy] of entries) {
    if (typeof accuracy === "number" && accuracy >= 0 && accuracy <= 100) continue;
    refuse("benchmarkAverage", `the accuracy of ${name} is ${String(accuracy)}`, "pass percent, 0 to 100");
  }
  return entries.reduce((sum, [, accuracy]) => sum + accuracy, 0) / entries.length;
}

/** The rollouts of one item: what each predicted and whether it was right. */
export interface ItemRollouts {
  readonly predictions: readonly string[];
  readonly correct: readonly boolean[];
}

/** Shares over the items. "any" is any of the n that were sampled, not the unbiased estimator of pass@n. */
export interface PassStats {
  readonly mean: number;
  readonly any: number;
  readonly majority: number;
}

/** @throws UsageError for no item, or one whose predictions and grades are none or differ in number */
export function passStats(items: readonly ItemRollouts[]): PassStats {
  if (items.length === 0) refuse("passStats", "there is no item", "pass the rollouts of at least one");
  const sums = { mean: 0, any: 0, majority: 0 };
  for (const [i, { predictions, correct }] of items.entries()) {
    if (predictions.length === 0 || predictions.length !== correct.length) {
      const counts = `${predictions.length} predictions and ${correct.length} grades`;
      refuse("passStats", `item ${i} has ${counts}`, "pass one grade for each prediction");
    }
    sums.mean += correct.filter(Boolean).length / correct.length;
    sums.any += correct.includes(true) ? 1 : 0;
    sums.majority += correct[predictions.indexOf(majorityOf(predictions))] ? 1 : 0;
  }
  return { mean: sums.mean / items.length, any: sums.any / items.length, majority: sums.majority / items.length };
}

/** The most frequent text; of equals the one seen first. @throws UsageError for none */
export function majorityOf(predictions: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of predictions) counts.set(text, (counts.get(text) ?? 0) + 1);
  const [first, ...others] = [...counts];
  if (first === undefined) return refuse("majorityOf", "there is no prediction", "pass at least one");
  return others.reduce((most, entry) => (entry[1] > most[1] ? entry : most), first)[0];
}
