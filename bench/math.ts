/**
 * The mathematics verifier over the project's own cases: time a case and right verdicts, with Math-Verify beside it in the same run
 * where `RLVR_PYTHON` (or `python3`) has it. A file of cases may be named:
 *
 *     RLVR_PYTHON=python npm run -s bench -- math
 *     RLVR_CASES=cases.json npm run -s bench -- math
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type MathOptions, mathVerifier } from "../src/toolkit/verify/index.ts";
import { best, report } from "./support/figure.ts";

interface Case {
  readonly inputs: { readonly gold: string; readonly prediction: string } & MathOptions;
  readonly expected: { readonly correct: boolean };
}

const rounds = 5;
const path = process.env.RLVR_CASES ?? fileURLToPath(new URL("../../test/vectors/math.json", import.meta.url));
const { cases }: { readonly cases: readonly Case[] } = JSON.parse(readFileSync(path, "utf8"));

/** Seconds for all cases, time of each in ms, and how many verdicts are as expected. */
interface Measurement {
  readonly seconds: number;
  readonly times: readonly number[];
  readonly right: number;
}

function ours(): Measurement {
  const start = performance.now();
  let right = 0;
  const times = cases.map(({ inputs: { gold, prediction, ...options }, expected }) => {
    const { status, ms } = mathVerifier(options).verify({ answer: gold }, prediction);
    if ((status === "correct") === expected.correct) right++;
    return ms;
  });
  return { seconds: (performance.now() - start) / 1000, times, right };
}

const PROGRAM = `
import json, sys, time
from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify
ways = [LatexExtractionConfig(boxed_match_priority=0), ExprExtractionConfig()]
def shown(text):  # it reads LaTeX between delimiters only
    return text if any(mark in text for mark in ("$", "boxed", "\\\\(", "\\\\[")) or "\\\\" not in text and " " in text else "$" + text + "$"
times, right = [], 0
for case in json.load(open(sys.argv[1]))["cases"]:
    given, start = case["inputs"], time.perf_counter()
    try:
        options = dict(float_rounding=given.get("precision", 6), strict=given.get("strict", True),
                       allow_set_relation_comp=given.get("allowSetRelation", False))
        verdict = bool(verify(parse(shown(given["gold"]), ways), parse(shown(given["prediction"]), ways), **options))
    except Exception:
        verdict = None
    times.append(1000 * (time.perf_counter() - start))
    right += verdict == case["expected"]["correct"]
print(json.dumps({"seconds": sum(times) / 1000, "times": times, "right": right}))
`;

function mathVerify(): Measurement | undefined {
  const { status, stdout } = spawnSync(process.env.RLVR_PYTHON ?? "python3", ["-c", PROGRAM, path], {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  return status === 0 ? JSON.parse(stdout) : undefined;
}

function quantile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

const measured = Array.from({ length: rounds }, ours);
const peer = mathVerify();
const against = peer === undefined ? "nothing" : "math-verify";
/** Of each case the best of the rounds: what other processes took is not the verifier's. */
const times = cases.map((_, i) => best(measured.map((round) => round.times[i] ?? Number.NaN)));
const none = { seconds: Number.NaN, times: [], right: Number.NaN };
const theirs = peer ?? none;
const figure = (name: string, value: number, unit: string, reference: number): void =>
  report({ bench: "math", name, value, unit, against, reference });

figure("rate", cases.length / best(measured.map(({ seconds }) => seconds)), "cases/s", cases.length / theirs.seconds);
figure("median", quantile(times, 0.5), "ms", quantile(theirs.times, 0.5));
figure("p99", quantile(times, 0.99), "ms", quantile(theirs.times, 0.99));
figure("longest", quantile(times, 1), "ms", quantile(theirs.times, 1));
figure(`right verdicts of ${cases.length}`, measured[0]?.right ?? Number.NaN, "cases", theirs.right);
