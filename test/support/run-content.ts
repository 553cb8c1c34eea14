/** What has to be equal in two runs' folders: records without times, completions, the last checkpoint's tensors. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** By file. A record is without its timing and the figures made of it. */
export function runContent(folder: string): Record<string, unknown> {
  const rollouts = readdirSync(join(folder, "rollouts")).map((name) => join("rollouts", name));
  const last =
    readdirSync(join(folder, "checkpoints"))
      .filter((name) => /^step-\d+$/.test(name))
      .sort()
      .at(-1) ?? "";
  const tensors = ["model.safetensors", "optimizer.safetensors"].map((name) => join("checkpoints", last, name));
  const hashed = [...rollouts.sort(), ...tensors].map((name) => [name, hashOf(join(folder, name))]);
  return { records: timeless(readFileSync(join(folder, "metrics.jsonl"), "utf8")), ...Object.fromEntries(hashed) };
}

function timeless(lines: string): unknown[] {
  return lines
    .trimEnd()
    .split("\n")
    .map((line) => {
      const { timing: _, metrics, ...record } = JSON.parse(line);
      const { step_time: _time, tokens_per_second: _speed, ...figures } = metrics;
      return { ...record, metrics: figures };
    });
}

function hashOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
