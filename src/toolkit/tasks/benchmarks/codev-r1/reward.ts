/** The reward of a completion: its format, the equivalence of its design, and the price of its length. */
import { refuse } from "../../../refuse.ts";
import { type BenchSize, type Equivalence, equivalence } from "./bench.ts";
import type { Circuit, CircuitPorts } from "./circuit.ts";
import { verilogCircuit } from "./verilog.ts";

const TAGS = ["<think>", "</think>", "<answer>", "</answer>"] as const;

/**
 * The last ```verilog block, where each of the four tags comes exactly once and in their order; undefined otherwise. As in the code,
 * the block may stand anywhere in the text.
 */
export function formatGate(text: string): string | undefined {
  let last = -1;
  for (const tag of TAGS) {
    const at = text.indexOf(tag);
    if (at <= last || text.indexOf(tag, at + 1) >= 0) return undefined;
    last = at;
  }
  let [source, from]: [string | undefined, number] = [undefined, 0];
  for (;;) {
    const open = text.indexOf(FENCE, from);
    const close = open < 0 ? -1 : text.indexOf("```", open + FENCE.length);
    if (close < 0) return source;
    source = text.slice(open + FENCE.length, close).trim();
    from = close + 3;
  }
}

const FENCE = "```verilog";

export interface OverlongOptions {
  /** Longest completion, tokens. Default 16384: script. */
  readonly max?: number;
  /** Tokens before it over which the penalty grows. Default 1024: script. */
  readonly buffer?: number;
  /** Penalty at `max`. Default 1: script. */
  readonly factor?: number;
}

/**
 * min(−(length − (max − buffer)) / buffer · factor, 0); beyond `max` it goes on falling.
 *
 * @throws UsageError for numbers that are none, or out of range
 */
export function overlongPenalty(
  length: number,
  { max = 16_384, buffer = 1024, factor = 1 }: OverlongOptions = {},
): number {
  if (!(length >= 0 && Number.isFinite(length))) refuse("overlongPenalty", `the length is ${length}`, "pass tokens");
  if (!(buffer > 0 && buffer <= max && Number.isFinite(max))) {
    refuse("overlongPenalty", `the buffer is ${buffer}, max ${max}`, "pass a buffer above 0 and at most max");
  }
  if (!(factor >= 0 && Number.isFinite(factor))) refuse("overlongPenalty", `factor is ${factor}`, "pass 0 or more");
  const over = length - (max - buffer);
  return over <= 0 ? 0 : (-over / buffer) * factor;
}

export interface CodevRewardOptions extends BenchSize, OverlongOptions {
  readonly seed: number;
  /** Tokens of the completion. Default: its length costs nothing. */
  readonly length?: number;
  /** Wall-clock limit of each comparison. Default 30 000: the code's. */
  readonly timeoutMs?: number;
}

export interface CodevReward {
  /** Accuracy and penalty together: what the policy is trained on, −1 to 1. */
  readonly reward: number;
  /** 1 where the design is equivalent to a golden one: what groups are filtered by. */
  readonly accuracy: 0 | 1;
  readonly penalty: number;
  /** Why the accuracy is 0; empty where it is 1. */
  readonly reason: string;
}

/**
 * The reward of a completion against all designs that would be right. Penalties apply to wrong answers, too.
 *
 * @param golden at least one, such as `verilogCircuit(source)`
 * @throws UsageError without a golden design, or for options out of range
 */
export function codevReward(
  text: string,
  golden: readonly { readonly circuit: Circuit; readonly ports: CircuitPorts }[],
  options: CodevRewardOptions,
): CodevReward {
  if (golden.length === 0) refuse("codevReward", "there is no golden design", "pass at least one");
  const penalty = options.length === undefined ? 0 : overlongPenalty(options.length, options);
  const found = bestOf(text, golden, options);
  return { reward: found.reward + penalty, accuracy: found.reward, penalty, reason: found.reason };
}

function bestOf(
  text: string,
  golden: readonly { readonly circuit: Circuit; readonly ports: CircuitPorts }[],
  options: CodevRewardOptions,
): Pick<Equivalence, "reward" | "reason"> {
  const source = formatGate(text);
  if (source === undefined) return { reward: 0, reason: "the format is wrong" };
  const read = candidateOf(source);
  if (typeof read === "string") return { reward: 0, reason: read };
  const results = golden.map(({ circuit, ports }) => {
    const { seed, outer, inner, timeoutMs } = options;
    const size = { ...(outer !== undefined && { outer }), ...(inner !== undefined && { inner }) };
    const limit = timeoutMs === undefined ? {} : { timeoutMs };
    return equivalence({ golden: circuit, candidate: read, ports, seed, ...size, ...limit });
  });
  return results.find(({ reward }) => reward === 1) ?? results[0] ?? { reward: 0, reason: "" };
}

/** What a model wrote, as a circuit, or why it is none. */
function candidateOf(source: string): Circuit | string {
  try {
    return verilogCircuit(source).circuit;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
