/**
 * Weight deltas of a bfloat16 pair of 0.5 billion parameters with a planted change of rank 8: is it found, how long does it take and
 * how much memory, and how long does PyTorch take for the norms, equal entries and singular values of the same matrices. Each side
 * is a process of its own. Needs 2 GB of disk.
 *
 *     RLVR_PYTHON=python npm run -s bench -- weights
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkpointDeltas, principalAngles } from "../src/analysis/index.ts";
import { openCheckpoint } from "../src/toolkit/checkpoints/checkpoint.ts";
import { pairCheckpoints } from "../src/toolkit/checkpoints/pair-checkpoints.ts";
import { onTensors } from "../src/toolkit/checkpoints/tensor-pool.ts";
import { report } from "./support/figure.ts";
import { halfBillion, type Planted, plantPair } from "./support/planted-pair.ts";

/** Planted rank, and the size of its singular values. */
const [rank, size] = [8, 0.1];
const threads = 2;

/** What a process reports of itself. */
interface Measured {
  readonly seconds: number;
  /** Of all its threads: what does not depend on who else uses the machine. */
  readonly cpuSeconds: number;
  readonly megabytes: number;
}

interface Found extends Measured {
  /** [matrices] singular values above rounding, and share of equal entries. */
  readonly ranks: readonly number[];
  readonly unchanged: readonly number[];
}

const pytorch = `
import json, resource, sys, time, torch
from safetensors import safe_open
before, after = sys.argv[1:]
torch.set_num_threads(${threads})
start = time.time()
with safe_open(before + "/model.safetensors", "pt") as a, safe_open(after + "/model.safetensors", "pt") as b:
    for name in a.keys():
        x, y = a.get_tensor(name), b.get_tensor(name)
        same = (x == y).sum().item()
        x = x.float()
        delta = y.float() - x
        norms = x.norm().item(), delta.norm().item()
        if delta.dim() > 1: torch.linalg.svdvals(delta)
used = resource.getrusage(resource.RUSAGE_SELF)
cpu = used.ru_utime + used.ru_stime
print(json.dumps({"seconds": time.time() - start, "cpuSeconds": cpu, "megabytes": used.ru_maxrss / 1024}))`;

async function measure(folder: string, angles: number): Promise<Found> {
  const start = performance.now();
  const [before, after] = await open(folder);
  const { tensors } = await checkpointDeltas(before, after, { threads, angles });
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return {
    seconds: (performance.now() - start) / 1000,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    megabytes: maxRSS / 1024,
    ranks: tensors.flatMap(({ aboveRounding }) => aboveRounding?.rank ?? []),
    unchanged: tensors.map(({ unchanged = Number.NaN }) => unchanged),
  };
}

async function open(folder: string) {
  return [await openCheckpoint(join(folder, "before")), await openCheckpoint(join(folder, "after"))] as const;
}

/** Runs this file once more as a process of its own. */
function measureApart(folder: string, angles: number): Found {
  const args = [fileURLToPath(import.meta.url), "measure", folder, String(angles)];
  const child = spawnSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  if (child.status !== 0) throw new Error("internal: the measuring process failed");
  return JSON.parse(child.stdout);
}

/** Mean squared cosine between the planted row spaces and those found, over the matrices of the first layer. */
async function overlap(folder: string, planted: readonly Planted[]): Promise<number> {
  const { pairs } = pairCheckpoints(...(await open(folder)), []);
  const chosen = pairs.filter(({ before: { name, shape } }) => name.includes("layers.0.") && shape.length === 2);
  const options = { rank, oversampling: 16, passes: 3, exactUpTo: 1024 };
  const jobs = chosen.map((pair) => ({ kind: "factors", pair, options }) as const);
  const factors = await onTensors(jobs, threads);
  const overlaps = factors.map(({ right, columns }, i) => {
    const truth = planted.find(({ name }) => name === chosen[i]?.before.name)?.right ?? new Float64Array();
    return principalAngles(asColumns(truth, columns), asColumns(right, columns)).overlap;
  });
  return overlaps.reduce((sum, value) => sum + value, 0) / overlaps.length;
}

function asColumns(rows: Float64Array, length: number) {
  const count = rows.length / length;
  const data = Float64Array.from(rows, (_, i) => rows[(i % count) * length + Math.floor(i / count)] ?? 0);
  return { data, rows: length, columns: count };
}

function torchTimes(folder: string): Measured | undefined {
  const args = ["-c", pytorch, join(folder, "before"), join(folder, "after")];
  const { status, stdout } = spawnSync(process.env.RLVR_PYTHON ?? "python3", args, { encoding: "utf8" });
  return status === 0 ? JSON.parse(stdout) : undefined;
}

async function bench(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "rlvr-bench-weights-"));
  try {
    const planted = plantPair(folder, halfBillion, rank, size);
    const [full, plain] = [measureApart(folder, 8), measureApart(folder, 0)];
    const matrices = planted.filter(({ shape }) => shape.length > 1).length;
    const right = full.ranks.filter((found) => found === rank).length;
    const entries = planted.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
    const all = entries.reduce((sum, count) => sum + count, 0);
    const same = planted.reduce((sum, { unchanged }) => sum + unchanged, 0) / all;
    const counted = entries.reduce((sum, count, i) => sum + count * (full.unchanged[i] ?? Number.NaN), 0) / all;
    const line = { bench: "weights", unit: "" };
    const of = `0.5 billion bfloat16 parameters, rank ${rank} planted`;
    report({ ...line, name: `matrices whose rank is found; ${of}`, value: right, against: "all", reference: matrices });
    const cosines = await overlap(folder, planted);
    report({ ...line, name: "overlap of found and planted row space", value: cosines, against: "equal", reference: 1 });
    report({ ...line, name: "share of equal entries", value: counted, against: "planted", reference: same });
    const time = { ...line, unit: "s" };
    report({ ...time, name: `weight deltas of ${of}`, value: full.seconds, against: "3 minutes", reference: 180 });
    const cores = { ...time, unit: "CPU s", name: "the same, on all cores", value: full.cpuSeconds };
    report({ ...cores, against: "3 minutes of two", reference: 360 });
    const memory = { ...line, unit: "MB", name: "peak resident memory", value: full.megabytes };
    report({ ...memory, against: "2 GB", reference: 2048 });
    const torch = torchTimes(folder);
    if (torch === undefined) console.error("weights: PyTorch not found (RLVR_PYTHON), not compared");
    else {
      const name = "norms, equal entries and singular values, without angles";
      report({ ...time, name, value: plain.seconds, against: "PyTorch", reference: torch.seconds });
      const cpu = { ...time, unit: "CPU s" };
      report({ ...cpu, name, value: plain.cpuSeconds, against: "PyTorch", reference: torch.cpuSeconds });
      report({ ...memory, against: "PyTorch", reference: torch.megabytes });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [mode, folder = "", angles = "8"] = process.argv.slice(2);
if (mode === "measure") console.log(JSON.stringify(await measure(folder, Number(angles))));
else await bench();
