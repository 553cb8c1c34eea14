export { type ChainAdditionOptions, chainAddition } from "./chain-addition.ts";
export { type CountdownOptions, countdown } from "./countdown.ts";
export { type ModularChainOptions, modularChain } from "./modular-chain.ts";
export type { Problem, ProblemsOptions, Split, Task } from "./task.ts";
