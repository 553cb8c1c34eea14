export {
  type DhpoOptions,
  type DhpoResult,
  type DhpoTokens,
  dhpo,
  dhpoLoss,
  dhpoMixWeight,
} from "./dhpo.ts";
export { type GrpoOptions, grpo } from "./grpo.ts";
export { type LuspoBatch, type LuspoOptions, type LuspoResult, luspo, luspoLoss } from "./luspo.ts";
export {
  type PacsInput,
  type PacsOptions,
  type PacsRowOptions,
  type PacsRows,
  pacs,
  pacsLosses,
  pacsProxy,
  pacsRows,
  pacsScore,
} from "./pacs.ts";
export {
  type RealLabelled,
  type RealLabelOptions,
  type RealOptions,
  type RealParts,
  type RealRows,
  real,
  realLabels,
  realLoss,
} from "./real.ts";
export {
  type CentredRewardOptions,
  centredRewards,
  type RoverOptions,
  type RoverTerms,
  rover,
  roverTerms,
} from "./rover.ts";
export { softmaxPolicy, uniformQ, type ValueAndBound, type ValueTree, valueAndBound } from "./rover-tree.ts";
export { type VimpoOptions, type VimpoSettings, vimpo } from "./vimpo.ts";
export { type VimpoActorInput, type VimpoTargetInput, vimpoActorAdvantage, vimpoTargets } from "./vimpo-advantage.ts";
export { flipGroups, type GroupFlipOptions, groupFlips } from "./vimpo-noise.ts";
export { exactTokenKl, type VimpoTerms, type VimpoValueLoss, vimpoValueLoss } from "./vimpo-value.ts";
