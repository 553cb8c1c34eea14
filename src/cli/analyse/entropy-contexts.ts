/** The completions at whose tokens two policies are compared: of a run of this project, or of a peer's dump. */
import type { Tokenizer } from "../../toolkit/policy/tokenizer.ts";
import { encodeSequences, type Sequences } from "../../toolkit/probe.ts";
import { refuse } from "../../toolkit/refuse.ts";
import { type ImportedRun, type ImportedSet, type TokensRecord, tokenRollouts } from "../../toolkit/runs/import.ts";

/** A completion as the samples behind the figure show it. */
interface ContextCompletion {
  readonly problem: string;
  readonly prompt: string;
  readonly completion: string;
  readonly score: number | null;
  readonly run: string;
  readonly step?: number;
}

export interface EntropyContexts {
  readonly sequences: Sequences;
  /** One for each row of the sequences. */
  readonly completions: readonly ContextCompletion[];
  /** [B, T] advantages, where the dump has them. */
  readonly advantages?: Float32Array;
  readonly step: number | undefined;
  /** Completions of the step, before the limit. */
  readonly found: number;
}

const WHERE = "rlvr analyse entropy";

export interface ContextOptions {
  /** Default: the first step that has completions. */
  readonly step?: number;
  /** At most so many completions, the first ones. */
  readonly samples: number;
}

/**
 * Token ids where the dump has them, else its texts, encoded.
 *
 * @throws UsageError when the run has no completions at that step
 */
export function entropyContexts(run: ImportedRun, tokenizer: Tokenizer, options: ContextOptions): EntropyContexts {
  const at = <T extends { readonly step?: number }>(all: readonly T[]): readonly T[] => {
    const steps = all.map(({ step }) => step ?? 0);
    const wanted = options.step ?? steps.reduce((least, step) => Math.min(least, step), Number.POSITIVE_INFINITY);
    return all.filter(({ step = 0 }) => step === wanted);
  };
  const tokens = at(run.tokens.filter(({ ids, promptLength }) => promptLength < ids.length));
  if (tokens.length > 0) return ofTokens(run.path, tokens, tokenizer, options.samples);
  const sets = at(run.sets.filter(({ problems }) => problems.some(({ completions = [] }) => completions.length > 0)));
  if (sets.length > 0) return ofTexts(run.path, sets, tokenizer, options.samples);
  const which = options.step === undefined ? "" : ` at step ${options.step}`;
  return refuse(WHERE, `${run.path} has no completions${which}`, "name a run or a dump that holds some");
}

function ofTokens(
  path: string,
  tokens: readonly TokensRecord[],
  tokenizer: Tokenizer,
  samples: number,
): EntropyContexts {
  const some = tokens.slice(0, samples);
  checkIds(path, some, tokenizer);
  const { rollouts } = tokenRollouts(some, { padId: tokenizer.padId });
  const { advantages } = rollouts.columns ?? {};
  return {
    sequences: rollouts,
    completions: some.map(({ problem = "", ids, promptLength, reward, step }) => ({
      problem,
      prompt: tokenizer.decode([...ids.subarray(0, promptLength)]),
      completion: tokenizer.decode([...ids.subarray(promptLength)]),
      score: reward ?? null,
      run: path,
      ...(step === undefined ? {} : { step }),
    })),
    ...(advantages instanceof Float32Array && { advantages }),
    step: some[0]?.step,
    found: tokens.length,
  };
}

function checkIds(path: string, tokens: readonly TokensRecord[], { vocabSize }: Tokenizer): void {
  for (const { ids, place } of tokens) {
    const beyond = ids.find((id) => id < 0 || id >= vocabSize);
    if (beyond === undefined) continue;
    const where = `${place.file}${place.line === undefined ? "" : `, line ${place.line}`}`;
    refuse(
      WHERE,
      `${where} has token ${beyond}, the policy's vocabulary ${vocabSize}`,
      `name the policies that ${path} is of`,
    );
  }
}

function ofTexts(path: string, sets: readonly ImportedSet[], tokenizer: Tokenizer, samples: number): EntropyContexts {
  const all = sets.flatMap(({ problems, step }) =>
    problems.flatMap(({ id, prompt, completions = [] }) => completions.map((one) => ({ id, prompt, step, ...one }))),
  );
  const some = all.slice(0, samples);
  const names = [...new Set(some.map(({ id }) => id))];
  const completions = some.map(({ id, prompt, text, score, step }) => {
    if (prompt === undefined) refuse(WHERE, `${path} has no prompt of "${id}"`, "name a dump that holds the prompts");
    const stepOf = step === undefined ? {} : { step };
    return { problem: id, prompt, completion: text, score, run: path, ...stepOf };
  });
  const group = Int32Array.from(some, ({ id }) => names.indexOf(id));
  return {
    sequences: { ...encodeSequences(tokenizer, completions), group },
    completions,
    step: some[0]?.step,
    found: all.length,
  };
}
