/** Effects of updates, checked before they are read. */
import type { UpdateEffects } from "../../toolkit/probe/update-effects.ts";
import { refuse } from "../../toolkit/refuse.ts";

/** @throws UsageError naming draw, update and problem */
export function checkEffects(where: string, draws: readonly UpdateEffects[]): void {
  const [first] = draws;
  for (const [d, draw] of draws.entries()) {
    const { updates, problems, answers } = draw;
    if (answers !== first?.answers) {
      refuse(where, `draw ${d} is about ${answers} answers, the first about ${first?.answers}`, "keep them apart");
    }
    checkNames(where, "update", updates, first?.updates ?? [], d);
    checkNames(where, "problem", problems, first?.problems ?? [], d);
    if (updates.length === 0) refuse(where, "there are no updates", "pass at least one");
    if (problems.length < 2) {
      refuse(where, `there are ${problems.length} problems`, "pass two or more: interference is between problems");
    }
    checkNumbers(where, draw, d);
  }
}

function checkNames(where: string, what: string, names: readonly string[], first: readonly string[], d: number): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) refuse(where, `${what} "${twice}" is twice in draw ${d}`, "pass each once");
  const odd = names.findIndex((name, i) => name !== first[i]);
  if (odd < 0 && names.length === first.length) return;
  const at = odd < 0 ? names.length : odd;
  const given = `${what} ${at} of draw ${d} is ${shown(names[at])}, in the first ${shown(first[at])}`;
  refuse(where, given, "pass draws of the same updates on the same problems, in one order");
}

const shown = (name: string | undefined): string => (name === undefined ? "none" : `"${name}"`);

function checkNumbers(where: string, draw: UpdateEffects, d: number): void {
  const { updates, problems, layers = [] } = draw;
  const tables: [string, ArrayLike<number> | undefined][] = [
    ["predicted", draw.predicted],
    ["measured", draw.measured],
    ["plain", draw.plain],
    ...layers.map(({ name, predicted }): [string, ArrayLike<number>] => [`layer "${name}"`, predicted]),
  ];
  for (const [name, table] of tables) {
    if (table === undefined) continue;
    if (table.length !== updates.length * problems.length) {
      const given = `${name} of draw ${d} has ${table.length} numbers for ${updates.length} updates on ${problems.length} problems`;
      refuse(where, given, "pass [U, P], row by row");
    }
    for (let at = 0; at < table.length; at++) {
      if (Number.isFinite(table[at])) continue;
      const [u, p] = [updates[Math.floor(at / problems.length)], problems[at % problems.length]];
      refuse(where, `${name} of "${u}" on "${p}" in draw ${d} is ${table[at]}`, "pass finite numbers");
    }
  }
}
