/** Checks of the gradient: against the loss, against the paper. */
import { type Columns, columnOf, mapped, sizeOf } from "./columns.ts";
import { far } from "./compare.ts";
import type { Stated } from "./row.ts";
import { DOUBLE_TOLERANCE, FLOAT_TOLERANCE, sides, slopes } from "./slopes.ts";
import type { Subject } from "./subject.ts";
import { tokensOf } from "./tokens.ts";

/** The gradient is the slope of the loss (what stop-gradients hold being kept), in double and in float32. */
export async function slope({ at, columns }: Subject): Promise<string[]> {
  const expected = await slopes(at, columns, "frozen");
  const double = await at.double(columns);
  const float = await at.compiled(columns);
  const found = at.open.flatMap((path) => [
    ...far(`double ${path}`, double.gradients[path], expected[path], DOUBLE_TOLERANCE),
    ...far(`float32 ${path}`, float.gradients[path], expected[path], FLOAT_TOLERANCE),
  ]);
  const some = Object.values(double.gradients).some((gradient) => Array.from(gradient).some((x) => x !== 0));
  return some ? found : [...found, "the gradient is 0 everywhere"];
}

/** Where the ratio stands at a bound of the clip, the gradient is the slope to the left or to the right. */
export async function kinks({ row, at, columns }: Subject): Promise<string[]> {
  const found: string[] = [];
  for (const bound of [row.clip?.low, row.clip?.high]) {
    if (bound === undefined) continue;
    const old = columnOf(columns, "oldLogProbs").data;
    const there = {
      ...columns,
      logProbs: mapped(columnOf(columns, "logProbs"), (_, i) => (old[i] ?? 0) + Math.log(bound)),
    };
    const gradient = (await at.double(there)).gradients.logProbs ?? [];
    const scale = Math.max(...Array.from(gradient, Math.abs), 1e-9);
    for (const [i, trained] of columnOf(columns, "mask").data.entries()) {
      if (trained === 0) continue;
      const value = gradient[i] ?? Number.NaN;
      const [left, right] = await sides(at, there, "logProbs", i);
      const [low, high] = [Math.min(left, right), Math.max(left, right)];
      const jump = high - low > 1e3 * scale; // of the loss itself: then one side's slope is meant, not what lies between
      const near = (x: number): boolean => Math.abs(value - x) <= DOUBLE_TOLERANCE * scale;
      if (near(left) || near(right) || (!jump && value > low && value < high)) continue;
      found.push(`ratio ${bound}, token ${i}: gradient ${value}, slopes ${left} and ${right}`);
    }
  }
  return found.slice(0, 3);
}

/** Stop-gradients make a difference where, and only where, the row says so. */
export async function stops({ row, at, columns }: Subject): Promise<string[]> {
  const plain = await slopes(at, columns, "plain");
  const { gradients } = await at.double(columns);
  const same = at.open.every((path) => far(path, gradients[path], plain[path], DOUBLE_TOLERANCE).length === 0);
  if (row.stops === true)
    return same ? ["a stop-gradient is missing: the gradient is the slope of the loss itself"] : [];
  return same ? [] : ["a stop-gradient changes the gradient, and the row does not say `stops: true`"];
}

/** Loss and gradient are what the paper states, worked out in plain numbers. */
export async function stated({ row, at, columns }: Subject): Promise<string[]> {
  const { loss, gradients } = await at.double(columns);
  const [wantedLoss, wanted] = [row.loss?.(tokensOf(columns)), row.gradient && perToken(columns, row.gradient)];
  return [
    ...(wantedLoss === undefined ? [] : far("the loss", [loss], [wantedLoss], DOUBLE_TOLERANCE)),
    ...(wanted === undefined ? [] : far("the gradient", gradients.logProbs, wanted, DOUBLE_TOLERANCE)),
  ];
}

/** On policy, a step down the gradient moves no token's log-prob against its advantage (or what the row says instead). */
export async function direction({ row, at, columns }: Subject): Promise<string[]> {
  const onPolicy = { ...onPolicyColumns(columns), advantages: rowAdvantages(columns) };
  const gradient = Array.from((await at.double(onPolicy)).gradients.logProbs ?? []);
  const scale = Math.max(...gradient.map(Math.abs));
  const toward = perToken(onPolicy, row.toward ?? ((token) => token.advantage));
  const wrong = toward.findIndex((push, i) => !((gradient[i] ?? Number.NaN) * push <= 1e-9 * scale));
  if (wrong >= 0) return [`token ${wrong}: gradient ${gradient[wrong]} where it is pushed by ${toward[wrong]}`];
  const moved = toward.some((push, i) => push !== 0 && gradient[i] !== 0);
  return moved ? [] : ["no gradient at all where the policy is the one that sampled"];
}

/** Without advantages the gradient is what the row says. */
export async function zeroAdvantage({ row, at, columns }: Subject): Promise<string[]> {
  const without = { ...columns, advantages: mapped(columnOf(columns, "advantages"), () => 0) };
  const { gradients } = await at.double(without);
  const says = row.zeroAdvantage ?? "nothing";
  if (says === "nothing")
    return far(
      "the gradient",
      gradients.logProbs,
      perToken(columns, () => 0),
      DOUBLE_TOLERANCE,
    );
  if (says !== "unchanged") return far("the gradient", gradients.logProbs, perToken(without, says), DOUBLE_TOLERANCE);
  const before = (await at.double(columns)).gradients.logProbs;
  return far("the gradient", gradients.logProbs, before, DOUBLE_TOLERANCE);
}

/** Log-probs of all policies the same. */
function onPolicyColumns(columns: Columns): Columns {
  const logProbs = columnOf(columns, "oldLogProbs");
  const reference = columns.referenceLogProbs && { referenceLogProbs: logProbs };
  return { ...columns, logProbs, sampleLogProbs: logProbs, ...reference };
}

/** One advantage a row, of either sign. */
function rowAdvantages(columns: Columns): Columns[string] & object {
  const { tokens } = sizeOf(columns);
  return mapped(columnOf(columns, "advantages"), (_, i) => {
    const b = Math.floor(i / tokens);
    return (b % 2 === 0 ? 1 : -1) * (0.5 + (b % 5) / 4);
  });
}

/** What is stated of each token, 0 where nothing is trained. */
function perToken(columns: Columns, of: Stated): number[] {
  return tokensOf(columns).map((token) => (token.trained ? of(token) : 0));
}
