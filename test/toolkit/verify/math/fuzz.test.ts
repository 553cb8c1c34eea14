/** 100,000 mutated answers with RLVR_FUZZ=full, a twentieth of them without: a verdict for each, soon, in bounded memory. */
import { expect, test } from "vitest";
import { type Rng, rng } from "../../../../src/toolkit/rng.ts";
import { mathVerifier } from "../../../../src/toolkit/verify/math/index.ts";
import { casesOf, type VectorCase } from "../../../vectors/runner/run.ts";

const ANSWERS = 100_000;
const COUNT = process.env.RLVR_FUZZ === "full" ? ANSWERS : ANSWERS / 20;

interface Inputs {
  readonly gold: string;
  readonly prediction: string;
}

const cases = (casesOf("math") as readonly VectorCase[])
  .map(({ inputs }) => inputs as Inputs)
  .filter(({ gold, prediction }) => gold !== "" && prediction.length < 400);

const PIECES = [
  ..."0123456789.,;:+-*/^_=<>!%$'\"|&~#@()[]{} \n\tabcxyzeiCdn",
  ..."\\frac \\sqrt \\boxed{ \\left \\right \\text{ \\pm \\cup \\infty \\pi \\le \\in \\begin{pmatrix} \\end{pmatrix} \\\\ \\{ \\} \\int_ \\sum_{ \\lim_{ \\log_ \\sin ^{ _{ } \\degree \\% \\$ \\over \\binom".split(
    " ",
  ),
  ...[
    "½",
    "²",
    "√",
    "−",
    "π",
    "∞",
    "１",
    "\u0000",
    "\ud800",
    " and ",
    " or ",
    " cm",
    "final answer is ",
    "10^{99}",
    "!!",
  ],
];

function mutate(text: string, random: Rng): string {
  let out = text;
  for (let i = random.integer(4); i >= 0; i--) {
    const at = random.integer(out.length + 1);
    const piece = PIECES[random.integer(PIECES.length)] ?? "";
    const length = random.integer(6);
    const kind = random.integer(4);
    if (kind === 0) out = out.slice(0, at) + piece + out.slice(at);
    else if (kind === 1) out = out.slice(0, at) + out.slice(at + length);
    else if (kind === 2) out = out.slice(0, at) + piece + out.slice(at + piece.length);
    else out += out.slice(at, at + 20 * length);
  }
  return out;
}

test("mathVerifier: mutated answers have a verdict, and are judged alike twice", () => {
  const random = rng({ seed: 1, stream: "fuzz" });
  const verifier = mathVerifier();
  const counts: Record<string, number> = {};
  let slowest = 0;
  for (let i = 0; i < COUNT; i++) {
    const one = cases[random.integer(cases.length)];
    const other = cases[random.integer(cases.length)];
    if (one === undefined || other === undefined) throw new Error("there is no case");
    const completion = mutate(random.integer(3) === 0 ? other.prediction : one.prediction, random);
    const verdict = verifier.verify({ answer: one.gold }, completion);
    counts[verdict.status] = (counts[verdict.status] ?? 0) + 1;
    slowest = Math.max(slowest, verdict.ms);
    if (verdict.status === "failed") throw new Error(`${JSON.stringify([one.gold, completion])}: ${verdict.reason}`);
    if (i % 50 !== 0) continue;
    expect(mathVerifier().verify({ answer: one.gold }, completion).status, completion).toBe(verdict.status);
  }
  expect(Object.keys(counts).sort()).toEqual(["correct", "unparsed", "wrong"]);
  expect(slowest).toBeLessThan(4000); // a second, on a machine that runs three others
  expect(process.memoryUsage().heapUsed).toBeLessThan(400 * 2 ** 20);
}, 600_000);

test("mathVerifier: mutated gold answers have a verdict too; a failure is an unreadable gold answer", () => {
  const random = rng({ seed: 2, stream: "fuzz" });
  for (let i = 0; i < COUNT / 10; i++) {
    const one = cases[random.integer(cases.length)];
    if (one === undefined) throw new Error("there is no case");
    const { status, reason } = mathVerifier().verify({ answer: mutate(one.gold, random) }, one.prediction);
    if (status === "failed") expect(reason).toContain("gold answer cannot be read");
  }
}, 600_000);
