/**
 * Reward functions in the forms that TRL and verl call, as verifiers; and verifiers as such functions.
 *
 * TRL:  `reward(prompts=[…], completions=[…], **columns)` returns a number, or None, for each completion.
 * verl: `compute_score(data_source, solution_str, ground_truth, extra_info)` returns a number, or a dict with a "score".
 */
import { refuse } from "../refuse.ts";
import { type AsyncVerifier, defineAsyncVerifier } from "./async-verifier.ts";
import { excerpt } from "./excerpt.ts";
import { type Judgement, judge, type Verifier, type VerifierKind } from "./verifier.ts";

/** A message of a conversation, as TRL passes prompts and completions of chat data sets. */
export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

/** What TRL passes: one entry a completion in each list; further columns of the data set by name. */
export type TrlInput = {
  readonly prompts: readonly (string | readonly ChatMessage[])[];
  readonly completions: readonly (string | readonly ChatMessage[])[];
} & Readonly<Record<string, readonly unknown[]>>;

/** `null` for what the function does not apply to. */
export type TrlReward = (input: TrlInput) => readonly (number | null)[] | Promise<readonly (number | null)[]>;

/** A row of the data set: its prompt and its other columns. */
export type TrlCase = { readonly prompt?: string | readonly ChatMessage[] } & Readonly<Record<string, unknown>>;

export interface RewardRange extends VerifierKind {
  /** Scores that mean "all wrong" and "all right"; a score between them is a partial one. Default [0, 1]. */
  readonly range?: readonly [low: number, high: number];
}

/** A TRL reward function as a verifier; it is called with lists of one. */
export function fromTrl(reward: TrlReward, kind: RewardRange): AsyncVerifier<TrlCase> {
  const scale = scaleOf("fromTrl", kind);
  return defineAsyncVerifier<TrlCase>({
    ...kindWithRange(kind),
    async verify({ prompt = "", ...columns }, completion) {
      const lists = Object.fromEntries(Object.entries(columns).map(([name, value]) => [name, [value]]));
      const scores = await reward({ ...lists, prompts: [prompt], completions: [completion] });
      if (!Array.isArray(scores) || scores.length !== 1) {
        throw new TypeError(`the reward function returned ${excerpt(String(scores))}, not a list of one score`);
      }
      return scale(scores[0]);
    },
  });
}

/** What verl passes. */
export interface VerlCase {
  /** `data_source`. */
  readonly dataSource?: string;
  /** `ground_truth`. */
  readonly answer: string;
  /** `extra_info`. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export type VerlScore = number | boolean | Readonly<{ score: number } & Record<string, unknown>>;

export type VerlReward = (
  dataSource: string,
  solution: string,
  groundTruth: string,
  extra: Readonly<Record<string, unknown>>,
) => VerlScore | Promise<VerlScore>;

/** A verl score function as a verifier. */
export function fromVerl(reward: VerlReward, kind: RewardRange): AsyncVerifier<VerlCase> {
  const scale = scaleOf("fromVerl", kind);
  return defineAsyncVerifier<VerlCase>({
    ...kindWithRange(kind),
    async verify({ dataSource = "", answer, extra = {} }, completion) {
      const result = await reward(dataSource, completion, answer, extra);
      return scale(typeof result === "object" && result !== null ? result.score : Number(result));
    },
  });
}

/** The options are a part of the verifier's hash, and so is the range. */
function kindWithRange({ range, ...kind }: RewardRange): VerifierKind {
  return range === undefined ? kind : { ...kind, options: { ...kind.options, range } };
}

function scaleOf(where: string, { name, range = [0, 1] }: RewardRange): (score: unknown) => Judgement {
  const [low, high] = range;
  if (!(Number.isFinite(low) && Number.isFinite(high) && low < high)) {
    refuse(`${where}: ${name}`, `range is [${low}, ${high}]`, "pass the lowest and the highest score");
  }
  return (score) => {
    if (typeof score !== "number" || !Number.isFinite(score) || score < low || score > high) {
      throw new RangeError(`the score is ${excerpt(String(score))}, outside [${low}, ${high}]: pass its range`);
    }
    const share = (score - low) / (high - low);
    if (share === 1) return judge.correct("");
    return share === 0 ? judge.wrong(`the score is ${score}`) : judge.partial(share, `the score is ${score}`, "");
  };
}

/**
 * A verifier as TRL's form: takes its lists and returns scores, `null` where the verifier could not judge.
 *
 * @param problemOf the problem of a row, from its columns
 */
export function asTrl<Case>(
  verifier: Verifier<Case> | AsyncVerifier<Case>,
  problemOf: (row: TrlCase) => Case,
): (input: TrlInput) => Promise<(number | null)[]> {
  return async ({ prompts, completions, ...columns }) =>
    Promise.all(
      completions.map(async (completion, i) => {
        const row = Object.fromEntries(Object.entries(columns).map(([name, list]) => [name, list[i]]));
        const prompt = prompts[i];
        const problem = problemOf(prompt === undefined ? row : { ...row, prompt });
        return (await verifier.verify(problem, textOf(completion))).score;
      }),
    );
}

/** What the assistant said, of a conversation. */
function textOf(completion: string | readonly ChatMessage[]): string {
  return typeof completion === "string" ? completion : completion.map(({ content }) => content).join("\n");
}

/** A verifier as verl's form: a score with the status and the reason as extra columns. */
export function asVerl<Case>(
  verifier: Verifier<Case> | AsyncVerifier<Case>,
  problemOf: (input: VerlCase) => Case,
): (
  dataSource: string,
  solution: string,
  groundTruth: string,
  extra?: Readonly<Record<string, unknown>>,
) => Promise<{ score: number; status: string; reason: string }> {
  return async (dataSource, solution, groundTruth, extra = {}) => {
    const { score, status, reason } = await verifier.verify(
      problemOf({ dataSource, answer: groundTruth, extra }),
      solution,
    );
    return { score: score ?? Number.NaN, status, reason };
  };
}
