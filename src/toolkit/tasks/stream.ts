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
  /**
   * Every problem of a level, each content once; `"many"` where they are known to be more than SURVEYED, `"unknown"` where
   * only draws can tell.
   */
  list(level: number): readonly Problem[] | "many" | "unknown";
}

/** Share of contents that are held out. Our choice: enough for an evaluation at every level, few missed in training. */
const TEST_SHARE = 1 / 8;

/** Draws in a row that bring nothing new before a level counts as used up. */
const PATIENCE = 10_000;

/** A level that draws find no more problems of than this is listed, so that its end is known and the same for all seeds. */
const SURVEYED = 2 ** 14;

/** Problems of one stream at most, offset included: what fits in memory with room to spare. */
const LONGEST = 2 ** 22;

/** Streams of a source that are kept open, so that reading on at an offset does not start over. */
const KEPT = 4;

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
  checkCounts(source, { count, offset });
  const stream = `${source.name}/${split}/${level}`;
  const listed = listOf(source, level)?.filter((problem) => splitOf(problem.id) === split);
  if (listed) {
    if (offset + count > listed.length) tooMany(source, options, listed.length);
    return rng({ seed, stream })
      .shuffle(listed)
      .slice(offset, offset + count);
  }
  const opened = openStream(source, `${seed}/${stream}`);
  for (let idle = 0; opened.found.length < offset + count; idle++) {
    if (idle > PATIENCE) tooMany(source, options, opened.found.length);
    const problem = source.draw(level, rng({ seed, stream, row: opened.row++ }));
    if (splitOf(problem.id) !== split || opened.seen.has(problem.id)) continue;
    idle = 0;
    opened.seen.add(problem.id);
    opened.found.push(problem);
  }
  return opened.found.slice(offset, offset + count);
}

/** How far a stream has been read. */
interface OpenStream {
  /** Draws made. */
  row: number;
  readonly seen: Set<string>;
  readonly found: Problem[];
}

/** What is known of a source. Only a cache: no problem depends on what was asked before. */
interface Known {
  readonly streams: Map<string, OpenStream>;
  readonly lists: Map<number, readonly Problem[] | undefined>;
}

const known = new WeakMap<ProblemSource, Known>();

function knownOf(source: ProblemSource): Known {
  const found = known.get(source) ?? { streams: new Map(), lists: new Map() };
  known.set(source, found);
  return found;
}

function openStream(source: ProblemSource, key: string): OpenStream {
  const { streams } = knownOf(source);
  const opened = streams.get(key) ?? { row: 0, seen: new Set<string>(), found: [] };
  streams.delete(key); // and set again: the newest is last
  streams.set(key, opened);
  for (const oldest of streams.keys()) if (streams.size > KEPT) streams.delete(oldest);
  return opened;
}

/** Every problem of a level, or undefined where there are more than SURVEYED. */
function listOf(source: ProblemSource, level: number): readonly Problem[] | undefined {
  const { lists } = knownOf(source);
  if (!lists.has(level)) {
    const listed = source.list(level);
    lists.set(level, listed === "unknown" ? survey(source, level) : listed === "many" ? undefined : listed);
  }
  return lists.get(level);
}

/** Draws problems until nothing new comes up; undefined where they are more than SURVEYED. */
function survey(source: ProblemSource, level: number): readonly Problem[] | undefined {
  const found = new Map<string, Problem>();
  for (let row = 0, idle = 0; idle <= PATIENCE; row++, idle++) {
    const problem = source.draw(level, rng({ seed: 0, stream: `${source.name}/survey/${level}`, row }));
    if (found.has(problem.id)) continue;
    found.set(problem.id, problem);
    if (found.size > SURVEYED) return undefined;
    idle = 0;
  }
  return [...found.values()];
}

/** How many problems a split holds at a level; `undefined` where they are more than SURVEYED together. */
export function countProblems(source: ProblemSource, split: Split, level?: number): number | undefined {
  checkSplit(source, split);
  return listOf(source, checkLevel(source, level))?.filter((problem) => splitOf(problem.id) === split).length;
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

function checkCounts(source: ProblemSource, counts: { readonly count: number; readonly offset: number }): void {
  const where = `${source.name}.problems`;
  for (const [name, value] of Object.entries(counts)) {
    if (!Number.isSafeInteger(value) || value < 0) refuse(where, `${name} is ${value}`, "pass a whole number from 0");
  }
  const end = counts.offset + counts.count;
  if (end > LONGEST) refuse(where, `offset + count is ${end}, above ${LONGEST}`, "go on with another seed");
}

function tooMany(source: ProblemSource, { split, count, offset = 0 }: ProblemsOptions, available: number): never {
  const asked = offset === 0 ? `count is ${count}` : `offset + count is ${offset + count}`;
  const where = `${source.name}.problems`;
  refuse(where, `${asked}, and the ${split} split of this level has ${available}`, "ask for fewer, or another level");
}
