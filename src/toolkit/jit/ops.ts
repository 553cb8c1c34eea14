/**
 * Library ops of transformer policies. Each is an ordinary TensorFlow.js function with its own gradient: eager it runs
 * on any backend, traced it writes the ONNX operators that fit it best.
 */
export { attention } from "./ops/attention.ts";
export { divergence } from "./ops/divergence.ts";
export { rmsNorm } from "./ops/rms-norm.ts";
export { rope } from "./ops/rope.ts";
export { swiglu } from "./ops/swiglu.ts";
export { tokenLogProbs } from "./ops/token-log-probs.ts";
