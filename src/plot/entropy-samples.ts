/** What stands behind a change of entropy: the completions whose tokens there moved most, coloured token by token. */
import type { EntropyChange, EntropyGroup, TokenSnapshot } from "../analysis/index.ts";
import { refuse } from "../toolkit/refuse.ts";
import { type FigureSamples, type Sample, type SampleBook, type SampleLimits, sampleBook } from "./samples.ts";

/** The sequences that were probed. */
export interface EntropySamples {
  /** The snapshot before, as it went into `entropyChange`; its `sequences` say which completion a token is of. */
  readonly snapshot: Pick<TokenSnapshot, "positions" | "classes" | "sequences" | "tokens">;
  /** One for each sequence, in the order of the rows that were probed. */
  readonly completions: readonly Omit<Sample, "tokens">[];
  /** Text of a token, to colour completions token by token: `(id) => tokenizer.decode([id])`. Default: plain text. */
  readonly decode?: (token: number) => string;
}

export interface EntropySampleOptions {
  /** The completions behind the points; a click shows them. Default: none. */
  readonly samples?: EntropySamples;
  /** How many of them go with the figure. */
  readonly limits?: SampleLimits;
}

/** Completions behind a point: those whose tokens there moved most. Our choice of how many. */
const behindPoint = 8;

interface EntropyPoints {
  readonly inBins: readonly (number | null)[];
  readonly inClasses: readonly (number | null)[];
  readonly samples: FigureSamples | undefined;
}

/** Points of each range of positions and of each class. */
export function entropyPoints(
  change: EntropyChange,
  classes: readonly EntropyGroup[],
  { samples, limits }: EntropySampleOptions,
): EntropyPoints {
  const bins = change.byPosition;
  if (samples === undefined) {
    return { inBins: bins.map(() => null), inClasses: classes.map(() => null), samples: undefined };
  }
  const owners = ownersOf(samples, change.tokens);
  const book = sampleBook({}, limits);
  const groups = sequenceGroups(book, samples, owners, change.perToken.change);
  const point = (name: string, holds: (token: number) => boolean): number | null =>
    book.point(name, mostMoved(owners, change.perToken.change, holds).map(groups));
  const { positions = [], classes: classOf = [] } = samples.snapshot;
  return {
    inBins: bins.map(({ name, from, to }) =>
      point(name, (i) => (positions[i] ?? Number.NaN) >= from && (positions[i] ?? Number.NaN) <= to),
    ),
    inClasses: classes.map(({ name }) => point(name, (i) => classOf[i] === name)),
    samples: book.finish(),
  };
}

/** Which completion each token is of. */
function ownersOf({ snapshot: { sequences }, completions }: EntropySamples, tokens: number): ArrayLike<number> {
  const where = "entropyFigure";
  if (sequences?.length !== tokens) {
    refuse(
      where,
      `the samples' snapshot has ${sequences?.length ?? "no"} sequences for ${tokens} tokens`,
      "pass the snapshot that went into entropyChange",
    );
  }
  for (let i = 0; i < tokens; i++) {
    if (completions[sequences[i] ?? -1] !== undefined) continue;
    refuse(
      where,
      `token ${i} is of sequence ${sequences[i]}, and there are ${completions.length} completions`,
      "pass one a sequence",
    );
  }
  return sequences;
}

/** Sequences by how much their tokens that `holds` is true of moved in all, most first. */
function mostMoved(
  owners: ArrayLike<number>,
  change: Float64Array,
  holds: (token: number) => boolean,
): readonly number[] {
  const moved = new Map<number, number>();
  for (const [i, value] of change.entries()) {
    if (holds(i)) moved.set(owners[i] ?? -1, (moved.get(owners[i] ?? -1) ?? 0) + Math.abs(value));
  }
  return [...moved]
    .sort(([, a], [, b]) => b - a)
    .slice(0, behindPoint)
    .map(([sequence]) => sequence);
}

/** Gives the group of a sequence: one completion with its tokens. */
function sequenceGroups(
  book: SampleBook,
  { completions, decode, snapshot: { tokens } }: EntropySamples,
  owners: ArrayLike<number>,
  change: Float64Array,
): (sequence: number) => number {
  const members = new Map<number, number[]>();
  for (let i = 0; i < change.length; i++) {
    const sequence = owners[i] ?? -1;
    const found = members.get(sequence) ?? [];
    found.push(i);
    members.set(sequence, found);
  }
  return (sequence) => {
    const here = members.get(sequence) ?? [];
    const sample = completions[sequence];
    if (sample === undefined) throw new Error(`internal: no completion ${sequence}`);
    const sum = here.reduce((all, i) => all + (change[i] ?? 0), 0);
    const pieces =
      decode === undefined || tokens === undefined
        ? {}
        : { tokens: here.map((i) => ({ text: decode(tokens[i] ?? 0), value: change[i] ?? 0 })) };
    const title = `${sample.problem}, completion ${sequence + 1}: ${sum.toFixed(2).replace("-", "−")} nats in ${here.length} tokens`;
    return book.group(String(sequence), title, [{ ...sample, ...pieces }]);
  };
}
