export { type GrpoOptions, grpo } from "./grpo.ts";
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
