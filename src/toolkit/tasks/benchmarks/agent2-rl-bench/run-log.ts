/** Logs of real runs, as the benchmark's code leaves them in a workspace. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { refuse } from "../../../refuse.ts";
import { isFields } from "../../../runs/import/fields.ts";
import type { LoggedSubmission, RunMeta } from "../agent2-rl-bench.ts";

/**
 * Reads `scores.json` (entries with score, timestamp and model_path) and `run_meta.json` (start_time, end_time, timeout_s) of a
 * workspace folder; times are seconds since 1970. A missing `scores.json` is a run without submissions.
 *
 * @param options.baseline of the base model, which the files do not hold
 * @param options.basePath of the base model, to count copies. Default: none are counted
 * @throws UsageError for a missing or broken meta file, and entries without score or time
 */
export async function readRunLog(
  folder: string,
  options: { readonly baseline?: number; readonly basePath?: string } = {},
): Promise<{ readonly log: readonly LoggedSubmission[]; readonly meta: RunMeta }> {
  const scores = await readJson(join(folder, "scores.json"));
  const meta = await readJson(join(folder, "run_meta.json"));
  if (!isFields(meta)) return refuse("readRunLog", `${folder} has no run_meta.json`, "pass the folder of a run");
  const [start, end, timeout] = ["start_time", "end_time", "timeout_s"].map((name) => {
    const value = meta[name];
    if (typeof value === "number" && Number.isFinite(value)) return value;
    return refuse("readRunLog", `${name} of ${folder}/run_meta.json is ${String(value)}`, "pass a run that has ended");
  });
  if (scores !== undefined && !Array.isArray(scores))
    refuse("readRunLog", `${folder}/scores.json is no list`, "mend it");
  const base = options.basePath === undefined ? undefined : resolve(options.basePath);
  const log = ((scores ?? []) as readonly unknown[]).map((entry, i): LoggedSubmission => {
    const { score = 0, timestamp, model_path } = isFields(entry) ? entry : {};
    const time = typeof timestamp === "string" ? Date.parse(timestamp) / 1000 : Number.NaN;
    if (typeof score !== "number" || !Number.isFinite(time)) {
      return refuse("readRunLog", `entry ${i} of ${folder}/scores.json has no score and time`, "mend it");
    }
    return { score, time, copy: base !== undefined && typeof model_path === "string" && resolve(model_path) === base };
  });
  return { log, meta: { start: start ?? 0, end: end ?? 0, timeout: timeout ?? 0, baseline: options.baseline } };
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    return refuse("readRunLog", `${path} is not JSON`, "mend it", error);
  }
}
