/** A run that is killed again and again ends as one that was never stopped. `RLVR_FUZZ=full` kills 50 times. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rng } from "../../../src/toolkit/rng.ts";
import { runContent } from "../../support/run-content.ts";

const full = process.env.RLVR_FUZZ === "full";
const kills = full ? 50 : 5;
const steps = full ? 60 : 12;
/** A step with its checkpoint is about 90 operations on files. */
const operations = 140;

const script = join(import.meta.dirname, "../../support/killed-run.mjs");

interface Ended {
  readonly killed: boolean;
  /** Where, in the words of the killed process. */
  readonly where: string;
  readonly output: string;
}

/** @param kill after so many operations on files, or so many milliseconds after the beginning */
function start(folder: string, kill: { readonly operation?: number; readonly ms?: number } = {}): Promise<Ended> {
  const child = spawn(process.execPath, [script, folder, `${steps}`, ...(kill.operation ? [`${kill.operation}`] : [])]);
  const [out, errors]: [string[], string[]] = [[], []];
  child.stderr.on("data", (part) => errors.push(String(part)));
  child.stdout.on("data", (part) => {
    if (out.push(String(part)) === 1 && kill.ms !== undefined) setTimeout(() => child.kill("SIGKILL"), kill.ms);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (signal === null && code !== 0) return reject(new Error(errors.join("")));
      const said = errors.join("").trim().split("\n").at(-1) ?? "";
      resolve({
        killed: signal === "SIGKILL",
        where: kill.ms === undefined ? said : "at a time",
        output: out.join(""),
      });
    });
  });
}

/** A path without what differs from kill to kill. */
function placeOf(where: string): string {
  return where
    .replace(/\.[0-9a-f-]{36}(\.tmp)?/g, "")
    .replace(/step-\d+/g, "step-n")
    .replace(/(^| |\/)\.(?=\w)/g, "$1");
}

test(`train: killed ${kills} times at random points, it ends as if it had never been stopped`, {
  timeout: full ? 1_800_000 : 120_000,
}, async () => {
  const root = mkdtempSync(join(tmpdir(), "killed-"));
  const [whole, killed] = [join(root, "whole"), join(root, "killed")];
  const expected = await start(whole);
  const random = rng({ seed: 11, stream: "kills" });
  const places = new Map<string, number>();
  for (let done = 0; done < kills; ) {
    const byTime = random.uniform() < 0.3;
    const kill = byTime ? { ms: random.integer(full ? 1200 : 600) } : { operation: 1 + random.integer(operations) };
    const end = await start(killed, kill);
    if (!end.killed) break; // it got to its end
    const place = placeOf(end.where);
    places.set(place, (places.get(place) ?? 0) + 1);
    done++;
  }
  const last = await start(killed);
  console.table([...places].sort().map(([place, times]) => ({ place, times })));
  expect([...places.values()].reduce((sum, times) => sum + times, 0)).toBe(kills);
  expect(last.output).toBe(expected.output);
  expect(runContent(killed)).toEqual(runContent(whole));
  const left = readdirSync(killed, { recursive: true }).filter((name) => /lock|\.tmp|broken/.test(String(name)));
  expect(left).toEqual([]); // a kill breaks nothing, and what it leaves half-done is cleared away
  rmSync(root, { recursive: true });
});
