/** Stratified bootstrap of the interquartile mean, against sorting every resample and against the rliable package. */
import { spawnSync } from "node:child_process";
import { stratifiedBootstrap } from "../../src/analysis/index.ts";
import { rng } from "../../src/toolkit/rng.ts";
import { median, report } from "./figure.ts";

const [runs, tasks, resamples, rounds] = [10, 26, 50_000, 5];

/** The package where `RLVR_PYTHON` (or `python3`) has it: scores in, seconds out. */
const program = `
import json, sys, time, numpy as np
from rliable import library, metrics
X = np.array(json.load(sys.stdin))
start = time.time()
library.StratifiedBootstrap(X).conf_int(lambda s: np.array([metrics.aggregate_iqm(s)]), reps=${resamples}, method="percentile")
print(time.time() - start)`;

export function benchStratified(): void {
  const random = rng({ seed: 1, stream: "bench/scores" });
  const scores = Array.from({ length: runs }, () => Array.from({ length: tasks }, () => random.uniform()));
  const times = Array.from({ length: rounds }, (_, seed) => {
    const start = performance.now();
    stratifiedBootstrap(scores, "iqm", { resamples, seed });
    return performance.now() - start;
  });
  const figure = {
    bench: "analysis",
    name: `IQM with its interval, ${resamples} resamples of ${runs} x ${tasks}, median of ${rounds}`,
    value: median(times),
    unit: "ms",
  };
  report({ ...figure, against: "sorting every resample", reference: sorting(scores) });
  const python = spawnSync(process.env.RLVR_PYTHON ?? "python3", ["-c", program], {
    input: JSON.stringify(scores),
    encoding: "utf8",
  });
  if (python.status === 0) report({ ...figure, against: "rliable", reference: 1000 * Number(python.stdout) });
  else console.error("analysis: rliable not found for Python (RLVR_PYTHON), not compared");
}

/** The textbook way: draw, sort, average the middle. */
function sorting(scores: readonly (readonly number[])[]): number {
  const random = rng({ seed: 2, stream: "bench/sorting" });
  const drawn = new Float64Array(runs * tasks);
  const cut = Math.floor(drawn.length / 4);
  const replicates = new Float64Array(resamples);
  const start = performance.now();
  for (let r = 0; r < resamples; r++) {
    for (let c = 0; c < drawn.length; c++) drawn[c] = scores[random.integer(runs)]?.[c % tasks] ?? 0;
    drawn.sort();
    let sum = 0;
    for (let c = cut; c < drawn.length - cut; c++) sum += drawn[c] ?? 0;
    replicates[r] = sum / (drawn.length - 2 * cut);
  }
  replicates.sort();
  return performance.now() - start;
}
