/** A disk that is full, a file limit, a folder that cannot be written: a message, and nothing of the run is lost. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { grpo } from "../../../src/algorithms/grpo.ts";
import { Policy } from "../../../src/toolkit/policy/policy.ts";
import { charTokenizer } from "../../../src/toolkit/policy/tokenizer.ts";
import { train } from "../../../src/toolkit/train/train.ts";
import { runContent } from "../../support/run-content.ts";
import { tinyConfig } from "../../support/tiny-policy.ts";
import { echoTask } from "../../support/tiny-task.ts";

const root = mkdtempSync(join(tmpdir(), "full-disk-"));
const disk = join(root, "disk");
mkdirSync(disk);
const mount = (options: string): boolean =>
  spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", disk]).status === 0;
const canMount = process.platform === "linux" && mount("size=160k");

let policy: Policy;
const whole = join(root, "whole");
beforeAll(async () => {
  policy = await Policy.create({ config: tinyConfig, tokenizer: charTokenizer(echoTask.alphabet), seed: 1 });
  await run(whole);
});
afterAll(async () => {
  await policy.dispose();
  if (canMount) spawnSync("umount", [disk]);
  rmSync(root, { recursive: true, force: true });
});

/** Four steps; returns how the run was stopped. */
async function run(runFolder: string): Promise<string> {
  const sizes = { seed: 5, steps: 4, promptsPerStep: 4, samplesPerPrompt: 4, checkpointEvery: 1, learningRate: 1e-2 };
  const preflight = "off"; // an untrained policy is never right here
  const options = { policy, task: echoTask, algorithm: grpo(), ...sizes, runFolder, resume: true, preflight } as const;
  const { stopped, policy: trained } = await train(options).finished;
  await trained.dispose();
  return stopped;
}

test.runIf(canMount)(
  "train: a full disk stops the run with a message; with space it goes on, nothing lost",
  async () => {
    const folder = join(disk, "run");
    const message = /cannot write .*: the disk is full \(ENOSPC\); free some space or choose another folder/;
    await expect(run(folder)).rejects.toThrow(message);
    await expect(run(folder)).rejects.toThrow(message); // and again, as long as it is full
    expect(mount("remount,size=16m")).toBe(true);
    expect(await run(folder)).toBe("finished");
    expect(runContent(folder)).toEqual(runContent(whole));
  },
);

test.runIf(canMount)("train: a read-only disk is refused, with what to do", async () => {
  expect(mount("remount,ro")).toBe(true);
  const message = /cannot write .*: the file system is read-only \(EROFS\); choose a folder you may write to/;
  await expect(run(join(disk, "another", "run"))).rejects.toThrow(message);
  await expect(run(join(disk, "run"))).rejects.toThrow(message);
  expect(mount("remount,rw")).toBe(true);
});

test("train: a place under a file is refused, with what to do", async () => {
  const file = join(root, "file");
  writeFileSync(file, "");
  await expect(run(join(file, "run"))).rejects.toThrow(/cannot write .*: a part of the path is a file/);
});

const script = join(import.meta.dirname, "../../support/killed-run.mjs");

test.runIf(!canMount && process.platform !== "win32")(
  "train: a file that grows too large stops the run; it goes on after",
  () => {
    const folder = join(root, "limited");
    const limited = ["-c", 'ulimit -f 12; exec "$@"', "bash", process.execPath, script, folder, "5"];
    const ended = spawnSync("bash", limited, { encoding: "utf8" });
    expect(ended.status).toBe(1);
    expect(ended.stderr).toMatch(/: the largest file size allowed here is reached \(EFBIG\); raise the limit/);
    expect(spawnSync(process.execPath, [script, folder, "5"]).status).toBe(0);
  },
);

test("train: of two processes on one folder the second is refused, and the first goes on", async () => {
  const folder = join(root, "shared");
  const first = spawn(process.execPath, [script, folder, "20"]);
  const ended = new Promise<number | null>((resolve) => first.on("exit", resolve));
  await vi.waitFor(() => expect(existsSync(join(folder, "lock"))).toBe(true), { timeout: 50_000 });
  await expect(run(folder)).rejects.toThrow(`the run folder is in use: process ${first.pid} on `);
  expect(await ended).toBe(0);
});
