/**
 * The pre-flight: before the first step of a run, a dry one on a few real completions, in seconds, with every seam, the
 * verifier and the loss, but without an update. It refuses runs that would be for nothing, saying why and what to change.
 *
 * Nothing of it is seen by the run: seams are opened afresh and thrown away, random numbers are of a seed of its own, and
 * no gradient is kept. Runs with and without a pre-flight end with the same weights, bit for bit.
 */
import { type CompleteAlgorithm, complete } from "../../algorithm.ts";
import { freshProblems } from "../../curriculum.ts";
import type { Policy } from "../../policy/policy.ts";
import { UsageError } from "../../refuse.ts";
import { verifiedReward } from "../../reward.ts";
import { rng } from "../../rng.ts";
import { sampleCompletions } from "../../rollout.ts";
import { type Table, type Tabular, tabular } from "../../table.ts";
import type { Problem } from "../../tasks/task.ts";
import { excerpt } from "../../verify/excerpt.ts";
import type { LearnRehearsal } from "../learner.ts";
import { type TrainOptions, type TrainSettings, trainSettings } from "../options.ts";
import { type EventSample, firstSamples } from "../record.ts";
import { createStepper, type Rehearsed, type Stepper } from "../step.ts";
import { describeWeights } from "../watch/finite.ts";
import { batchArithmetic, explainArithmetic, rateFindings } from "./arithmetic.ts";
import { type CompletionContext, completionFigures, completionFindings, gradientFindings } from "./completions.ts";
import { bySeverity, type Finding } from "./finding.ts";
import { type MemoryForecast, memoryFindings, memoryForecast, memoryThere } from "./memory.ts";
import { type TimeForecast, timeForecast } from "./time.ts";
import { goldLengthFindings, tryVerifier } from "./verifier.ts";

export interface PreflightData {
  /** Refusals first. */
  readonly findings: readonly Finding[];
  /** Of the completions looked at and of the verifier: shares, lengths, rewards, `grad_norm` of the dry update. */
  readonly figures: Readonly<Record<string, number>>;
  /** How prompts become completions, updates and micro-batches, and how far weights go; one sentence a line. */
  readonly arithmetic: readonly string[];
  /** Bytes. */
  readonly memory: MemoryForecast;
  /** Of the run to come; undefined where no step could be tried. */
  readonly time: TimeForecast | undefined;
  /** Some of the completions looked at. */
  readonly samples: readonly EventSample[];
  /** What the pre-flight took. */
  readonly seconds: number;
}

export type PreflightReport = PreflightData & Tabular;

/**
 * Looks at a run without starting it.
 *
 *     const report = await preflight({ policy: base, task, algorithm: grpo() });
 *     report; // shows findings, figures, arithmetic and forecast as tables
 *
 * @param options those of `train`
 * @throws UsageError for an unknown option, or one of the wrong type or range
 */
export async function preflight(options: TrainOptions): Promise<PreflightReport> {
  const settings = trainSettings(options);
  const algorithm = complete(options.algorithm);
  const plan = await planPreflight({ options, settings, algorithm });
  if (hopeless(plan).length > 0) return reportOf(plan);
  const withHead = algorithm.objective.needs.values === true;
  const policy = withHead ? await options.policy.withValueHead() : await options.policy.withoutValueHead();
  const stepper = createStepper({ options, settings, algorithm, policy });
  try {
    await stepper.prepare();
    return await flyPreflight(plan, stepper);
  } finally {
    await stepper.learner.dispose();
    await policy.dispose();
  }
}

/** A run as it was asked for. */
export interface Setup {
  readonly options: TrainOptions;
  readonly settings: TrainSettings;
  readonly algorithm: CompleteAlgorithm;
}

/** What is known before anything is sampled or allocated. */
interface PreflightPlan extends Setup {
  readonly findings: readonly Finding[];
  readonly arithmetic: readonly string[];
  readonly memory: MemoryForecast;
  readonly start: number;
}

/** The part that needs no completion: memory, learning rate, tokenizer. */
export async function planPreflight(setup: Setup): Promise<PreflightPlan> {
  const start = performance.now();
  const { options, settings, algorithm } = setup;
  const { policy } = options;
  const typical = await typicalWeight(policy);
  const memory = memoryForecast(settings, policy.config, algorithm);
  const rates = Number.isFinite(typical) ? rateFindings(batchArithmetic(settings), typical) : [];
  return {
    ...setup,
    start,
    memory,
    findings: [
      ...memoryFindings(memory, memoryThere()),
      ...rates,
      ...eosFindings(policy),
      ...(await weightFindings(policy, typical)),
    ],
    arithmetic: explainArithmetic(settings, typical),
  };
}

/** Refusals for which nothing need be sampled: too much memory, weights that are not finite. */
export function hopeless({ findings }: Pick<PreflightPlan, "findings">): Finding[] {
  return findings.filter(({ check, level }) => level === "refusal" && (check === "memory" || check === "not-finite"));
}

/** Root mean square of the entries of all matrices. */
async function typicalWeight(policy: Policy): Promise<number> {
  let [squares, count] = [0, 0];
  for (const { data, shape } of Object.values(await policy.parameters.read())) {
    if (shape.length < 2) continue;
    for (const value of data) squares += value * value;
    count += data.length;
  }
  return Math.sqrt(squares / count);
}

async function weightFindings(policy: Policy, typical: number): Promise<Finding[]> {
  if (Number.isFinite(typical)) return [];
  const remedy = "load an earlier checkpoint: this one diverged";
  return [{ check: "not-finite", level: "refusal", problem: await describeWeights(policy), remedy }];
}

function eosFindings({ config, tokenizer }: Policy): Finding[] {
  if (config.eos_token_id === tokenizer.eosId) return [];
  const problem = `the policy's config ends a completion with token ${config.eos_token_id}, the tokenizer with ${tokenizer.eosId}`;
  const remedy = "make both the same: config.eos_token_id and the tokenizer's eosId";
  return [{ check: "no-eos", level: "refusal", problem, remedy }];
}

/** Rows of the first look: one micro-batch of nano. */
const FIRST_ROWS = 64;
/** Rows of all looks together, where the first finds no gradient: two default steps. */
const ALL_ROWS = 512;
/** Looks at most: a small step is not drawn for ever. */
const LOOKS = 8;

/** The part with completions, on the run's own stepper, so that nothing is compiled twice. */
export async function flyPreflight(plan: PreflightPlan, stepper: Stepper): Promise<PreflightReport> {
  const { options, settings } = plan;
  const { seed, samplesPerPrompt, promptsPerStep } = settings;
  const own = rng({ seed, stream: "preflight" }).integer(2 ** 32);
  const problems = someProblems(plan, own);
  const trial = tryVerifier(options.task, problems, own);
  const texts = encodeAll(options.policy, problems, trial.gold);
  const longestGold = Math.max(0, ...texts.goldLengths) + 1;
  const context = contextOf(plan, longestGold);
  const before = [
    ...plan.findings,
    ...texts.findings,
    ...trial.findings,
    ...goldLengthFindings(texts.goldLengths, settings.maxTokens),
  ];
  const looked = await look(stepper, context, {
    signal: options.signal,
    seed: own,
    few: Math.min(promptsPerStep, Math.max(2, Math.floor(FIRST_ROWS / samplesPerPrompt))),
    many: Math.min(promptsPerStep, Math.max(2, Math.floor(ALL_ROWS / samplesPerPrompt))),
  });
  return reportOf(plan, {
    findings: [...before, ...looked.findings],
    figures: { ...trial.figures, ...looked.figures },
    ...(looked.rehearsed && { rehearsed: looked.rehearsed }),
    ...(looked.learned && { learned: looked.learned }),
  });
}

const PROBLEMS = 8;

/** Problems of the task itself: a curriculum of the method's own may change what is asked. */
function someProblems({ options: { task }, settings: { level } }: PreflightPlan, seed: number): Problem[] {
  const at = level === undefined ? {} : { level };
  const count = Math.min(PROBLEMS, task.available({ split: "train", ...at }) ?? PROBLEMS);
  return task.problems({ split: "train", count, seed, ...at });
}

function contextOf({ options, settings, algorithm }: PreflightPlan, longestGold: number): CompletionContext {
  return {
    ...{ maxTokens: settings.maxTokens, samplesPerPrompt: settings.samplesPerPrompt, longestGold },
    maxPromptTokens: options.task.maxPromptTokens + (algorithm.extraPromptTokens ?? 0),
    tokenizer: options.policy.tokenizer,
    verifierReward: algorithm.reward === verifiedReward,
    ownDrawing: algorithm.curriculum !== freshProblems || algorithm.rollout !== sampleCompletions,
  };
}

/** Prompts and worked answers to tokens and back. */
function encodeAll(
  { tokenizer }: Policy,
  problems: readonly Problem[],
  gold: readonly string[],
): { readonly goldLengths: readonly number[]; readonly findings: readonly Finding[] } {
  const remedy = "make the policy with a tokenizer that has every character of the task";
  try {
    for (const text of [...problems.map(({ prompt }) => prompt), ...gold]) {
      const back = tokenizer.decode(tokenizer.encode(text));
      if (back === text) continue;
      const problem = `${excerpt(text)} comes back from the tokenizer as ${excerpt(back)}`;
      return { goldLengths: [], findings: [{ check: "tokenizer", level: "refusal", problem, remedy }] };
    }
    return { goldLengths: gold.map((text) => tokenizer.encode(text).length), findings: [] };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { goldLengths: [], findings: [{ check: "tokenizer", level: "refusal", problem: error.message, remedy }] };
  }
}

interface Looked {
  readonly findings: readonly Finding[];
  readonly figures: Readonly<Record<string, number>>;
  readonly rehearsed?: Rehearsed;
  readonly learned?: LearnRehearsal;
}

interface Looks {
  readonly seed: number;
  /** Prompts of the first look. */
  readonly few: number;
  /** Prompts of each further one, taken where those before show no gradient. */
  readonly many: number;
  readonly signal: AbortSignal | undefined;
}

/** Below this a gradient is rounding: of a KL term at its own reference, say. Our choice; gradients of rewards are near 1. */
const NO_GRADIENT = 1e-6;

async function look(stepper: Stepper, context: CompletionContext, looks: Looks): Promise<Looked> {
  try {
    const { rehearsed, drawn } = await draw(stepper, looks);
    if (rehearsed.rollouts.rows === 0) return { findings: [nothingDrawn()], figures: {} };
    const findings = completionFindings(rehearsed, context);
    const figures = completionFigures(rehearsed);
    if (findings.some(({ check }) => check === "not-finite")) return { findings, figures, rehearsed };
    const skipped = rehearsed.advantages.skip;
    if (skipped !== undefined) return { findings: [...findings, skippedFinding(skipped)], figures, rehearsed };
    const learned = await stepper.learner.rehearse(rehearsed);
    const gradient = learned.gradNorm > NO_GRADIENT;
    return {
      findings: [
        ...findings,
        ...gradientFindings(rehearsed, context, { gradient, drawn }),
        ...learningFindings(learned),
      ],
      figures: { ...figures, loss: learned.loss, grad_norm: learned.gradNorm },
      rehearsed,
      learned,
    };
  } catch (error) {
    if (!(error instanceof Error) || looks.signal?.aborted) throw error;
    return { findings: [notTried(error)], figures: {} };
  }
}

/** Completions until some advantage is not 0; the last look, and how many completions all had. */
async function draw(stepper: Stepper, { seed, few, many }: Looks): Promise<{ rehearsed: Rehearsed; drawn: number }> {
  let rehearsed = await stepper.rehearse({ seed, promptsPerStep: few });
  let drawn = rehearsed.rollouts.rows;
  for (let i = 1; i < LOOKS && drawn < ALL_ROWS && drawn > 0 && isSilent(rehearsed); i++) {
    const other = rng({ seed, stream: "preflight/look", row: i }).integer(2 ** 32);
    const more = await stepper.rehearse({ seed: other, promptsPerStep: many });
    if (more.rollouts.rows === 0) break;
    rehearsed = more;
    drawn += more.rollouts.rows;
  }
  return { rehearsed, drawn };
}

function isSilent({ advantages }: Rehearsed): boolean {
  return advantages.perToken.every((value) => value === 0);
}

function learningFindings({ notFinite, otherWeights }: LearnRehearsal): Finding[] {
  if (notFinite !== undefined) {
    const remedy = "load an earlier checkpoint, or look at what the objective divides by or takes the logarithm of";
    return [{ check: "not-finite", level: "refusal", problem: notFinite, remedy }];
  }
  if (otherWeights === undefined) return [];
  const remedy = "sample with input.sampler and keep the log-probs that it returns";
  return [{ check: "other-weights", level: "refusal", problem: otherWeights, remedy }];
}

function nothingDrawn(): Finding {
  const problem = "the first step would have no completions to learn from";
  return { check: "not-tried", level: "warning", problem, remedy: "look at the curriculum and the rollout function" };
}

function skippedFinding(reason: string): Finding {
  const problem = `the first step would be skipped: ${reason}`;
  return { check: "not-tried", level: "warning", problem, remedy: "nothing, where the method means it" };
}

/** What a seam throws in a dry step on few problems it may not throw in a whole one; the first step will tell. */
function notTried(error: Error): Finding {
  const problem = `a dry step fails with ${error.name}: ${error.message}`;
  return { check: "not-tried", level: "warning", problem, remedy: "see whether the first step does too" };
}

interface Flown extends Pick<Looked, "findings" | "figures" | "rehearsed" | "learned"> {}

function reportOf(plan: PreflightPlan, flown?: Flown): PreflightReport {
  const { rehearsed, learned, findings = plan.findings, figures = {} } = flown ?? {};
  const time = rehearsed && learned && timeForecast(plan.settings, rehearsed, learned);
  const data: PreflightData = {
    findings: bySeverity(findings),
    figures,
    arithmetic: plan.arithmetic,
    memory: plan.memory,
    time,
    samples: rehearsed === undefined ? [] : firstSamples(rehearsed, PROBLEMS),
    seconds: (performance.now() - plan.start) / 1000,
  };
  return tabular(data, tables);
}

function tables({ findings, figures, arithmetic, memory, time, samples }: PreflightData): Table[] {
  const column = <T extends object, K extends keyof T>(rows: readonly T[], key: K): T[K][] =>
    rows.map((row) => row[key]);
  const forecast = {
    ...Object.fromEntries(Object.entries(memory).map(([name, bytes]) => [`memory, ${name}, MiB`, bytes / 2 ** 20])),
    ...Object.fromEntries(Object.entries(time ?? {}).map(([name, seconds]) => [`time, ${name}, s`, seconds])),
  };
  const named = (title: string, of: Readonly<Record<string, number>>): Table => ({
    title,
    columns: { name: Object.keys(of), value: Object.values(of) },
  });
  return [
    {
      title: "findings",
      columns: {
        level: column(findings, "level"),
        check: column(findings, "check"),
        problem: column(findings, "problem"),
        remedy: column(findings, "remedy"),
      },
    },
    { title: "arithmetic", columns: { "how the run adds up": arithmetic } },
    named("figures", figures),
    named("forecast", forecast),
    {
      title: "samples",
      columns: {
        prompt: column(samples, "prompt"),
        completion: column(samples, "completion"),
        reward: samples.map(({ reward }) => reward ?? undefined),
        note: column(samples, "note"),
      },
    },
  ];
}
