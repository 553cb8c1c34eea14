/** What readers of foreign dumps yield, one record at a time, so that files larger than memory can be read. */
import type { VerdictStatus } from "../../verify/verifier.ts";

/** Layouts that are recognised. */
export type ImportFormat =
  | "rlvr-run"
  | "rlvr-evaluation"
  | "trl-completions"
  | "trl-state"
  | "verl-dump"
  | "verl-log"
  | "prime-rl-traces"
  | "prime-rl-tokens"
  | "nemo-rl-data"
  | "lm-eval-samples"
  | "lm-eval-results"
  | "lighteval-details"
  | "lighteval-results"
  | "metrics-jsonl"
  | "tensorboard"
  | "wandb"
  | "trackio"
  | "trackio-parquet"
  | "memory";

/** Where a record came from. `line` counts from 1: lines of text, rows of a table, records of a binary log. */
export interface Place {
  readonly file: string;
  readonly line?: number;
}

/** Which list of problems a sample belongs to. */
export interface SetKey {
  /** Task, environment or folder, such as `"gsm8k"`, `"validation"`, `"train/effective"`. */
  readonly set: string;
  readonly step?: number;
  /** Where one dump holds several runs or dates. */
  readonly run?: string;
  /** Of sampling, where the dump says it. */
  readonly temperature?: number;
}

/** One completion with its score. */
export interface SampleRecord extends SetKey {
  readonly kind: "sample";
  /** Stable across runs: the dump's own id where it has one, else a hash of prompt and gold answer. */
  readonly problem: string;
  readonly level?: number;
  readonly prompt?: string;
  readonly answer?: string;
  readonly text: string;
  /** null: nothing was scored. */
  readonly score: number | null;
  /** Default: from the score. */
  readonly status?: VerdictStatus;
  /** Everything else the row held, under the peer's names. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly place: Place;
}

/** A problem whose samples were counted by the peer: how many, how many right. */
export interface CountsRecord extends SetKey {
  readonly kind: "counts";
  readonly problem: string;
  readonly level?: number;
  readonly prompt?: string;
  readonly answer?: string;
  readonly n: number;
  readonly correct: number;
  /** Of n, where the peer says so. */
  readonly unparsed?: number;
  /** Not among the n, where the peer says so. */
  readonly failed?: number;
  readonly texts: readonly string[];
  readonly fields: Readonly<Record<string, unknown>>;
  readonly place: Place;
}

/** Numbers logged at a step, by the peer's names. */
export interface MetricsRecord {
  readonly kind: "metrics";
  readonly format: ImportFormat;
  readonly run?: string;
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
  readonly place: Place;
}

/** A number that the peer states as a result of a whole set. */
export interface ResultRecord extends SetKey {
  readonly kind: "result";
  readonly format: ImportFormat;
  readonly metric: string;
  readonly value: number;
  /** The peer's own standard error. */
  readonly standardError?: number;
  readonly place: Place;
}

/** A sequence of tokens with numbers per token. */
export interface TokensRecord extends SetKey {
  readonly kind: "tokens";
  readonly problem?: string;
  /** Prompt and completion, without padding. */
  readonly ids: Int32Array; // [L]
  /** Tokens before the first that is trained on. */
  readonly promptLength: number;
  /** 1 where a token is trained on; about the token itself. */
  readonly mask: Float32Array; // [L]
  /** By the peer's names, about the token itself; NaN where the peer has none. */
  readonly columns: Readonly<Record<string, Float32Array>>; // [L]
  readonly reward?: number;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly place: Place;
}

export interface ConfigRecord {
  readonly kind: "config";
  readonly run?: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** A row that could not be read: which, which field, why. */
export interface BadRow extends Place {
  readonly kind: "bad row";
  readonly field?: string;
  readonly problem: string;
}

/** Something a person should know: a file cut off, values of a kind that is not read. */
export interface NoteRecord {
  readonly kind: "note";
  readonly text: string;
}

export type ImportRecord =
  | SampleRecord
  | CountsRecord
  | MetricsRecord
  | ResultRecord
  | TokensRecord
  | ConfigRecord
  | BadRow
  | NoteRecord;

/** What a reader may be told. */
export interface ReadOptions {
  /** Name of the field that holds the score, where the dump has several. */
  readonly score?: string;
  /** Scores from here up count as right. Default: only 1 does, and scores outside [0, 1] are refused. */
  readonly correctFrom?: number;
}
