/** What each part of a step does to each problem's answers: to first order, in reality, and by layer. */
import { type Projection, type ProjectionOptions, randomProjection } from "../linear/random-projection.ts";
import type { LayerRange } from "../policy/layers.ts";
import type { Policy } from "../policy/policy.ts";
import { progressReporter } from "../progress.ts";
import { refuse } from "../refuse.ts";
import { MOST_NUMBERS, weightedAnswers } from "./gradient-alignment.ts";
import {
  type AnswerReader,
  answerReader,
  answersOf,
  checkProbed,
  havingAnswers,
  type ProbedProblem,
} from "./probed-problems.ts";
import type { StepParts } from "./step-parts.ts";
import type { AnswerKind, LayerEffects, UpdateEffects } from "./update-effects.ts";
import { dot, weightedGradients } from "./weighted-gradients.ts";

export interface StepEffectsOptions {
  /** Take each part's real change, one write of the weights and one scoring a part. Default true. */
  readonly measure?: boolean;
  /** Keep random projections of the answers' gradients, for many problems or weights. Default: exact. */
  readonly projection?: ProjectionOptions;
}

export interface StepEffects {
  readonly right: UpdateEffects;
  /** Over the problems that have wrong answers; absent where none has. */
  readonly wrong?: UpdateEffects;
}

/**
 * Effects of a step's parts on problems' answers.
 *
 *     const parts = await stepParts(policy, { rollouts, ...(await recompute(step, grpo(), { policy })) }, { rule });
 *     const { right } = await stepEffects(policy, parts, problems);
 *     display(interferenceMatrixFigure(interferenceMatrix([right])));
 *
 * The policy is not changed. @throws UsageError for no problem, one that is twice, one without right answers, or gradients that do
 * not fit in 2 GiB
 */
export async function stepEffects(
  policy: Policy,
  parts: StepParts,
  problems: readonly ProbedProblem[],
  { measure = true, projection }: StepEffectsOptions = {},
): Promise<StepEffects> {
  checkProbed("stepEffects", problems);
  const reader = measure ? await answerReader(policy, problems) : undefined;
  try {
    const real = reader && (await realChanges(reader, parts));
    const map = projection && randomProjection(projection);
    const effectsOn = (kind: AnswerKind) =>
      effectsOf(policy, parts, havingAnswers(problems, kind), { kind, map, real });
    const right = await effectsOn("right");
    return havingAnswers(problems, "wrong").length === 0 ? { right } : { right, wrong: await effectsOn("wrong") };
  } finally {
    await reader?.dispose();
  }
}

type Changes = Readonly<Record<AnswerKind, Float64Array>>;

interface RealChanges {
  readonly each: readonly Changes[];
  readonly whole: Changes;
}

async function realChanges(reader: AnswerReader, parts: StepParts): Promise<RealChanges> {
  const report = progressReporter({ task: "real updates", total: parts.ids.length, unit: "updates" });
  const before = await reader.at(undefined);
  const changeBy = async (step: Float32Array): Promise<Changes> => {
    const after = await reader.at(step);
    const less = (kind: AnswerKind) => after[kind].map((value, p) => value - (before[kind][p] ?? Number.NaN));
    return { right: less("right"), wrong: less("wrong") };
  };
  const each: Changes[] = [];
  for (let u = 0; u < parts.ids.length; u++) {
    report(u);
    each.push(await changeBy(parts.change(u)));
  }
  report(parts.ids.length);
  return { each, whole: await changeBy(parts.whole()) };
}

interface How {
  readonly kind: AnswerKind;
  readonly map: Projection | undefined;
  readonly real: RealChanges | undefined;
}

async function effectsOf(
  policy: Policy,
  parts: StepParts,
  problems: readonly ProbedProblem[],
  { kind, map, real }: How,
): Promise<UpdateEffects> {
  const vectors = await answerVectors(policy, parts.layers, problems, kind, map);
  const [u, p] = [parts.ids.length, problems.length];
  const table = (): Float64Array => new Float64Array(u * p);
  const [predicted, plain] = [table(), table()];
  const pieces = parts.layers.map(() => ({ products: table(), squares: new Float64Array(u) }));
  for (let i = 0; i < u; i++) {
    const own = layered(parts.change(i), parts.layers, map);
    const other = layered(parts.plainChange(i), parts.layers, map);
    for (const [l, piece] of pieces.entries()) piece.squares[i] = own[l]?.squares ?? 0;
    for (const [j, vector] of vectors.entries()) {
      for (const [l, piece] of pieces.entries()) {
        const product = productOf(own[l], vector[l]);
        piece.products[i * p + j] = product;
        predicted[i * p + j] = (predicted[i * p + j] ?? 0) + product;
        plain[i * p + j] = (plain[i * p + j] ?? 0) + productOf(other[l], vector[l]);
      }
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  const whole = Float64Array.from({ length: p }, (_, j) => sumOver(u, (i) => predicted[i * p + j] ?? 0));
  return {
    answers: kind,
    updates: parts.ids,
    problems: problems.map(({ id }) => id),
    predicted,
    plain,
    ...(real && {
      measured: Float64Array.from({ length: u * p }, (_, at) => real.each[Math.floor(at / p)]?.[kind][at % p] ?? 0),
      whole: { measured: real.whole[kind], predicted: whole },
    }),
    layers: byLayer(parts.layers, pieces, vectors),
    ...(map && { cosineError: map.standardError }),
  };
}

/** A stretch of a vector, or its projection, and the square of its length. */
interface Piece {
  readonly values: Float32Array;
  readonly squares: number;
}

function layered(vector: Float32Array, layers: readonly LayerRange[], map: Projection | undefined): Piece[] {
  return layers.map(({ from, to }) => {
    const own = vector.subarray(from, to);
    return { values: map === undefined ? own : map.project(vector, from, to), squares: dot(own, own) };
  });
}

function productOf(a: Piece | undefined, b: Piece | undefined): number {
  return a === undefined || b === undefined ? 0 : dot(a.values, b.values);
}

async function answerVectors(
  policy: Policy,
  layers: readonly LayerRange[],
  problems: readonly ProbedProblem[],
  kind: AnswerKind,
  map: Projection | undefined,
): Promise<Piece[][]> {
  const numbers = problems.length * (map === undefined ? policy.parameters.count : map.dimensions * layers.length);
  if (numbers > MOST_NUMBERS) {
    const remedy = map === undefined ? "pass a projection, or fewer problems" : "ask for fewer dimensions";
    refuse("stepEffects", `gradients of ${problems.length} problems are ${numbers} numbers`, remedy);
  }
  const answers = answersOf(problems, kind);
  const rowsOf = problems.map(({ id }) => answers.flatMap((answer, row) => (answer.id === id ? [row] : [])));
  const name = `stepEffects, ${kind} answers`;
  const report = progressReporter({ task: `gradients of ${kind} answers`, total: problems.length, unit: "problems" });
  const vectors: Piece[][] = [];
  report(0);
  for await (const { gradient } of weightedGradients(policy, weightedAnswers(policy, answers), rowsOf, { name })) {
    report(vectors.push(layered(gradient, layers, map)));
  }
  return vectors;
}

/** Pieces of one layer's name together: the embedding may come first and, as the head, last. */
function byLayer(
  layers: readonly LayerRange[],
  pieces: readonly { readonly products: Float64Array; readonly squares: Float64Array }[],
  vectors: readonly (readonly Piece[])[],
): LayerEffects[] {
  const p = vectors.length;
  return [...new Set(layers.map(({ name }) => name))].map((name) => {
    const at = layers.flatMap((layer, l) => (layer.name === name ? [l] : []));
    const size = pieces[0]?.products.length ?? 0;
    const sumOf = (of: (l: number) => number): number => at.reduce((sum, l) => sum + of(l), 0);
    const predicted = Float64Array.from({ length: size }, (_, cell) => sumOf((l) => pieces[l]?.products[cell] ?? 0));
    const cosine = predicted.map((product, cell) => {
      const own = sumOf((l) => pieces[l]?.squares[Math.floor(cell / p)] ?? 0);
      const other = sumOf((l) => vectors[cell % p]?.[l]?.squares ?? 0);
      const lengths = Math.sqrt(own * other);
      return lengths === 0 ? 0 : Math.max(-1, Math.min(1, product / lengths));
    });
    return { name, predicted, cosine };
  });
}

function sumOver(count: number, of: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += of(i);
  return sum;
}
