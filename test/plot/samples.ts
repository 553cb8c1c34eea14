/** Deterministic results for the figures' tests: shaped like those of a real run, small enough to read. */
import {
  type AggregateReport,
  aggregateReport,
  type BoundaryCourse,
  boundaryCourse,
  type CheckpointTrajectory,
  type CollapseForecast,
  collapseForecast,
  type EntropyChange,
  type EntropyGroup,
  type EntropyLedger,
  type Estimate,
  entropyLedger,
  explainLosses,
  fitTrajectory,
  type GradientAlignment,
  type InterferenceMatrix,
  interferenceMatrix,
  type LearningCurve,
  type LimitReport,
  learningCurve,
  limitReport,
  type NegativeInterference,
  type ReasoningBoundary,
  type Runset,
  reasoningBoundary,
  type SolveCounts,
  type SupportReport,
  savedBy,
  supportReport,
  type WeightDelta,
  type WeightDeltas,
} from "../../src/analysis/index.ts";
import {
  alignmentFigure,
  boundaryCourseFigure,
  boundaryDetailFigure,
  boundaryFigure,
  collapseFigure,
  entropyFigure,
  entropyLedgerFigure,
  type Figure,
  gradientFigure,
  type InterferenceDetails,
  interferenceDetailFigure,
  interferenceFigure,
  interferenceMatrixFigure,
  learningCurveFigure,
  limitFigure,
  performanceProfileFigure,
  rankFigure,
  type SampleSource,
  solvedMatrixFigure,
  supportFigure,
  type TrainingRecord,
  trainingFigure,
  trajectoryFigure,
  weightDeltaFigure,
  weightDetailFigure,
} from "../../src/plot/index.ts";
import type { UpdateEffects } from "../../src/toolkit/probe.ts";
import { type Rng, rng } from "../../src/toolkit/rng.ts";
import type { GradientComparison } from "../../src/toolkit/train/compare-gradients.ts";

const random = (stream: string): Rng => rng({ seed: 1, stream });
const around = (value: number, half: number): Estimate => ({ value, low: value - half, high: value + half });

/** The trained policy is better at k = 1 and never solves the hard third: the base overtakes. */
export function boundarySample(): ReasoningBoundary {
  const draw = random("boundary");
  const samples = 64;
  const run = (rate: (i: number) => number) => ({
    problems: Array.from({ length: 60 }, (_, i) => {
      let correct = 0;
      for (let s = 0; s < samples; s++) correct += draw.uniform() < rate(i) ? 1 : 0;
      return { id: `problem-${i}`, level: 1 + (i % 3), n: samples, correct };
    }),
  });
  const base = run((i) => (i % 3 === 2 ? 0.04 : 0.3));
  const trained = run((i) => (i % 3 === 2 ? (i % 2 === 0 ? 0.006 : 0) : 0.85));
  return reasoningBoundary(base, trained, { resamples: 200 });
}

/** Four checkpoints of sixty problems: two thirds are learned, the hard third is unlearned on the way. */
export function boundaryCourseSample(): BoundaryCourse {
  const draw = random("boundary course");
  const counts = (rate: (i: number) => number): SolveCounts => ({
    problems: Array.from({ length: 60 }, (_, i) => {
      const correct = Array.from({ length: 64 }, () => draw.uniform() < rate(i)).filter(Boolean).length;
      return { id: `problem-${i}`, n: 64, correct };
    }),
  });
  const checkpoint = (step: number, easy: number, hard: number) => ({
    name: `step ${step}`,
    counts: counts((i) => (i % 3 === 2 ? hard : easy * (0.5 + (i % 7) / 12))),
  });
  const steps = [checkpoint(0, 0.3, 0.15), checkpoint(20, 0.5, 0.1), checkpoint(40, 0.7, 0.03), checkpoint(60, 0.9, 0)];
  return boundaryCourse(steps, { resamples: 200 });
}

/** Counts of the boundary's problems, under their names. */
function sampleCounts(): { base: SolveCounts; trained: SolveCounts } {
  const { problems } = boundarySample();
  const of = (role: "base" | "trained"): SolveCounts => ({
    problems: problems.map((problem) => ({ id: problem.id, ...problem[role] })),
  });
  return { base: of("base"), trained: of("trained") };
}

export function limitSample(): LimitReport {
  const { base, trained } = sampleCounts();
  const counts = ({ problems }: SolveCounts) => ({ n: 64, correct: problems.map(({ correct }) => correct) });
  return limitReport({ base: counts(base), trained: counts(trained) }, { resamples: 200 });
}

/** Of sixty problems, six that the base solves now and then are never solved after training, and two are new. */
export function supportSample(): SupportReport {
  const draw = random("support");
  const run = (rate: (i: number) => number): SolveCounts => ({
    problems: Array.from({ length: 60 }, (_, i) => {
      const correct = Array.from({ length: 128 }, () => draw.uniform() < rate(i)).filter(Boolean).length;
      return { id: `problem-${i}`, n: 128, correct };
    }),
  });
  const base = run((i) => (i < 10 ? 0 : i < 20 ? 0.005 : 0.25));
  const trained = run((i) => (i < 2 ? 0.3 : i < 20 || i >= 54 ? 0 : 0.7));
  return supportReport(base, trained, { resamples: 200 });
}

/** Two methods on three tasks, five runs each: the second learns faster and ends higher. */
function runsetsSample(): Runset[] {
  const draw = random("runsets");
  return ["GRPO", "DAPO"].flatMap((experiment, e) =>
    ["addition", "countdown", "modular chain"].map((environment, m) => ({
      experiment,
      environment,
      skipped: [],
      runs: Array.from({ length: 5 }, (_, seed) => {
        const end = 0.5 + 0.12 * e + 0.1 * m + 0.06 * draw.normal();
        const steps = Array.from({ length: 61 }, (_, i) => i);
        const values = steps.map(
          (step) => 0.1 + (end - 0.1) * (1 - Math.exp(-step / (22 - 6 * e))) + 0.015 * draw.normal(),
        );
        return { id: `${experiment}/${environment}/${seed}`, steps, values, runtime: 90 };
      }),
    })),
  );
}

export function aggregateSample(): AggregateReport {
  return aggregateReport(runsetsSample(), { resamples: 300 });
}

export function curvesSample(): LearningCurve[] {
  return runsetsSample().map((runset) => learningCurve(runset, { window: 5, points: 61 }));
}

function group(name: string, tokens: number, before: number, after: number): EntropyGroup {
  const change = after - before;
  return {
    name,
    tokens,
    before,
    after,
    change: around(change, 0.03),
    firstOrder: around(change * 0.8, 0.04),
    curvature: change * 0.1,
    rest: change * 0.2,
    covariance: around(-change * 2, 0.05),
    forecast: change * 0.6,
  };
}

export function entropySample(): EntropyChange {
  const bins = [0.9, 0.7, 0.55, 0.4, 0.5, 0.3, 0.2, 0.15];
  const classes: readonly (readonly [string, number, number])[] = [
    ["digit", 2400, 0.62],
    ["operator", 900, 0.3],
    ["separator", 700, 0.12],
    ["end of text", 150, 0.05],
  ];
  return {
    confidence: 0.95,
    tokens: 4150,
    sequences: 150,
    clusters: { kind: "problems", count: 50 },
    overall: group("all tokens", 4150, 0.45, 0.2),
    byPosition: bins.map((before, i) => ({
      ...group(`${i * 8} to ${i * 8 + 7}`, 500, before, before * 0.45),
      from: i * 8,
      to: i * 8 + 7,
    })),
    byClass: classes.map(([name, tokens, before]) =>
      group(name, tokens, before, before * (name === "digit" ? 0.3 : 0.8)),
    ),
    forecast: { stepSize: 0.3, fitted: true, rule: "natural", correlation: 0.71, pooledCovariance: 0.2 },
    perToken: { change: new Float64Array(4150) },
  };
}

/** Right samples lower the entropy, wrong ones raise it a little; the optimizer does more than the plain gradient. */
export function ledgerSample(): EntropyLedger {
  const draw = random("ledger");
  const logits = Array.from({ length: 60 }, () => Array.from({ length: 5 }, () => draw.normal()));
  const rowsOf = (z: readonly (readonly number[])[]): number[][] =>
    z.map((row) => {
      const log = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
      return row.map((x) => x - log);
    });
  const snapshot = (z: readonly (readonly number[])[]) => {
    const rows = rowsOf(z);
    return {
      rows: rows.flat(),
      entropies: rows.map((row) => -row.reduce((sum, l) => sum + Math.exp(l) * l, 0)),
      classes: rows.map((_, i) => ["digit", "digit", "operator", "separator"][i % 4] ?? ""),
      problems: rows.map((_, i) => Math.floor(i / 4)),
    };
  };
  let z = logits;
  const steps = Array.from({ length: 12 }, () => {
    const before = snapshot(z);
    const towards = rowsOf(z).map((row) => row.map((l) => l - Math.max(...row)));
    const part = (size: number) => towards.map((row) => row.map((x) => size * x + 0.02 * draw.normal()));
    const parts = {
      positive: part(0.08),
      negative: part(-0.02),
      clip: part(-0.01),
      regularizer: part(-0.005),
      optimizer: part(0.04),
    };
    const all = Object.values(parts);
    z = z.map((row, i) => row.map((x, a) => x + all.reduce((sum, changes) => sum + (changes[i]?.[a] ?? 0), 0)));
    const flat = Object.fromEntries(Object.entries(parts).map(([name, changes]) => [name, changes.flat()]));
    return { before, after: snapshot(z), parts: flat };
  });
  return entropyLedger(steps, { resamples: 200 });
}

/** Falls by 4 % a step, with noise. */
function collapseSample(): CollapseForecast {
  const draw = random("collapse");
  return collapseForecast(
    Array.from({ length: 48 }, (_, t) => 1.4 * Math.exp(-0.04 * t + 0.05 * draw.normal())),
    { threshold: 0.14 },
  );
}

export function interferenceSample(): NegativeInterference {
  const draw = random("interference");
  const steps = [0, 10, 20, 30, 40, 50, 60];
  const problems = Array.from({ length: 40 }, (_, i) => {
    const change = 6 * draw.normal() + 5;
    return {
      id: `problem-${i}`,
      logLikelihood: steps.map((_, s) => -20 + (change * s) / 6),
      change,
      worstFall: Math.max(0, -change) + draw.uniform(),
    };
  });
  const hurt = problems.filter(({ change }) => change < 0).sort((a, b) => a.change - b.change);
  const ids = hurt.map(({ id }) => id);
  return {
    confidence: 0.95,
    steps,
    problems,
    course: steps.map((step) => ({
      step,
      logLikelihood: around(-20 + (5 * step) / 60, 1 + step / 60),
      hurtShare: step === 0 ? 0 : 0.15 + step / 500,
    })),
    change: around(5, 1.8),
    hurtShare: hurt.length / problems.length,
    hurt: ids,
    forgetting: steps.map((step) => ({ step, forgotten: around(step / 60, step / 300) })),
    lost: { ids: ids.slice(0, 5), beyondChance: ids.slice(0, 2) },
  };
}

/** Three kinds of problems: those of one kind help each other, the second hurts the first; the first order is a little too large. */
function effectsSample(size: number, stream: string): UpdateEffects {
  const draw = random(stream);
  const ids = Array.from({ length: size }, (_, i) => `sum/${["carry", "plain", "long"][i % 3]} ${i + 1}`);
  const kind = (id: string): number => ["carry", "plain", "long"].findIndex((name) => id.includes(name));
  const cells = ids.flatMap((u) => ids.map((p) => ({ u, p, kinds: [kind(u), kind(p)] as const })));
  const expected = cells.map(({ u, p, kinds: [from, to] }) =>
    u === p ? 0.03 : from === to ? 0.012 : from === 1 && to === 0 ? -0.03 : from === 2 || to === 2 ? 0 : -0.004,
  );
  const measured = Float64Array.from(expected, (x) => x + 0.003 * draw.normal());
  const predicted = measured.map((x) => 1.08 * x + 0.0008 * draw.normal());
  const layers = ["embed_tokens", "layer 0", "layer 1", "layer 2", "layer 3", "norm"].map((name, l) => ({
    name,
    predicted: predicted.map((x) => x / 6),
    cosine: predicted.map((x) => Math.max(-1, Math.min(1, (l - 1) * x + 0.01 * draw.normal()))),
  }));
  return {
    ...{ answers: "right", updates: ids, problems: ids, predicted, measured, layers },
    plain: measured.map((x) => 0.7 * x + 0.006 * draw.normal()),
    whole: {
      measured: Float64Array.from(ids, (_, p) => ids.reduce((sum, _id, u) => sum + (measured[u * size + p] ?? 0), 0)),
      predicted: Float64Array.from(ids, (_, p) => ids.reduce((sum, _id, u) => sum + (predicted[u * size + p] ?? 0), 0)),
    },
  };
}

export function interferenceMatrixSample(size = 18): InterferenceMatrix {
  return interferenceMatrix(Array.from({ length: 4 }, (_, d) => effectsSample(size, `effects ${d}`)));
}

export function interferenceDetailsSample(): InterferenceDetails {
  const effects = effectsSample(18, "effects 0");
  const losses = explainLosses([{ step: 20, effects }], { top: 3 });
  const lost = losses.problems.map(({ id }) => id);
  const asItWas = effects.whole?.measured ?? new Float64Array();
  const arm = (name: string, share: number) => ({
    name,
    change: asItWas.map((x, i) => (x < 0 ? share * x : 0.9 * x + 0.01 * (i % 3))),
  });
  const saved = savedBy({
    problems: effects.problems,
    lost,
    asItWas,
    arms: [arm("leave out 3", 0.6), arm("replay 4", -0.4), arm("half step", 0.5)],
  });
  return { matrix: interferenceMatrixSample(), course: interferenceSample(), losses, saved };
}

export function alignmentSample(size = 8): GradientAlignment {
  const draw = random("alignment");
  const cosine = new Float64Array(size * size).fill(1);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const value = 0.25 * draw.normal() + (i % 2 === j % 2 ? 0.3 : -0.1);
      cosine[i * size + j] = value;
      cosine[j * size + i] = value;
    }
  }
  return {
    ids: Array.from({ length: size }, (_, i) => `problem-${i}`),
    cosine,
    effect: cosine.map((value) => value * 0.01),
    stepSize: 0.01,
    pairs: (size * (size - 1)) / 2,
    negativeShare: 0.25,
    meanCosine: 0.08,
    worst: [{ from: "problem-1", to: "problem-4", cosine: -0.41, effect: -0.0041 }],
    harm: Array.from({ length: size }, () => -0.01),
  };
}

const ranks = [1, 2, 4, 8, 16, 32];

function delta(name: string, shape: readonly number[], size: number, decay: number): WeightDelta {
  const count = Math.min(...shape);
  const singularValues = Float64Array.from({ length: count }, (_, i) => size * Math.exp(-decay * i));
  const squares = singularValues.map((value) => value * value);
  const total = squares.reduce((sum, value) => sum + value, 0);
  const share = (rank: number) => squares.slice(0, rank).reduce((sum, value) => sum + value, 0) / total;
  const common = { name, shape, parameters: shape.reduce((a, b) => a * b), norm: 10, unchanged: 0.95 - size };
  const sizes = { deltaNorm: Math.sqrt(total), relativeNorm: Math.sqrt(total) / 10 };
  if (shape.length === 1) return { ...common, ...sizes };
  return {
    ...common,
    ...sizes,
    spectrum: {
      singularValues,
      size: singularValues.length,
      stableRank: total / (size * size),
      effectiveRank: 5,
      participationRatio: 4,
      energy: ranks.map((rank) => ({ rank, share: share(rank), error: Math.sqrt(1 - share(rank)) })),
      rank90: 4,
      rank99: 9,
    },
    aboveRounding: { edge: 0.001, rank: 12 },
    angles: { left: overlapOf(0.1 + size), right: overlapOf(0.3 * size) },
  };
}

/** Two directions that lie to the base's as `overlap` says. */
function overlapOf(overlap: number): { readonly angles: Float64Array; readonly overlap: number } {
  return { angles: Float64Array.of(Math.PI / 2, Math.acos(Math.sqrt(Math.min(1, 2 * overlap)))), overlap };
}

export function deltaSample(): WeightDeltas {
  const modules = [
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.down_proj",
  ];
  const layers = [0, 1, 2, 3].flatMap((layer) => [
    ...modules.map((module, m) =>
      delta(`model.layers.${layer}.${module}.weight`, [128, 128], 0.1 + 0.03 * m + 0.02 * layer, 0.1 + 0.02 * layer),
    ),
    delta(`model.layers.${layer}.input_layernorm.weight`, [128], 0.02, 1),
    delta(`model.layers.${layer}.post_attention_layernorm.weight`, [128], 0.02, 1),
  ]);
  return {
    tensors: [
      delta("model.embed_tokens.weight", [32, 128], 0.2, 0.15),
      ...layers,
      delta("model.norm.weight", [128], 0.02, 1),
    ],
    ranks,
    overall: {
      parameters: 820_000,
      relativeNorm: 0.031,
      unchanged: 0.68,
      energy: ranks.map((rank) => ({ rank, share: 1 - Math.exp(-0.25 * rank), error: Math.exp(-0.125 * rank) })),
    },
  };
}

/** Nine tensors that bend more and more away from a straight path. */
export function trajectorySample(): CheckpointTrajectory {
  const steps = [10, 20, 30, 40, 50];
  const path = (bend: number) => [
    steps.map((step) => step),
    steps.map((step) => bend * Math.sin(step / 10)),
    steps.map((step) => bend * Math.sqrt(step)),
  ];
  const changes = (bend: number) => steps.map((_, t) => path(bend).map((axis) => axis[t] ?? 0));
  const tensors = Array.from({ length: 9 }, (_, i) => ({
    name: `model.layers.${i}.mlp.up_proj.weight`,
    parameters: 3,
    norms: changes(i).map((change) => Math.hypot(...change)),
    fit: fitTrajectory(changes(i), steps),
  }));
  return { tensors, steps, overall: fitTrajectory(changes(3), steps), excluded: [] };
}

export function rankSample(): Parameters<typeof rankFigure>[0] {
  return {
    base: around(0.31, 0.04),
    trained: around(0.78, 0.04),
    points: [1, 2, 4, 8, 16, 32].map((rank) => ({ rank, pass1: around(0.78 - 0.47 * Math.exp(-rank / 3), 0.04) })),
  };
}

export function trainingSample(steps = 60): TrainingRecord[] {
  const draw = random("training");
  return Array.from({ length: steps }, (_, i) => ({
    step: i + 1,
    metrics: {
      reward: 0.3 + 0.5 * (1 - Math.exp(-i / 20)) + 0.04 * draw.normal(),
      entropy: 0.5 * Math.exp(-i / 40) + 0.01 * draw.normal(),
      "completions/mean_length": 34 - 6 * (1 - Math.exp(-i / 15)) + 0.5 * draw.normal(),
      "completions/clipped_ratio": Math.max(0, 0.08 * Math.exp(-i / 10) + 0.01 * draw.normal()),
      grad_norm: 0.6 + 0.1 * draw.normal(),
      "sampling/sampling_logp_difference/max": 2e-6 * (1 + draw.uniform()),
      frac_reward_zero_std: 0.3,
    },
  }));
}

/** Five algorithms over six layers; the third one's gradient is nothing. */
export function gradientSample(): GradientComparison {
  const names = ["grpo", "gspo", "dapo", "rloo", "cispo"];
  const towards = [1, 0.93, 0, 0.61, -0.12];
  const cosine = (i: number, j: number, shift: number): number => {
    if (i === j) return i === 2 ? Number.NaN : 1;
    if (i === 2 || j === 2) return Number.NaN;
    return Math.max(-1, Math.min(1, (towards[i] ?? 0) * (towards[j] ?? 0) + shift));
  };
  const cosines = (shift: number): Float64Array =>
    Float64Array.from({ length: 25 }, (_, at) => cosine(Math.floor(at / 5), at % 5, shift));
  const norms = [0.8, 0.7, 0, 1.2, 0.5];
  const layers = ["embed_tokens", "layer 0", "layer 1", "layer 2", "layer 3", "norm"];
  return {
    names,
    cosines: cosines(0),
    norms,
    layers: layers.map((name, i) => ({ name, cosines: cosines(0.03 * (i - 3)), norms })),
    results: [],
  };
}

/** Every figure, by a short name. */
export function gallery(): Readonly<Record<string, Figure>> {
  return {
    boundary: boundaryFigure(boundarySample()),
    solved: solvedMatrixFigure(boundarySample()),
    "boundary detail": boundaryDetailFigure(boundarySample()),
    "boundary course": boundaryCourseFigure(boundaryCourseSample()),
    entropy: entropyFigure(entropySample()),
    ledger: entropyLedgerFigure(ledgerSample()),
    collapse: collapseFigure(collapseSample()),
    interference: interferenceFigure(interferenceSample()),
    alignment: alignmentFigure(alignmentSample()),
    interferenceMatrix: interferenceMatrixFigure(interferenceMatrixSample()),
    interferenceMatrixWide: interferenceMatrixFigure(interferenceMatrixSample(66)),
    interferenceDetails: interferenceDetailFigure(interferenceDetailsSample()),
    deltas: weightDeltaFigure(deltaSample()),
    "delta details": weightDetailFigure(deltaSample()),
    trajectory: trajectoryFigure(trajectorySample()),
    rank: rankFigure(rankSample()),
    gradients: gradientFigure(gradientSample()),
    training: trainingFigure(trainingSample()),
    limit: limitFigure(limitSample()),
    support: supportFigure(supportSample()),
    profile: performanceProfileFigure(aggregateSample()),
    curves: learningCurveFigure(curvesSample(), { x: "optimizer step", y: "pass@1" }),
    waiting: trainingFigure([]),
  };
}

/** Completions that would break a page if they were not escaped, and one that is long. */
export const hostile: readonly string[] = [
  "</script><script>document.title = 'broken out'</script>",
  "<img src=x onerror=\"document.title = 'broken out'\">",
  "</details></section><!-- <b>&amp;",
  `${"0123456789".repeat(300)}end`,
];

/** Completions of the boundary's problems under both policies: their counts, and hostile texts among them. */
export function completionsSample(): { readonly base: SampleSource; readonly trained: SampleSource } {
  const { problems } = boundarySample();
  const source = (role: "base" | "trained"): SampleSource => ({
    policy: role,
    problems: problems.map(({ id, [role]: { n, correct } }) => ({
      id,
      prompt: `What is ${id.slice(8)} + 1?`,
      answer: String(Number(id.slice(8)) + 1),
      completions: Array.from({ length: n }, (_, i) => ({
        text: hostile[i] ?? `I add one to ${id.slice(8)}: ${i < correct ? Number(id.slice(8)) + 1 : i}`,
        score: i < correct ? 1 : 0,
        status: i < correct ? "correct" : "wrong",
        reason: i < correct ? "equals the answer" : "is another number",
      })),
    })),
  });
  return { base: source("base"), trained: source("trained") };
}
