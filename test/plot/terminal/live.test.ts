import { afterAll, beforeAll, expect, test } from "vitest";
import { grpo } from "../../../src/algorithms/grpo.ts";
import { liveTerminal } from "../../../src/plot/terminal/live.ts";
import type { TerminalStream } from "../../../src/plot/terminal/screen.ts";
import { Policy } from "../../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../../src/toolkit/policy/tokenizer.ts";
import { type TrainOptions, train } from "../../../src/toolkit/train/train.ts";
import { startsTask } from "../../support/planted-task.ts";
import { tinyConfig } from "../../support/tiny-policy.ts";

let policy: Policy;
beforeAll(async () => {
  policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(startsTask.alphabet), seed: 1 });
});
afterAll(() => policy.dispose());

const options = (more: Partial<TrainOptions> = {}): TrainOptions => ({
  ...{ policy, task: startsTask, algorithm: grpo(), steps: 4, seed: 5, promptsPerStep: 4, learningRate: 1e-3 },
  ...more,
});

interface Seen extends TerminalStream {
  readonly written: string[];
}

function terminal(isTTY: boolean): Seen {
  const written: string[] = [];
  return { isTTY, columns: 90, rows: 30, written, write: (text) => written.push(text) };
}

const ESCAPE = "\u001b";

/** What stands on the screen after all of it: lines, moves up by lines, and erasure to the end are all that is used. */
function screenOf(written: readonly string[]): string[] {
  const lines: string[] = [];
  for (const [i, part] of written.join("").split(ESCAPE).entries()) {
    const [, up, rest = ""] =
      i === 0 ? [] : (/^\[(\d+)A\r$/.exec(part) ?? /^\[()J([\s\S]*)$/.exec(part) ?? expect.fail(part));
    if (up) lines.length -= Number(up);
    lines.push(...(i === 0 ? part : rest).split("\n").slice(0, -1));
  }
  return lines;
}

test("liveTerminal: in a terminal a block is drawn in place; at the end its last state and one line stay", async () => {
  const seen = terminal(true);
  const run = train(options());
  await liveTerminal(run, { terminal: seen });
  await (await run.finished).policy.dispose();
  const moves = seen.written.filter((text) => text.startsWith(ESCAPE));
  expect(moves.length).toBeGreaterThan(3);
  const lines = screenOf(seen.written);
  expect(lines.filter((line) => line.startsWith("pre-flight of"))).toHaveLength(1);
  expect(lines).toContainEqual("  4 prompts x 8 completions = 32 completions a step");
  expect(lines).toContainEqual(
    expect.stringMatching(/^ {2}a step takes about .*rollout .*verify .*score .*train .*the run /),
  );
  const progress = lines.filter((line) => line.includes("step 4/4"));
  expect(progress).toEqual([`train echo, grpo, seed 5   step 4/4 ${"█".repeat(20)} done`]);
  const { reward = Number.NaN } = run.records.at(-1)?.metrics ?? {};
  expect(lines).toContainEqual(
    expect.stringMatching(new RegExp(`^reward +[\\d.]+ [▁-█]{4} ${Number(reward.toPrecision(3))}$`)),
  );
  expect(lines).toContainEqual(
    expect.stringMatching(/rollout [█░]+ \d+ % {2}verify [█░]+ \d+ % {2}score [█░]+ \d+ % {2}train [█░]+ \d+ %/),
  );
  const shown = lines.slice(lines.indexOf("completions of step 4, with their rewards") + 1);
  expect(run.samples).toHaveLength(4); // one of each problem
  for (const [i, { prompt, completion }] of run.samples.entries()) {
    expect(shown[i]).toContain(`${prompt} → ${completion}`);
  }
  expect(lines.at(-1)).toMatch(
    /^train echo, grpo, seed 5 finished 4 of 4 steps in .* s, reward [\d.]+ at first, [\d.]+ at last$/,
  );
  expect(Math.max(...lines.slice(lines.indexOf(progress[0] ?? "")).map(({ length }) => length))).toBeLessThan(120);
});

test("liveTerminal: elsewhere a line every few seconds, one for each event, nothing that moves", async () => {
  const seen = terminal(false);
  const watch = { rules: [({ step }: { step: number }) => (step === 2 ? { message: "two\nlines" } : undefined)] };
  const run = train(options({ preflight: "off", watch }));
  await liveTerminal(run, { terminal: seen, every: 3600 });
  await (await run.finished).policy.dispose();
  const lines = screenOf(seen.written);
  expect(seen.written.join("")).not.toContain(ESCAPE);
  expect(lines).toContainEqual("! step 3, rule: two⏎lines");
  const others = lines.filter((line) => !line.startsWith("! step "));
  expect(others).toHaveLength(2);
  expect(others[0]).toMatch(/^echo grpo: step 1\/4, reward [\d.]+, entropy [\d.]+, length [\d.]+, .* left$/);
  expect(others[0]).toMatch(/rollout \d+ %, verify \d+ %, score \d+ %, train \d+ %/);
  expect(others[1]).toMatch(/finished 4 of 4 steps/);
});

test("liveTerminal: a run that is refused or fails says so and is not thrown", async () => {
  const seen = terminal(false);
  const refused = train(options({ learningRate: () => 0 }));
  await liveTerminal(refused, { terminal: seen });
  const lines = screenOf(seen.written);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(
    /^train echo, grpo, seed 5 failed after 0 of 4 steps: train: the pre-flight refuses the run\.⏎ {2}learning-rate: /,
  );
  expect(await refused.preflight).toBeUndefined();
});
