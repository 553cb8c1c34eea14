/** Per-token measurements of a policy, and the checks that two of them speak of the same contexts. */
import { refuse } from "../../toolkit/refuse.ts";

/** One policy on N tokens in their contexts; `tokenProbe` returns one. */
export interface TokenSnapshot {
  /** [N] entropy of the next-token distribution at each context, in nats. */
  readonly entropies: ArrayLike<number>;
  /** [N] log-prob of the token that stands there, in nats. */
  readonly logProbs?: ArrayLike<number>;
  /** [N, V] log-probs of the whole vocabulary. */
  readonly rows?: ArrayLike<number>;
  /** [N] token ids: compared between the two sides where both have them. */
  readonly tokens?: ArrayLike<number>;
  /** [N] position in the completion, from 0. */
  readonly positions?: ArrayLike<number>;
  /** [N] class of the token, such as "digit". */
  readonly classes?: readonly string[];
  /** [N] which sequence the token is of. */
  readonly sequences?: ArrayLike<number>;
  /** [N] which problem the token's sequence answers: completions of one problem are resampled together. */
  readonly problems?: ArrayLike<number>;
}

/** Refuses two snapshots that cannot be compared; returns the number of tokens. */
export function checkSnapshots(
  before: TokenSnapshot,
  after: TokenSnapshot,
  advantages: ArrayLike<number> | undefined,
): number {
  const where = "entropyChange";
  const n = before.entropies.length;
  if (n === 0) refuse(where, "there are no tokens", "pass at least one");
  checkLengths(n, { before, after, advantages });
  for (const [side, values] of [
    ["before", before.entropies],
    ["after", after.entropies],
  ] as const) {
    checkFinite(`an entropy ${side}`, values);
  }
  if (advantages !== undefined) {
    if (before.logProbs === undefined) refuse(where, "advantages came without log-probs", "pass before.logProbs too");
    checkFinite("an advantage", advantages);
    checkFinite("a log-prob", before.logProbs);
  }
  if ((before.rows === undefined) !== (after.rows === undefined)) {
    refuse(where, "rows are there on one side only", "pass full-vocabulary log-probs of both, or of neither");
  }
  const moved = before.tokens === undefined ? -1 : firstDifference(before.tokens, after.tokens ?? before.tokens);
  if (moved >= 0) {
    refuse(
      where,
      `token ${moved} is ${before.tokens?.[moved]} before and ${after.tokens?.[moved]} after`,
      "probe both policies on the same sequences",
    );
  }
  return n;
}

function checkLengths(
  n: number,
  sides: {
    readonly before: TokenSnapshot;
    readonly after: TokenSnapshot;
    readonly advantages: ArrayLike<number> | undefined;
  },
): void {
  const { before, after, advantages } = sides;
  const lists = {
    "after.entropies": after.entropies,
    "before.logProbs": before.logProbs,
    "before.tokens": before.tokens,
    "after.tokens": after.tokens,
    "before.positions": before.positions,
    "before.classes": before.classes,
    "before.sequences": before.sequences,
    "before.problems": before.problems,
    advantages,
  };
  for (const [name, list] of Object.entries(lists)) {
    if (list !== undefined && list.length !== n) {
      refuse("entropyChange", `${name} has ${list.length} entries for ${n} tokens`, "pass one entry a token");
    }
  }
}

function checkFinite(what: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      refuse("entropyChange", `${what} is ${values[i]} (token ${i})`, "leave tokens without a value out of all lists");
    }
  }
}

function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return i;
  return -1;
}
