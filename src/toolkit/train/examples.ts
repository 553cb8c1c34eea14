/** Demonstrations as rows of token ids, and the order in which training passes over them. */
import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Tokenizer } from "../policy/tokenizer.ts";
import { refuse } from "../refuse.ts";
import { rng } from "../rng.ts";
import type { Problem, Task } from "../tasks/task.ts";

/** Demonstrations in columns: N rows, T positions. */
export interface Examples {
  readonly rows: number;
  /** T: the longest example, rounded up. */
  readonly tokens: number;
  readonly ids: Int32Array; // [N, T + 1]
  /** 1 on the tokens of the demonstration, its end included. */
  readonly mask: Float32Array; // [N, T]
  /** Of ids and mask, in hex. */
  readonly digest: string;
}

export interface ExamplesOptions {
  readonly task: Task;
  readonly tokenizer: Tokenizer;
  readonly seed: number;
  readonly levels: readonly number[];
  /** Distinct problems in all. */
  readonly problems: number;
  readonly flawedShare: number;
}

/** Widths are whole multiples of this. */
const WIDTH_STEP = 8;

/** Demonstrations made between two turns of the event loop. */
const EXAMPLES_A_TURN = 256;

/** Draws problems of the train split, a demonstration of each; (seed, row) alone decides which are flawed. */
export async function makeExamples(options: ExamplesOptions): Promise<Examples> {
  const { task, tokenizer, seed, flawedShare } = options;
  const prompts: number[][] = [];
  const answers: number[][] = [];
  for (const [row, problem] of drawProblems(options).entries()) {
    const random = rng({ seed, stream: "demonstrations", row });
    const flawed = random.uniform() < flawedShare;
    prompts.push(tokenizer.encodePrompt(problem.prompt));
    answers.push([...tokenizer.encode(task.demonstration(problem, random, { flawed })), tokenizer.eosId]);
    if (row % EXAMPLES_A_TURN === EXAMPLES_A_TURN - 1) await nextTurn();
  }
  return columnsOf(prompts, answers, tokenizer.padId);
}

function drawProblems({ task, seed, levels, problems }: ExamplesOptions): Problem[] {
  if (levels.length === 0) refuse("pretrain", "levels is empty", `pass some of ${task.levels.join(", ")}`);
  const share = Math.ceil(problems / levels.length);
  return levels.flatMap((level) => {
    const count = Math.min(share, task.available({ split: "train", level }) ?? share);
    return task.problems({ split: "train", count, seed, level });
  });
}

function columnsOf(prompts: readonly number[][], answers: readonly number[][], padId: number): Examples {
  const lengths = prompts.map((prompt, n) => prompt.length + (answers[n]?.length ?? 0));
  const tokens = Math.ceil((Math.max(...lengths) - 1) / WIDTH_STEP) * WIDTH_STEP;
  const rows = prompts.length;
  const ids = new Int32Array(rows * (tokens + 1)).fill(padId);
  const mask = new Float32Array(rows * tokens);
  for (const [n, prompt] of prompts.entries()) {
    ids.set(prompt, n * (tokens + 1));
    ids.set(answers[n] ?? [], n * (tokens + 1) + prompt.length);
    const start = n * tokens + prompt.length - 1; // column t is about token t + 1
    mask.fill(1, start, n * tokens + (lengths[n] ?? 0) - 1);
  }
  const digest = createHash("sha256").update(ids).update(mask).digest("hex").slice(0, 16);
  return { rows, tokens, ids, mask, digest };
}

/** The rows of a step: epoch after epoch, each in its own shuffled order, which (seed, epoch) alone decides. */
export function batchRows(rows: number, batch: number, { seed, step }: { seed: number; step: number }): number[] {
  const picked: number[] = [];
  const orders = new Map<number, number[]>();
  for (let i = step * batch; i < (step + 1) * batch; i++) {
    const epoch = Math.floor(i / rows);
    const order = orders.get(epoch) ?? shuffled(rows, seed, epoch);
    orders.set(epoch, order);
    picked.push(order[i % rows] ?? 0);
  }
  return picked;
}

function shuffled(rows: number, seed: number, epoch: number): number[] {
  return rng({ seed, stream: "batches", step: epoch }).shuffle(Array.from({ length: rows }, (_, n) => n));
}
