/**
 * CodeV-R1: Verilog written by a policy is rewarded for doing what a golden design does on a generated test bench.
 * 2025, "QiMeng-CodeV-R1: Reasoning-Enhanced Verilog Generation", arXiv:2505.24183, and its released code (loop, reward, test
 * bench).
 *
 *     reward   = max over golden designs of [no check differs] (0 where the format is wrong)
 *                + min(−(length − (max − buffer)) / buffer · factor, 0)
 *     checks   = outer · (1 + inner) · Π (1 + options of a reset port)
 *     draw     = smallest multiple of the chunk ≥ need / min(rho, part)
 *     part     = min(part, k / draw);  at the step's end rho = min(rho, kept / drawn in the step), part = 1
 *
 * Seams: reward, rollout (how many prompts to draw), benchmark. Groups are filtered by accuracy, not by the reward: a wrong answer
 * that is too long has −1. The objective is DAPO's: `compose(dapo())`, without overlong filter. `adaptiveSampler` says how many
 * prompts to draw under any filter of groups; its ratios never rise, so that one unlucky step makes every later draw larger
 * (`ratio: "mean"` is not from the paper). Designs run here in a small subset of Verilog, two levels and unknown, without an
 * external simulator (our construction); random inputs are no proof of equivalence, and registers that nothing resets stay
 * unknown in both designs. `randomDesigns` makes designs and mutants; `roundTripFilter` is the data filter, problems that are
 * neither always nor never solved are kept by `keptByPassRate` (reconstruction).
 */
export {
  type AdaptiveRound,
  type AdaptiveSampler,
  type AdaptiveSamplerOptions,
  type AdaptiveSamplerState,
  adaptiveSampler,
} from "./codev-r1/adaptive-sampler.ts";
export {
  type BenchSize,
  benchLength,
  compareOn,
  type Equivalence,
  type EquivalenceOptions,
  equivalence,
  type Moment,
  type PhaseReset,
  resetCombinations,
  testBench,
} from "./codev-r1/bench.ts";
export { type Bits, bits } from "./codev-r1/bits.ts";
export type { Circuit, CircuitPorts, Port, ResetOption, ResetPort, Words } from "./codev-r1/circuit.ts";
export { type Mutant, type RandomDesign, type RandomDesignsOptions, randomDesigns } from "./codev-r1/designs.ts";
export {
  type CodevReward,
  type CodevRewardOptions,
  codevReward,
  formatGate,
  type OverlongOptions,
  overlongPenalty,
} from "./codev-r1/reward.ts";
export { type DescribedCode, type RoundTrip, roundTripFilter } from "./codev-r1/round-trip.ts";
export { type VerilogDesign, verilogCircuit } from "./codev-r1/verilog.ts";
