/** Every method in `train`, on a tiny policy: three steps, finite, and the same weights when repeated, stopped in between and resumed. */
import { expect, test } from "vitest";
import {
  aceConfidencePenalty,
  bnpo,
  canon,
  cepo,
  cispo,
  clipCov,
  dapo,
  dhpo,
  dppo,
  drGrpo,
  dynamicSampling,
  entropyBonus,
  fgExpo,
  gaussianCurriculum,
  gdpo,
  gmpo,
  gpg,
  groupFlips,
  grpo,
  grpoPassk,
  gspo,
  gspoToken,
  icePop,
  icpo,
  kimi,
  klCov,
  klInReward,
  klLoss,
  litePpo,
  luspo,
  maskedImportanceSampling,
  mathforgeDgpo,
  maxRl,
  mqr,
  negativeSampleReinforcement,
  noisyVerifierCorrection,
  nudgeRl,
  offPolicySequenceMask,
  oneShotRlvr,
  opo,
  overlongFilter,
  pacs,
  passAtKTraining,
  pkpo,
  positiveNll,
  ppo,
  ppoClip,
  promptPair,
  rae,
  real,
  reasoningBoundarySelf,
  recap,
  reinforce,
  reinforcePlusPlus,
  remax,
  rlep,
  rloo,
  rlPlus,
  rover,
  samplerRatio,
  sapo,
  scheduledPrefix,
  scrl,
  semanticSoftBootstrapping,
  separatedBlocks,
  siren,
  softOverlong,
  steer,
  temporalSchedule,
  topEntropyMask,
  topr,
  truncatedImportanceSampling,
  truncatedSampling,
  ucas,
  vespo,
  vimpo,
  weightedGrpo,
} from "../../src/algorithms/index.ts";
import type { Algorithm } from "../../src/toolkit/algorithm.ts";
import { compose } from "../../src/toolkit/compose.ts";
import type { TrainOptions } from "../../src/toolkit/train/train.ts";
import { echoTask } from "../support/tiny-task.ts";
import { notFinite, trainedTwice } from "../support/trained-twice.ts";

interface Method {
  readonly name: string;
  readonly algorithm: Algorithm;
  readonly options?: Partial<TrainOptions>;
}

/** A question that means the same: its letter asked for twice over. */
const doubled = (question: string): string => question;
const appeal = (_: unknown, completion: string): boolean => completion.startsWith("d");
const letters = echoTask.problems({ split: "train", count: 4, seed: 0 });
const shown = letters.map((problem) => ({ problem, completion: problem.answer }));

const chained = ({ answer }: { readonly answer: string }) => ({
  prompt: `=${answer[0]}=`,
  answers: [answer[0] ?? "", answer],
});

/** One line a method, in the order of their names. */
const methods: readonly Method[] = [
  { name: "entropy-bonus", algorithm: compose(grpo(), entropyBonus({ adaptive: { target: 9 } })) },
  { name: "icepop", algorithm: compose(grpo(), icePop()) },
  { name: "masked-importance-sampling", algorithm: compose(grpo(), maskedImportanceSampling()) },
  { name: "off-policy-sequence-mask", algorithm: compose(grpo(), offPolicySequenceMask({ threshold: 0 })) },
  { name: "sampler-ratio", algorithm: compose(grpo(), samplerRatio()), options: { innerEpochs: 2 } },
  { name: "top-entropy-mask", algorithm: compose(grpo(), topEntropyMask()) },
  { name: "truncated-importance-sampling", algorithm: compose(grpo(), truncatedImportanceSampling()) },
  {
    name: "truncated-sampling",
    algorithm: compose(grpo(), truncatedImportanceSampling(), truncatedSampling({ topP: 0.9 })),
  },
  { name: "clip-cov", algorithm: compose(grpo(), clipCov({ share: 0.1, covLow: 0 })), options: { miniBatches: 2 } },
  { name: "dppo", algorithm: compose(grpo(), dppo()), options: { innerEpochs: 2 } },
  { name: "gmpo", algorithm: compose(grpo(), gmpo()), options: { innerEpochs: 2 } },
  { name: "gpg", algorithm: gpg() },
  { name: "kimi", algorithm: compose(grpo({ scale: "none" }), kimi()), options: { innerEpochs: 2 } },
  { name: "kl-cov", algorithm: compose(grpo(), klCov({ share: 0.1 })), options: { miniBatches: 2 } },
  { name: "positive-nll", algorithm: compose(grpo(), positiveNll()) },
  { name: "topr", algorithm: compose(grpo(), topr()), options: { innerEpochs: 2 } },
  { name: "bnpo", algorithm: bnpo() },
  { name: "cispo", algorithm: compose(grpo(), cispo()), options: { miniBatches: 2 } },
  { name: "dapo", algorithm: dapo() },
  { name: "dr-grpo", algorithm: drGrpo() },
  { name: "gspo", algorithm: compose(grpo(), gspo()), options: { innerEpochs: 2 } },
  { name: "gspo-token", algorithm: compose(grpo(), gspoToken()), options: { innerEpochs: 2 } },
  { name: "kl-loss", algorithm: compose(grpo(), klLoss({ adaptive: { target: 0.01, horizon: 100 } })) },
  { name: "kl-loss, full", algorithm: compose(grpo(), klLoss({ estimator: "full" })) },
  { name: "ppo-clip", algorithm: compose(grpo(), ppoClip({ dualClip: 3 })), options: { innerEpochs: 2 } },
  { name: "sapo", algorithm: compose(grpo(), sapo()), options: { innerEpochs: 2 } },
  { name: "vespo", algorithm: compose(grpo(), vespo()), options: { innerEpochs: 2 } },
  { name: "canon", algorithm: compose(grpo({ aggregation: "constant" }), canon()) },
  {
    name: "canon, length",
    algorithm: compose(grpo(), canon({ metric: "length", alpha: 0.96, mu: { kind: "accuracy" } })),
  },
  { name: "cepo", algorithm: compose(grpo(), cepo()) },
  { name: "cepo, rlsd where nobody is wrong", algorithm: compose(grpo(), cepo({ emptyNegative: "rlsd" })) },
  { name: "dhpo", algorithm: compose(grpo(), dhpo()), options: { miniBatches: 2 } },
  { name: "dhpo, by entropy", algorithm: compose(grpo(), dhpo({ mix: "entropy" })), options: { miniBatches: 2 } },
  { name: "fg-expo", algorithm: compose(fgExpo(), gaussianCurriculum({ pool: 8 })) },
  { name: "grpo", algorithm: grpo() },
  { name: "icpo", algorithm: icpo() },
  { name: "icpo, two hinted", algorithm: icpo({ hintedSamples: 2, shots: 2, horizon: 2, delta: 0, klCoefficient: 0 }) },
  { name: "luspo", algorithm: compose(grpo(), luspo()) },
  {
    name: "mathforge-dgpo",
    algorithm: compose(grpo({ aggregation: "token-mean" }), mathforgeDgpo(), mqr({ reformulate: doubled })),
  },
  {
    name: "noisy-verifier-correction, forward",
    algorithm: compose(grpo(), noisyVerifierCorrection({ rho1: 0.2, scale: "ema" })),
  },
  {
    name: "noisy-verifier-correction, backward with appeals",
    algorithm: compose(
      grpo(),
      noisyVerifierCorrection({ mode: "backward", rho0: 0.1, appeal, appealProbability: 0.5 }),
    ),
  },
  { name: "nudgerl", algorithm: nudgeRl({ contexts: ({ answer }) => [answer, "h"], extraPromptTokens: 2 }) },
  { name: "nudgerl without hints", algorithm: nudgeRl() },
  { name: "one-shot-rlvr", algorithm: oneShotRlvr() },
  { name: "pacs", algorithm: pacs(), options: { innerEpochs: 2 } },
  { name: "real", algorithm: real() },
  { name: "real, bce", algorithm: real({ variant: "bce", klCoefficient: 0.1, entropyCoefficient: 0.01 }) },
  { name: "reasoning-boundary-self", algorithm: compose(grpo(), reasoningBoundarySelf({ threshold: 0.5 })) },
  {
    name: "reasoning-boundary-self, by token",
    algorithm: compose(grpo(), reasoningBoundarySelf({ threshold: 0.5, forwardKl: "token" })),
  },
  { name: "recap", algorithm: recap({ replay: [shown], window: 2 }) },
  { name: "rl-plus", algorithm: rlPlus() },
  { name: "rl-plus, begun", algorithm: rlPlus({ prefixRatio: 0.5, scale: "group-std", aggregation: "token-mean" }) },
  { name: "rover", algorithm: rover(), options: { innerEpochs: 2 } },
  { name: "scheduled-prefix", algorithm: compose(grpo(), scheduledPrefix({ prefixTokens: 2 })) },
  {
    name: "scrl",
    algorithm: compose(grpo(), scrl({ subproblems: chained, blocks: separatedBlocks("="), extraPromptTokens: 1 })),
  },
  {
    name: "semantic-soft-bootstrapping",
    algorithm: semanticSoftBootstrapping({ kdWeight: 0.75 }),
    options: { promptsPerStep: 24, microBatches: 2 },
  },
  { name: "siren", algorithm: compose(grpo(), siren()), options: { miniBatches: 2 } },
  { name: "temporal-schedule", algorithm: compose(grpo(), temporalSchedule()) },
  {
    name: "temporal-schedule, entropy",
    algorithm: compose(grpo(), temporalSchedule({ criterion: "entropy-advantage" })),
  },
  { name: "temporal-schedule, forking", algorithm: compose(grpo(), temporalSchedule({ criterion: "forking" })) },
  { name: "ucas", algorithm: compose(grpo(), ucas()) },
  {
    name: "weighted-grpo-pairing",
    algorithm: compose(grpo(), promptPair({ hard: letters, easy: letters, samples: 3, rare: 1 }), weightedGrpo()),
  },
  { name: "steer", algorithm: compose(grpo(), steer()), options: { miniBatches: 2 } },
  { name: "steer, linear", algorithm: compose(grpo(), steer({ mode: "linear" })) },
  { name: "vimpo", algorithm: vimpo({ valueScale: 0.1, actorCoefficient: 0.05 }), options: { innerEpochs: 2 } },
  { name: "vimpo, soft, flips", algorithm: compose(vimpo({ value: "soft", kl: "k3" }), groupFlips()) },
  { name: "negative-sample-reinforcement", algorithm: negativeSampleReinforcement() },
  { name: "negative-sample-reinforcement, nsr", algorithm: negativeSampleReinforcement({ mode: "nsr" }) },
  { name: "ace-confidence-penalty", algorithm: compose(grpo(), aceConfidencePenalty()) },
  { name: "gdpo", algorithm: compose(grpo(), gdpo()) },
  { name: "grpo-passk", algorithm: compose(grpo(), grpoPassk()) },
  { name: "lite-ppo", algorithm: compose(grpo({ aggregation: "token-mean" }), litePpo()) },
  { name: "max-rl", algorithm: compose(grpo(), maxRl()) },
  { name: "opo", algorithm: compose(grpo(), opo()) },
  { name: "pass-at-k-training", algorithm: compose(grpo(), passAtKTraining({ k: 2 })) },
  { name: "pkpo", algorithm: compose(grpo(), pkpo({ k: 2 })) },
  { name: "reinforce-plus-plus", algorithm: compose(grpo(), reinforcePlusPlus()), options: { samplesPerPrompt: 1 } },
  { name: "reinforce-plus-plus, baseline", algorithm: compose(grpo(), reinforcePlusPlus({ baseline: "group-mean" })) },
  { name: "rloo", algorithm: compose(grpo(), rloo()) },
  { name: "spiral-rae", algorithm: compose(grpo(), rae()), options: { samplesPerPrompt: 1 } },
  { name: "dapo-dynamic-sampling", algorithm: compose(grpo(), dynamicSampling({ maxRounds: 3 })) },
  { name: "dapo-overlong", algorithm: compose(grpo(), softOverlong({ buffer: 2 }), gdpo(), overlongFilter()) },
  { name: "kl-in-reward", algorithm: compose(ppo({ lambda: 1 }), klInReward({ controller: "adaptive", horizon: 64 })) },
  { name: "ppo", algorithm: ppo(), options: { samplesPerPrompt: 1, miniBatches: 2, innerEpochs: 2 } },
  { name: "remax", algorithm: compose(grpo(), remax()), options: { samplesPerPrompt: 1 } },
  { name: "rlep", algorithm: compose(grpo(), rlep({ again: 2 })) },
  {
    name: "reinforce",
    algorithm: compose(grpo(), reinforce({ baseline: "batch-mean" })),
    options: { samplesPerPrompt: 1 },
  },
];

test.each(methods)(
  "train: $name takes three steps, and the same ones again over a stop",
  async ({ algorithm, options }) => {
    const { records, before, after } = await trainedTwice(algorithm, options);
    expect(records).toHaveLength(3);
    expect(notFinite(records)).toEqual([]);
    for (const { metrics } of records) expect(metrics).toHaveProperty("loss");
    expect(after[0]).not.toBe(before);
    expect(after[1]).toBe(after[0]);
  },
);
