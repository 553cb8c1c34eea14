/**
 * The settings that other trainers start with, as algorithms that can be described, compared and run.
 * Read from their sources: TRL f2cd577 (2026-07), verl b178a3c (2026-01), prime-rl 559b447, OpenRLHF 3c3be62, NeMo-RL
 * 7ea279a (all 2026-08).
 *
 *     TRL       group mean and deviation + 1e-4, clip 0.2, mean over all tokens (its loss type "dapo"), no KL; completions
 *               whose ratio to the sampler is above 3 left out
 *     verl      GRPO as asked for there: group mean and deviation + 1e-6, clip 0.2, dual clip 3, mean over tokens, no KL
 *     prime-rl  group mean; DPPO's mask of 0.2 on probabilities, ratios to the sampler without a limit; 1e-3 times the squared
 *               log ratio to the sampler
 *     OpenRLHF  PPO with GAE (lambda 1), clip 0.2; k1 in the reward, 0.01
 *     NeMo-RL   leave-one-out mean and deviation + 1e-6, clip 0.2, mean over tokens; 0.01 times k3 in the loss (its GRPO
 *               recipe for math)
 *
 * All of them run here with log ratios cut to [-20, 20] before the exponential, which is verl's; TRL's has no limit: two such
 * algorithms differ only where a ratio is beyond 4.8e8. TRL's k3 weighted by the ratio (use_bias_correction_kl) is
 * `compose(peerDefaults("trl"), klLoss({ weighted: true }))`.
 *
 * Seams: advantage, objective. Learning rates, batch sizes and sampling are `train`'s, not the algorithm's. Corrections for
 * an engine that samples with other numbers than the trainer act here where the sampler is behind: `sampleAhead`, replay.
 */
import { type Algorithm, type Choice, SEAMS } from "../toolkit/algorithm.ts";
import { compose } from "../toolkit/compose.ts";
import { refuse } from "../toolkit/refuse.ts";
import { dppo } from "./dppo.ts";
import { grpo } from "./grpo.ts";
import { klInReward } from "./kl-in-reward.ts";
import { klLoss } from "./kl-loss.ts";
import { maskedImportanceSampling } from "./masked-importance-sampling.ts";
import { ppo } from "./ppo.ts";
import { rloo } from "./rloo.ts";
import { samplerRatio } from "./sampler-ratio.ts";

/** A trainer whose defaults are known. */
export type Peer = "trl" | "verl" | "prime-rl" | "openrlhf" | "nemo-rl";

const PEERS: Readonly<Record<Peer, { readonly name: string; readonly source: string; make(): Algorithm }>> = {
  trl: {
    name: "TRL",
    source: "TRL GRPOConfig",
    make: () => compose(grpo({ aggregation: "token-mean", epsilon: 1e-4 }), maskedImportanceSampling()),
  },
  verl: {
    name: "verl",
    source: "verl, algorithm.adv_estimator grpo",
    make: () => grpo({ aggregation: "token-mean", dualClip: 3 }),
  },
  "prime-rl": {
    name: "prime-rl",
    source: "prime-rl's default loss",
    make: () =>
      compose(
        grpo({ scale: "none" }),
        dppo({ ratioLimit: Infinity }),
        samplerRatio(),
        klLoss({ coefficient: 2e-3, estimator: "k2", to: "sampler" }), // k2 is half of the squared log ratio
      ),
  },
  openrlhf: {
    name: "OpenRLHF",
    source: "OpenRLHF's PPO arguments",
    make: () => compose(ppo({ lambda: 1 }), klInReward({ coefficient: 0.01, estimator: "k1" })),
  },
  "nemo-rl": {
    name: "NeMo-RL",
    source: "NeMo-RL grpo_math_1B",
    make: () => compose(grpo({ aggregation: "token-mean", klCoefficient: 0.01 }), rloo({ scale: "others-std" })),
  },
};

/**
 * A peer's defaults as an algorithm: `diff(grpo(), peerDefaults("trl"))`.
 *
 * @throws UsageError for a peer that is not known
 */
export function peerDefaults(peer: Peer): Algorithm {
  if (!Object.hasOwn(PEERS, peer)) {
    refuse("peerDefaults", `there are no defaults of "${peer}"`, `pass one of ${Object.keys(PEERS).join(", ")}`);
  }
  const { name, source, make } = PEERS[peer];
  const algorithm = make();
  const sourced = (choice: Choice): Choice => (choice.source === "given" ? { ...choice, source } : choice);
  const choices = SEAMS.flatMap((seam) => algorithm.choices.filter((choice) => choice.seam === seam).map(sourced));
  return { ...algorithm, name, choices };
}
