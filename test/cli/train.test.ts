/** `rlvr train` on scripts that train a tiny policy. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { cliFolder } from "./support.ts";

const { folder, rlvr } = cliFolder();
const cli = fileURLToPath(new URL("../../dist/src/cli/rlvr.js", import.meta.url));

/** Chain addition with a policy too small to be right: the pre-flight would refuse it. */
const script = (more: string): string => `
import { chainAddition, charTokenizer, Policy, train } from "rlvr-lab";
import { grpo } from "rlvr-lab/algorithms";
const task = chainAddition({ digits: 1 });
const tokenizer = charTokenizer(task.alphabet);
const config = {
  architectures: ["LlamaForCausalLM"], model_type: "llama" as const, vocab_size: tokenizer.vocabSize, hidden_size: 16,
  intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2, num_key_value_heads: 2, head_dim: 8,
  max_position_embeddings: 64, rms_norm_eps: 1e-5, rope_theta: 10000, tie_word_embeddings: true,
  bos_token_id: tokenizer.bosId, eos_token_id: tokenizer.eosId, pad_token_id: tokenizer.padId,
};
const policy = await Policy.create({ config, tokenizer, seed: 1 });
const of = { policy, task, algorithm: grpo(), steps: 3, seed: 1, promptsPerStep: 2, samplesPerPrompt: 4, maxTokens: 8, preflight: "off" as const };
${more}
`;

test("rlvr train: runs a script outside of any package, shows its run in a log, keeps it, and not over another", () => {
  const path = join(mkdtempSync(join(tmpdir(), "rlvr-outside-")), "short.ts");
  writeFileSync(path, script("console.log(process.argv.slice(2).join('+'));\nawait train(of).finished;"));
  const { code, out, err } = rlvr("train", path, "--steps", "9");
  expect([err, code]).toEqual(["", 0]);
  const lines = out.trimEnd().split("\n");
  expect(lines[0]).toBe("--steps+9");
  expect(lines.some((line) => /^chain-addition grpo: step 1\/3, reward [\d.]+/.test(line))).toBe(true);
  expect(lines.at(-1)).toMatch(/finished 3 of 3 steps in .*; kept in runs.short$/);
  expect(readFileSync(join(folder, "runs/short/metrics.jsonl"), "utf8").trimEnd().split("\n")).toHaveLength(3);
  const again = rlvr("train", path);
  const remedy = "pass --resume to go on with it, -o for another folder, or remove it";
  expect(again.err).toBe(`rlvr train: ${join("runs", "short")} holds something already; ${remedy}.\n`);
  expect(again.code).toBe(2);
});

test("rlvr train --json: an object a line, also for what the script prints; of two runs the second fails", () => {
  const failing = "{ ...of.algorithm, reward: () => { throw new Error('no reward'); } }";
  const body = `console.log('hello');\nawait train(of).finished;\ntrain({ ...of, seed: 2, algorithm: ${failing} });`;
  writeFileSync(join(folder, "two.ts"), script(body));
  const { code, out } = rlvr("train", "--json", "-o", "kept", "two.ts");
  expect(code).toBe(1);
  const events = objects(out);
  expect(events.map(({ event }) => event).join()).toBe("stream,run,step,step,step,end,run,end");
  expect(events[0]).toEqual({ event: "stream", name: "stdout", text: "hello" });
  const samples = [{ row: 0 }, { row: 4 }]; // one of each problem
  expect(events[2]).toMatchObject({ step: 0, folder: "kept", timing: { train: expect.any(Number) }, samples });
  expect(events[5]).toMatchObject({ stopped: "finished", steps: 3 });
  expect(events[7]).toMatchObject({ stopped: "failed", seed: 2, folder: "kept-2", error: "no reward" });
});

test("rlvr train: an interrupt leaves a run that --resume goes on with", async () => {
  const body = "await train({ ...of, steps: 20 }).finished;\nconsole.log('not reached where it was stopped');";
  writeFileSync(join(folder, "long.ts"), script(body));
  const child = spawn(process.execPath, [cli, "train", "--json", "-o", "own/run", "long.ts"], { cwd: folder });
  let out = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
    if (out.includes('"event":"step"') && !child.killed) child.kill("SIGINT");
  });
  const [code] = await once(child, "close");
  expect(code).toBe(130);
  const events = objects(out);
  const taken = events.filter(({ event }) => event === "step").length;
  expect(taken).toBeLessThan(20);
  expect(events.find(({ event }) => event === "end")).toMatchObject({ stopped: "aborted", steps: taken });
  expect(events.at(-1)).toEqual({ event: "message", text: "to go on: rlvr train --resume --json -o own/run long.ts" });
  const resumed = rlvr("train", "--resume", "-o", "own/run", "long.ts");
  expect(resumed.code).toBe(0);
  expect(resumed.out).toContain("finished 20 of 20 steps");
  const starts = objects(readFileSync(join(folder, "own/run/history.jsonl"), "utf8")).filter(
    ({ kind }) => kind === "start",
  );
  expect(starts.map(({ fromStep }) => fromStep)).toEqual([0, taken]);
});

test("rlvr train: a run that the pre-flight refuses ends with 2 and leaves nothing", () => {
  writeFileSync(join(folder, "refused.ts"), script("await train({ ...of, preflight: 'refuse' }).finished;"));
  const refused = rlvr("train", "-o", "refused", "refused.ts");
  expect(refused.code).toBe(2);
  expect(refused.err).toContain("train: the pre-flight refuses the run.");
  expect(existsSync(join(folder, "refused"))).toBe(false);
});

/** Lines of JSON. */
function objects(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test.each([
  [["train"], "no script is named"],
  [["train", "x.ipynb"], "x.ipynb is a notebook"],
  [["train", "missing.ts"], "there is no file missing.ts"],
  [["train", "--no-keep", "--resume", "two.ts"], "--no-keep with --resume or -o"],
])("rlvr %j exits 2", (args, message) => {
  const { code, err } = rlvr(...args);
  expect(err).toContain(message);
  expect(code).toBe(2);
});
