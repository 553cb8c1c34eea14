/** Sequences with numbers per token, checked, and as rollouts that everything that works on completions takes. */
import { refuse } from "../../refuse.ts";
import { fromRows, type Row } from "../../rows.ts";
import type { Problem } from "../../tasks/task.ts";
import type { RewardedRollouts } from "../../train/recompute.ts";
import type { Verdict } from "../../verify/verifier.ts";
import { badField, contentId, type Fields, tokenIds } from "./fields.ts";
import type { Place, SetKey, TokensRecord } from "./record.ts";

interface TokensInput {
  readonly row: Fields;
  /** Field of the token ids. */
  readonly ids: string;
  readonly mask: ArrayLike<number>;
  readonly columns: Readonly<Record<string, ArrayLike<number>>>;
  /** Tokens before padding. Default: all. */
  readonly length?: number;
  readonly key: SetKey;
  readonly reward?: number;
  readonly fields: Fields;
  readonly place: Place;
}

/** Refuses columns of another length than the ids, and a sequence that trains on nothing or on its first token. */
export function tokensRecord({
  row,
  ids: field,
  mask,
  columns,
  length,
  key,
  reward,
  fields,
  place,
}: TokensInput): TokensRecord {
  const all = tokenIds(row, field);
  const kept = length ?? all.length;
  if (!(Number.isInteger(kept) && kept >= 0 && kept <= all.length)) {
    badField("input_lengths", `is ${kept} of ${all.length} tokens`);
  }
  for (const [name, values] of [["loss_mask", mask] as const, ...Object.entries(columns)]) {
    if (values.length !== all.length) badField(name, `has ${values.length} numbers for ${all.length} tokens`);
  }
  const trained = Float32Array.from({ length: kept }, (_, t) => (mask[t] === 1 ? 1 : 0));
  const promptLength = trained.indexOf(1);
  if (promptLength === 0) badField("loss_mask", "trains on the first token, which nothing stands before");
  const ids = all.slice(0, kept);
  return {
    kind: "tokens",
    ...key,
    problem: contentId(ids.subarray(0, promptLength < 0 ? kept : promptLength).join(" ")),
    ids,
    promptLength: promptLength < 0 ? kept : promptLength,
    mask: trained,
    columns: Object.fromEntries(
      Object.entries(columns).map(([name, values]) => [
        name,
        Float32Array.from({ length: kept }, (_, t) => values[t] ?? Number.NaN),
      ]),
    ),
    ...(reward === undefined ? {} : { reward }),
    fields,
    place,
  };
}

/** Peers' names of the log-probs under the distribution sampled from, and under the policy that was trained. */
const SAMPLING = ["inference_logprobs", "generation_logprobs", "sampleLogProbs"];
const POLICY = ["trainer_logprobs", "prev_logprobs", "logProbs"];
const NOT_NEEDED = new Set([...SAMPLING, ...POLICY, "position_ids"]);

/**
 * Sequences as rollouts with rewards: groups are sequences with one prompt; other columns (entropy, advantages, importance
 * ratios …) are in `columns` under the peer's names, [B, T], column t about token t + 1.
 *
 * @param padId of the policy's tokenizer
 * @throws UsageError when there is no sequence with a token that is trained on
 */
export function tokenRollouts(
  tokens: readonly TokensRecord[],
  { padId = 0 }: { readonly padId?: number } = {},
): RewardedRollouts {
  const usable = tokens.filter(({ promptLength, ids }) => promptLength < ids.length);
  const [first] = usable;
  if (first === undefined) return refuse("tokenRollouts", "no sequence has a token that is trained on", "pass others");
  const names = [...new Set(usable.map(({ problem }) => problem ?? ""))];
  const groups = new Map(names.map((id, group) => [id, group]));
  const problems: Problem[] = names.map((id) => ({ id, prompt: "", answer: "", level: 0, data: {} }));
  const rows = usable.map((record) => rowOf(record, groups.get(record.problem ?? "") ?? -1));
  const made = fromRows(rows, { problems, padId });
  const spread = (of: (record: TokensRecord) => Float32Array | undefined): Float32Array => {
    const out = new Float32Array(made.rows * (made.width - 1)).fill(Number.NaN);
    for (const [b, record] of usable.entries()) out.set(of(record)?.subarray(1) ?? [], b * (made.width - 1));
    return out;
  };
  const others = Object.keys(first.columns).filter((name) => !NOT_NEEDED.has(name));
  const columns = others.map((name) => [name, spread((record) => record.columns[name])] as const);
  const mask = spread((record) => record.mask).map((value) => (value === 1 ? 1 : 0));
  const step = Math.max(0, first.step ?? 0);
  return {
    rollouts: { ...made, mask, columns: Object.fromEntries(columns) },
    rewards: {
      values: Float32Array.from(usable, ({ reward }) => reward ?? Number.NaN),
      verdicts: usable.map(({ reward }) => verdict(reward)),
    },
    step,
    steps: step + 1,
  };
}

function rowOf({ ids, promptLength, columns }: TokensRecord, group: number): Row {
  const named = (names: readonly string[]): Float32Array => {
    const found = names.map((name) => columns[name]).find((values) => values !== undefined);
    return found?.slice(promptLength) ?? new Float32Array(ids.length - promptLength).fill(Number.NaN);
  };
  return {
    group,
    promptIds: ids.slice(0, promptLength),
    completionIds: ids.slice(promptLength),
    sampleLogProbs: named(SAMPLING),
    policyLogProbs: named(POLICY),
    completion: "",
    finish: "length",
    foreign: true,
  };
}

function verdict(reward: number | undefined): Verdict {
  const verifier = { name: "imported", version: "unknown" };
  if (reward === undefined) return { score: null, status: "failed", reason: "the dump has no reward", ms: 0, verifier };
  const status = reward === 1 ? "correct" : reward > 0 && reward < 1 ? "partial" : "wrong";
  return { score: reward, status, reason: "as imported", ms: 0, verifier };
}
