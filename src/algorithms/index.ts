export { type GrpoOptions, grpo } from "./grpo.ts";
