/** A policy at many tokens, in pieces that are kept: a probe that was cut off goes on. */
import { createHash } from "node:crypto";
import type { PartialResults } from "../../toolkit/partial-results.ts";
import type { Policy } from "../../toolkit/policy/policy.ts";
import { type Sequences, type TokenProbe, tokenProbe } from "../../toolkit/probe.ts";

/** Sequences of a piece. Our choice: few enough to lose little, many enough that compiling a shape does not matter. */
const pieceRows = 128;

/** Raised when a probe's numbers change for the same weights and tokens. */
const layout = 1;

export interface ProbeOptions {
  /** Whether the whole distribution at each token is wanted. */
  readonly vocabulary: boolean;
  readonly parts: PartialResults;
  readonly onPiece: () => void;
}

/** Number of pieces of {@link probeInPieces}. */
export function piecesOf({ rows }: Sequences): number {
  return Math.ceil(rows / pieceRows);
}

/** `tokenProbe` of all sequences. */
export async function probeInPieces(policy: Policy, sequences: Sequences, options: ProbeOptions): Promise<TokenProbe> {
  const fingerprint = await policy.fingerprint();
  const pieces: TokenProbe[] = [];
  for (let from = 0; from < sequences.rows; from += pieceRows) {
    const piece = slice(sequences, from, Math.min(from + pieceRows, sequences.rows));
    const key = { layout, fingerprint, vocabulary: options.vocabulary, content: contentOf(piece) };
    // Its key says what it is.
    const found = (await options.parts.find(key)) as TokenProbe | undefined;
    const probe = found ?? (await tokenProbe(policy, piece, { vocabulary: options.vocabulary }));
    if (found === undefined) await options.parts.keep(key, probe);
    pieces.push(moved(probe, from, sequences.width - 1));
    options.onPiece();
  }
  return joined(pieces);
}

function slice({ width, ids, mask, group }: Sequences, from: number, to: number): Sequences {
  return {
    rows: to - from,
    width,
    ids: ids.slice(from * width, to * width),
    mask: mask.slice(from * (width - 1), to * (width - 1)),
    ...(group && { group: group.slice(from, to) }),
  };
}

function contentOf({ width, ids, mask, group }: Sequences): string {
  const digest = createHash("sha256").update(String(width));
  for (const list of [ids, mask, group ?? new Int32Array()]) {
    digest.update(new Uint8Array(list.buffer, list.byteOffset, list.byteLength));
  }
  return digest.digest("hex");
}

/** Rows and cells as they are numbered in all sequences. */
function moved(probe: TokenProbe, from: number, columns: number): TokenProbe {
  return {
    ...probe,
    sequences: probe.sequences.map((row) => row + from),
    cells: probe.cells.map((cell) => cell + from * columns),
  };
}

function joined(pieces: readonly TokenProbe[]): TokenProbe {
  const ints = (of: (piece: TokenProbe) => Int32Array): Int32Array =>
    Int32Array.from(pieces.flatMap((p) => [...of(p)]));
  const floats = (of: (piece: TokenProbe) => Float32Array): Float32Array => {
    const out = new Float32Array(pieces.reduce((sum, piece) => sum + of(piece).length, 0));
    let at = 0;
    for (const piece of pieces) {
      out.set(of(piece), at);
      at += of(piece).length;
    }
    return out;
  };
  const none = new Float32Array();
  return {
    tokens: ints(({ tokens }) => tokens),
    positions: ints(({ positions }) => positions),
    sequences: ints(({ sequences }) => sequences),
    ...(pieces.every(({ problems }) => problems) && { problems: ints(({ problems }) => problems ?? new Int32Array()) }),
    cells: ints(({ cells }) => cells),
    classes: pieces.flatMap(({ classes }) => classes),
    logProbs: floats(({ logProbs }) => logProbs),
    entropies: floats(({ entropies }) => entropies),
    ...(pieces.every(({ rows }) => rows) && { rows: floats(({ rows }) => rows ?? none) }),
  };
}
