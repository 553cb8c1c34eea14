/**
 * Objective seam: the loss, a differentiable function of the policy's log-probs, written with TensorFlow.js operations.
 * It runs eagerly on any backend and is compiled together with the policy in training.
 *
 * A step's rows may come in several micro-batches. So that their number changes no result, a loss is a sum over rows or
 * tokens divided by the *step's* totals, which come with every micro-batch: the micro-batches' losses, gradients and
 * metrics then simply add up.
 */
import * as tf from "@tensorflow/tfjs";
import { countGroups } from "./groups.ts";
import { refuse } from "./refuse.ts";

/** A column of the method's own: a number for each token, row, or step, or one for each token and vocabulary entry. */
export type ColumnKind = "token" | "row" | "step" | "vocabulary";

/** What the trainer has to work out for an objective; it works out nothing else. */
export interface ObjectiveNeeds {
  /** Log-probs of the same tokens under the policy that the run started from. */
  readonly referenceLogProbs?: boolean;
  /** Entropy of the policy at each position: as a number, or as something the gradient flows through. */
  readonly entropy?: "value" | "gradient";
  /** The policy's logits at each position; the gradient flows through them. */
  readonly logits?: boolean;
  /** Logits of the policy that the run started from. */
  readonly referenceLogits?: boolean;
  /** The policy's last hidden states, normalised, which its logits are made of; the gradient flows through them. */
  readonly hidden?: boolean;
  /** Output of a value head on the policy's last hidden state; it is trained along. */
  readonly values?: boolean;
  /**
   * Columns by name, from the advantages, the rollouts, or the algorithm's statistics (in this order): [B, T] for each
   * token, [B] for each row, [] for the step, [B, T, V] for each token and vocabulary entry.
   */
  readonly columns?: Readonly<Record<string, ColumnKind>>;
  /**
   * "row": the method is defined for one advantage per completion, and one that varies over tokens is refused. "none": it
   * reads none, and methods that act through them alone are refused beside it.
   */
  readonly advantages?: "row" | "none";
  /**
   * Rows that must meet in one call: a group's, or all of an update. Default: none, rows may be split in any way.
   */
  readonly together?: "group" | "update";
}

const NEEDS: ReadonlySet<string> = new Set<keyof ObjectiveNeeds>([
  ...(["referenceLogProbs", "entropy", "logits", "referenceLogits", "hidden", "values"] as const),
  ...(["columns", "advantages", "together"] as const),
]);

/** Refuses needs that there are none of: a misspelt one would be left out without a word. @throws UsageError */
export function checkNeeds(where: string, needs: ObjectiveNeeds): void {
  const odd = Object.keys(needs ?? {}).find((name) => !NEEDS.has(name));
  if (odd !== undefined) refuse(where, `an objective cannot need "${odd}"`, `known: ${[...NEEDS].join(", ")}`);
}

/** The sums of an update (a step's rows, or a mini-batch's) that a micro-batch's share is taken of. */
export interface BatchTotals {
  /** Completions. */
  readonly rows: tf.Scalar;
  /** Tokens whose mask is 1. */
  readonly tokens: tf.Scalar;
  /** Longest completion the run allows, in tokens. */
  readonly maxTokens: tf.Scalar;
  /** Groups. */
  readonly groups: tf.Scalar;
}

/**
 * What an objective may read. B rows, T positions; log-probs and entropies in nats, at the temperature of sampling; padding
 * may hold anything.
 */
export interface PolicyBatch {
  /** Of the policy being trained: the gradient flows through these. */
  readonly logProbs: tf.Tensor2D; // [B, T]
  /** Of the policy as it was when it sampled the step's completions. */
  readonly oldLogProbs: tf.Tensor2D; // [B, T]
  /** Under the distribution sampled from (temperature, top-k ... applied). */
  readonly sampleLogProbs?: tf.Tensor2D; // [B, T]
  /** This and all that follows to `values`: there when the objective needs them. */
  readonly referenceLogProbs?: tf.Tensor2D; // [B, T]
  readonly entropies?: tf.Tensor2D; // [B, T]
  /** At the temperature of sampling. */
  readonly logits?: tf.Tensor3D; // [B, T, V]
  readonly referenceLogits?: tf.Tensor3D; // [B, T, V]
  readonly hidden?: tf.Tensor3D; // [B, T, d]
  readonly values?: tf.Tensor2D; // [B, T]
  readonly advantages: tf.Tensor2D; // [B, T]
  /** 1 where a token is trained on. */
  readonly mask: tf.Tensor2D; // [B, T]
  /** Reward of each row; 0 where it was not scored. */
  readonly rewards?: tf.Tensor1D; // [B]
  /** Index of each row's group, int32; -1 for a row that only fills the micro-batch up. */
  readonly group?: tf.Tensor1D; // [B]
  /** 1 for a row of the step, 0 for one that only fills the micro-batch up. Undefined: all are rows of the step. */
  readonly rowMask?: tf.Tensor1D; // [B]
  /** What the objective needs by name: [B, T], [B], [] or [B, T, V]. */
  readonly columns?: Readonly<Record<string, tf.Tensor>>;
  /** Of the whole update; where undefined the batch is the whole of it and T its longest completion. */
  readonly totals?: BatchTotals;
}

export interface ObjectiveResult {
  readonly loss: tf.Scalar;
  /** This micro-batch's share of the step's figures. */
  readonly metrics: Readonly<Record<string, tf.Scalar>>;
}

export interface Objective {
  readonly needs: ObjectiveNeeds;
  loss(batch: PolicyBatch): ObjectiveResult;
}

/** A batch whose shapes agree and whose totals are filled in. */
export type CheckedBatch<B extends PolicyBatch = PolicyBatch> = B & { readonly totals: BatchTotals };

/**
 * Checks that the columns agree in shape (broadcasting would hide a mistake) and fills in the totals.
 *
 * @param where the objective's name, for the message
 */
export function checkBatch<B extends PolicyBatch>(where: string, batch: B): CheckedBatch<B> {
  const shape = batch.logProbs.shape;
  if (shape.length !== 2) refuse(where, `logProbs has shape [${shape}]`, "pass [rows, tokens]");
  const columns = { ...batch } as const;
  for (const name of PER_TOKEN) {
    const column: tf.Tensor | undefined = columns[name];
    if (column === undefined || (column.shape[0] === shape[0] && column.shape[1] === shape[1])) continue;
    refuse(where, `${name} has shape [${column.shape}], logProbs [${shape}]`, "pass one number per token in both");
  }
  for (const name of PER_ROW) {
    const column: tf.Tensor1D | undefined = columns[name];
    if (column === undefined || (column.rank === 1 && column.shape[0] === shape[0])) continue;
    refuse(where, `${name} has shape [${column.shape}], logProbs [${shape}]`, "pass one number per row");
  }
  return { ...batch, totals: batch.totals ?? ownTotals(batch) };
}

const PER_TOKEN = [
  "oldLogProbs",
  "sampleLogProbs",
  "referenceLogProbs",
  "entropies",
  "logits",
  "referenceLogits",
  "hidden",
  "values",
  "advantages",
  "mask",
] as const;
const PER_ROW = ["rewards", "group", "rowMask"] as const;

function ownTotals({ mask, rowMask, group }: PolicyBatch): BatchTotals {
  const [rows, maxTokens] = mask.shape;
  return {
    rows: rowMask?.sum().asScalar() ?? tf.scalar(rows),
    tokens: mask.sum().asScalar(),
    maxTokens: tf.scalar(maxTokens),
    groups: group === undefined ? tf.scalar(rows) : countGroups(group),
  };
}

/** A part of the batch that may be absent. @throws UsageError naming it when it is */
export function required<K extends keyof PolicyBatch>(
  where: string,
  batch: PolicyBatch,
  name: K,
): NonNullable<PolicyBatch[K]> {
  return batch[name] ?? refuse(where, `the batch has no ${name}`, "pass them, and say so in the objective's needs");
}

/** A column of the method's own, of the rank that its kind has. @throws UsageError when it is not there */
export function column(where: string, batch: PolicyBatch, name: string): tf.Tensor {
  return batch.columns?.[name] ?? refuse(where, `the batch has no column "${name}"`, "pass it in columns");
}

/** What both need, for an objective that is made of another. @throws UsageError when they disagree on a column */
export function joinNeeds(a: ObjectiveNeeds, b: ObjectiveNeeds): ObjectiveNeeds {
  for (const [name, kind] of Object.entries(b.columns ?? {})) {
    const other = a.columns?.[name] ?? kind;
    if (other !== kind) refuse("objective", `column "${name}" is needed per ${other} and per ${kind}`, "rename one");
  }
  const entropy = [a.entropy, b.entropy].includes("gradient") ? "gradient" : (a.entropy ?? b.entropy);
  const advantages = a.advantages ?? b.advantages;
  const together = [a.together, b.together].includes("update") ? "update" : (a.together ?? b.together);
  return {
    referenceLogProbs: a.referenceLogProbs === true || b.referenceLogProbs === true,
    logits: a.logits === true || b.logits === true,
    referenceLogits: a.referenceLogits === true || b.referenceLogits === true,
    hidden: a.hidden === true || b.hidden === true,
    values: a.values === true || b.values === true,
    columns: { ...a.columns, ...b.columns },
    ...(entropy && { entropy }),
    ...(advantages && { advantages }),
    ...(together && { together }),
  };
}

/** Sets what is not trained on to 0, before any arithmetic: a mask multiplied in later would keep 0 x NaN. */
export function masked(values: tf.Tensor2D, mask: tf.Tensor2D): tf.Tensor2D {
  return tf.where(mask.greater(0), values, 0); // [B, T]
}

/** How tokens are averaged. */
export type Aggregation =
  /** Mean over a completion's tokens, then over completions: every completion weighs the same. */
  | "seq-mean-token-mean"
  /** Mean over all tokens of the step: every token weighs the same. */
  | "token-mean"
  /** Sum over a completion's tokens, then mean over completions. */
  | "seq-mean-token-sum"
  /** Sum over a completion's tokens divided by the longest length allowed, then mean over completions. */
  | "constant";

/** All of them, for checks of options. */
export const AGGREGATIONS: readonly Aggregation[] = [
  "seq-mean-token-mean",
  "token-mean",
  "seq-mean-token-sum",
  "constant",
];

/** The share of the step's mean that a micro-batch's tokens make. `values` is 0 wherever the mask is. */
export function aggregate(
  values: tf.Tensor2D,
  batch: Pick<PolicyBatch, "mask"> & { readonly totals: BatchTotals },
  how: Aggregation,
): tf.Scalar {
  const { rows, tokens, maxTokens } = batch.totals;
  switch (how) {
    case "seq-mean-token-mean": {
      const length = batch.mask.sum(1).maximum(1); // [B]
      return values.sum(1).div(length).sum().div(rows).asScalar();
    }
    case "token-mean":
      return values.sum().div(tokens.maximum(1)).asScalar();
    case "seq-mean-token-sum":
      return values.sum().div(rows).asScalar();
    case "constant":
      return values.sum().div(rows.mul(maxTokens)).asScalar();
    default:
      return how satisfies never;
  }
}
