/** Streams of distinct problems, and the rule that decides which split a problem is in. */
import { refuse } from "../refuse.ts";
import { type Rng, rng } from "../rng.ts";
import type { Problem, ProblemsOptions, Split } from "./task.ts";

/** Where a task's problems come from. */
export interface ProblemSource {
  readonly name: string;
  readonly levels: readonly number[];
  /** One problem of a level, drawn at random. */
  draw(level: number, random: Rng): Problem;
  /** Every problem of a level, each content once; `undefined` where there are too many to list. */
  list(level: number): Problem[] | undefined;
}

/** Share of contents that are held out. Our choice: enough for an evaluation at every level, few missed in training. */
const TEST_SHARE = 1 / 8;

/** Draws in a row that bring nothing new before a level counts as used up. */
const PATIENCE = 10_000;

/** The split of a content: a function of its name alone, so that no seed or level can move it. */
export function splitOf(id: string): Split {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  // FNV's low bits follow the last character: mix before comparing (the finaliser of MurmurHash3).
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32 < TEST_SHARE ? "test" : "train";
}

/** Problems `offset` to `offset + count` of the stream that (seed, split, level) names. */
export function drawProblems(source: ProblemSource, options: ProblemsOptions): Problem[] {
  const { split, count, seed, offset = 0 } = options;
  const level = checkLevel(source, options.level);
  checkSplit(source, split);
  for (const [name, value] of Object.entries({ count, offset })) {
    if (!Number.isSafeInteger(value) || value < 0) {
      refuse(`${source.name}.problems`, `${name} is ${value}`, "pass a whole number from 0");
    }
  }
  const stream = `${source.name}/${split}/${level}`;
  const listed = source.list(level)?.filter((problem) => splitOf(problem.id) === split);
  if (listed) {
    if (offset + count > listed.length) tooMany(source, options, listed.length);
    return rng({ seed, stream })
      .shuffle(listed)
      .slice(offset, offset + count);
  }
  const seen = new Set<string>();
  const found: Problem[] = [];
  for (let row = 0, idle = 0; seen.size < offset + count; row++, idle++) {
    if (idle > PATIENCE) tooMany(source, options, seen.size);
    const problem = source.draw(level, rng({ seed, stream, row }));
    if (splitOf(problem.id) !== split || seen.has(problem.id)) continue;
    idle = 0;
    seen.add(problem.id);
    if (seen.size > offset) found.push(problem);
  }
  return found;
}

/** How many problems a split holds at a level; `undefined` where the level cannot be listed. */
export function countProblems(source: ProblemSource, split: Split, level?: number): number | undefined {
  checkSplit(source, split);
  return source.list(checkLevel(source, level))?.filter((problem) => splitOf(problem.id) === split).length;
}

function checkLevel(source: ProblemSource, level = source.levels.at(-1)): number {
  if (level === undefined || !source.levels.includes(level)) {
    refuse(`${source.name}.problems`, `level is ${level}`, `pass one of ${source.levels.join(", ")}`);
  }
  return level;
}

function checkSplit(source: ProblemSource, split: Split): void {
  if (split !== "train" && split !== "test") {
    refuse(`${source.name}.problems`, `split is ${JSON.stringify(split)}`, 'pass "train" or "test"');
  }
}

function tooMany(source: ProblemSource, { split, count, offset = 0 }: ProblemsOptions, available: number): never {
  const asked = offset === 0 ? `count is ${count}` : `offset + count is ${offset + count}`;
  const where = `${source.name}.problems`;
  refuse(where, `${asked}, and the ${split} split of this level has ${available}`, "ask for fewer, or another level");
}
