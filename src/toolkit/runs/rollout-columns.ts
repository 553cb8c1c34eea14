/**
 * A step's completions as columns: every number of every token and row, to the bit. The texts lie beside them, as JSONL.
 *
 * Per token of a completion: id 4 bytes, log-prob 4, entropy 4, why it was trained on or not 1; 4 more where the advantage
 * is not one for the row, and 4 where the log-prob under the distribution sampled from is not the policy's own (a
 * temperature, a cut-off): 13 to 21 bytes, and 4 per token of a prompt.
 */
import type { Finish } from "../policy/generation.ts";
import { refuse } from "../refuse.ts";
import type { Rollouts } from "../rollout.ts";
import { packNumbers, unpackNumbers } from "../rollouts-json.ts";
import type { Json } from "../seam.ts";
import type { VerdictStatus } from "../verify/verifier.ts";
import { type Column, type Columns, encodeColumns, readColumns } from "./column-file.ts";
import type { StepColumns } from "./run-folder.ts";

/** Written into each file; a number behind the slash tells old files from new ones. */
const FORMAT = "rlvr-rollouts/1";

/** Why a token of a completion was trained on, or not. The first two are in the loss. */
export const MASK_REASONS = [
  "trained",
  "advantage 0",
  "left out by the method",
  "left out by the rollout",
  "step skipped",
] as const;
export type MaskReason = (typeof MASK_REASONS)[number];

export const STATUSES: readonly VerdictStatus[] = ["correct", "wrong", "partial", "unparsed", "failed", "timeout"];
export const FINISHES: readonly Finish[] = ["eos", "stop", "length"];

/** Columns of a step, without padding: per row [B], and per token [N], the rows' tokens one after the other. */
export interface StoredColumns {
  /** Problem's id of each group. */
  readonly problems: readonly string[];
  readonly group: Int32Array; // [B]
  readonly level: Float32Array; // [B]
  readonly reward: Float32Array; // [B], NaN: not scored
  readonly status: Uint8Array; // [B], index into STATUSES
  readonly finish: Uint8Array; // [B], index into FINISHES
  readonly foreign: Uint8Array | undefined; // [B]
  readonly promptLengths: Int32Array; // [B]
  readonly completionLengths: Int32Array; // [B]
  /** Prompts and completions. */
  readonly ids: Int32Array; // [N + P]
  readonly logProbs: Float32Array; // [N]
  readonly sampleLogProbs: Float32Array; // [N]
  readonly advantages: Float32Array; // [N]
  /** Under the policy as the learner first saw the token, nats; undefined where nothing was learned. */
  readonly entropies: Float32Array | undefined; // [N]
  /** Index into MASK_REASONS. */
  readonly masks: Uint8Array; // [N]
  /** The method's own columns. */
  readonly own: {
    readonly row: Readonly<Record<string, Float32Array>>; // [B]
    readonly token: Readonly<Record<string, Float32Array>>; // [N]
    readonly step: Readonly<Record<string, number>>;
  };
  /** Rewards that the row's is made of, where there are several. */
  readonly components: Readonly<Record<string, Float32Array>>; // [B]
}

/** The bytes of a step's file. */
export function encodeRollouts(columns: StepColumns): Uint8Array {
  const { rollouts, rewards, advantages, entropies } = columns;
  const { rows, width, promptLengths, completionLengths } = rollouts;
  const cut = completionsOf(rollouts);
  const perToken = cut(advantages.perToken);
  const perRow = rowNumbers(perToken, completionLengths);
  const logProbs = cut(rollouts.policyLogProbs);
  const sampled = cut(rollouts.sampleLogProbs);
  const perRowNumbers = (of: (b: number) => number): Float32Array =>
    Float32Array.from({ length: rows }, (_, b) => of(b));
  const problemOf = (b: number) => rollouts.problems[rollouts.group[b] ?? -1];
  return encodeColumns({
    about: {
      format: FORMAT,
      problems: JSON.stringify(rollouts.problems.map(({ id }) => id)),
      numbers: JSON.stringify(packNumbers(stepNumbers(rollouts))),
      ...{ statuses: STATUSES.join(), finishes: FINISHES.join(), masks: MASK_REASONS.join() },
    },
    columns: {
      ...{ group: rollouts.group, promptLengths, completionLengths },
      level: perRowNumbers((b) => problemOf(b)?.level ?? Number.NaN),
      reward: rewards.values,
      status: Uint8Array.from(rewards.verdicts, ({ status }) => STATUSES.indexOf(status)),
      finish: Uint8Array.from(rollouts.finish, (finish) => FINISHES.indexOf(finish)),
      ...(rollouts.foreign?.includes(1) && { foreign: rollouts.foreign }),
      ids: idsOf(rollouts),
      logProbs,
      ...(!sameBits(logProbs, sampled) && { sampleLogProbs: sampled }),
      ...(perRow ? { rowAdvantages: perRow } : { advantages: perToken }),
      ...(entropies && { entropies: cut(entropies) }),
      masks: masksOf(columns, cut),
      ...ownColumns(rollouts, width - 1, cut),
      ...prefixed("reward.", rewards.components ?? {}),
    },
  });
}

/** Reads a step's file. @throws UsageError naming it where it is missing, or its columns do not fit together */
export async function readRolloutColumns(path: string): Promise<StoredColumns> {
  return storedColumns(path, await readColumns(path));
}

/** The columns of a step's file, checked against each other. */
export function storedColumns(where: string, { columns, about }: Columns): StoredColumns {
  const broken = (what: string): never => refuse(where, what, "restore the file from a copy, or remove the step");
  if (about.format !== FORMAT) {
    refuse(where, `its format is ${JSON.stringify(about.format) ?? "missing"}`, `this version reads ${FORMAT}`);
  }
  const integers = (name: string): Int32Array => {
    const found = columns[name];
    return found instanceof Int32Array ? found : broken(`there is no column ${name} of whole numbers`);
  };
  const rows = integers("group").length;
  const known = (name: string, found: Column | undefined, length: number): Float32Array => {
    if (!(found instanceof Float32Array)) return broken(`there is no column ${name} of float32`);
    return found.length === length ? found : broken(`column ${name} has ${found.length} numbers, not ${length}`);
  };
  const floats = (name: string, length: number): Float32Array => known(name, columns[name], length);
  const codes = (name: string, length: number, kinds: number): Uint8Array => {
    const found = columns[name];
    if (!(found instanceof Uint8Array) || found.length !== length)
      return broken(`column ${name} is not ${length} bytes`);
    return found.every((code) => code < kinds) ? found : broken(`column ${name} has a code above ${kinds - 1}`);
  };
  const lengths = (name: string): Int32Array => {
    const found = integers(name);
    const good = found.length === rows && found.every((length) => length >= 0);
    return good ? found : broken(`column ${name} is not ${rows} lengths`);
  };
  const [promptLengths, completionLengths] = [lengths("promptLengths"), lengths("completionLengths")];
  const tokens = sum(completionLengths);
  const ids = integers("ids");
  if (ids.length !== tokens + sum(promptLengths))
    broken(`column ids has ${ids.length} numbers, its rows are of other lengths`);
  const logProbs = floats("logProbs", tokens);
  const named = (prefix: string, length: number): Record<string, Float32Array> =>
    Object.fromEntries(
      Object.entries(columns).flatMap(([name, found]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), known(name, found, length)]] : [],
      ),
    );
  return {
    problems: parsed(about.problems, problemIds) ?? broken("its problems are not a list of names"),
    group: integers("group"),
    level: floats("level", rows),
    reward: floats("reward", rows),
    status: codes("status", rows, STATUSES.length),
    finish: codes("finish", rows, FINISHES.length),
    foreign: columns.foreign && codes("foreign", rows, 2),
    ...{ promptLengths, completionLengths, ids, logProbs },
    sampleLogProbs: columns.sampleLogProbs === undefined ? logProbs : floats("sampleLogProbs", tokens),
    advantages:
      columns.advantages === undefined
        ? spread(floats("rowAdvantages", rows), completionLengths, tokens)
        : floats("advantages", tokens),
    entropies: columns.entropies && floats("entropies", tokens),
    masks: codes("masks", tokens, MASK_REASONS.length),
    own: {
      row: named("row.", rows),
      token: named("token.", tokens),
      step: parsed(about.numbers, unpackNumbers) ?? broken("its numbers of the step cannot be read"),
    },
    components: named("reward.", rows),
  };
}

/** Cuts a column [B, T] down to the tokens of completions, [N]. */
function completionsOf({
  rows,
  width,
  promptLengths,
  completionLengths,
}: Rollouts): (of: Float32Array) => Float32Array {
  const total = sum(completionLengths);
  return (column) => {
    const out = new Float32Array(total);
    let at = 0;
    for (let b = 0; b < rows; b++) {
      const start = b * (width - 1) + (promptLengths[b] ?? 0) - 1; // column t is about token t + 1
      const length = completionLengths[b] ?? 0;
      out.set(column.subarray(start, start + length), at);
      at += length;
    }
    return out;
  };
}

function idsOf({ rows, width, ids, promptLengths, completionLengths }: Rollouts): Int32Array {
  const out = new Int32Array(sum(promptLengths) + sum(completionLengths));
  let at = 0;
  for (let b = 0; b < rows; b++) {
    const length = (promptLengths[b] ?? 0) + (completionLengths[b] ?? 0);
    out.set(ids.subarray(b * width, b * width + length), at);
    at += length;
  }
  return out;
}

function masksOf({ rollouts, advantages }: StepColumns, cut: (of: Float32Array) => Float32Array): Uint8Array {
  const [sampled, mask] = [cut(rollouts.mask), advantages.mask && cut(advantages.mask)];
  const skipped = advantages.skip !== undefined;
  const perToken = cut(advantages.perToken);
  return Uint8Array.from(perToken, (advantage, i) => {
    const reason =
      sampled[i] === 0 ? "left out by the rollout" : mask?.[i] === 0 ? "left out by the method" : undefined;
    return MASK_REASONS.indexOf(reason ?? (skipped ? "step skipped" : advantage === 0 ? "advantage 0" : "trained"));
  });
}

/** The one number of each row; undefined where a row has several. */
function rowNumbers(perToken: Float32Array, lengths: Int32Array): Float32Array | undefined {
  const out = new Float32Array(lengths.length);
  let at = 0;
  for (const [b, length] of lengths.entries()) {
    const first = length === 0 ? 0 : (perToken[at] ?? 0);
    for (let i = at; i < at + length; i++) if (!Object.is(perToken[i], first)) return undefined;
    out[b] = first;
    at += length;
  }
  return out;
}

function spread(perRow: Float32Array, lengths: Int32Array, tokens: number): Float32Array {
  const out = new Float32Array(tokens);
  let at = 0;
  for (const [b, length] of lengths.entries()) {
    out.fill(perRow[b] ?? Number.NaN, at, at + length);
    at += length;
  }
  return out;
}

/** The method's own columns; those of the vocabulary are too wide to keep. */
function ownColumns(
  { columns = {}, rows }: Rollouts,
  tokens: number,
  cut: (of: Float32Array) => Float32Array,
): Record<string, Float32Array> {
  const kept = Object.entries(columns).flatMap(([name, column]): [string, Float32Array][] => {
    if (typeof column === "number") return [];
    if (column.length === rows) return [[`row.${name}`, column]];
    return column.length === rows * tokens ? [[`token.${name}`, cut(column)]] : [];
  });
  return Object.fromEntries(kept);
}

/** The method's own numbers of the step. */
function stepNumbers({ columns = {} }: Rollouts): Record<string, number> {
  const numbers = Object.entries(columns).flatMap(([name, of]) =>
    typeof of === "number" ? [[name, of] as const] : [],
  );
  return Object.fromEntries(numbers);
}

function prefixed(prefix: string, columns: Readonly<Record<string, Float32Array>>): Record<string, Float32Array> {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [prefix + name, column]));
}

/** What `read` makes of JSON; undefined where it is none, or `read` refuses it. */
function parsed<T>(text: string | undefined, read: (value: Json) => T | undefined): T | undefined {
  try {
    return read(JSON.parse(text ?? ""));
  } catch {
    return undefined;
  }
}

function problemIds(found: Json): string[] | undefined {
  return Array.isArray(found) && found.every((id) => typeof id === "string") ? found : undefined;
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
}

function sum(lengths: Int32Array): number {
  let total = 0;
  for (const length of lengths) total += length;
  return total;
}
