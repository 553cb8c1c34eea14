/** Mutated texts for the parsers' tests. */
import type { Rng } from "../../src/toolkit/rng.ts";

/** Inputs for each parser: 10,000 with RLVR_FUZZ=full, else a tenth of them. */
export const INPUTS: number = process.env.RLVR_FUZZ === "full" ? 10_000 : 1000;

const PIECES = ['"', "[", "}", ",", "7", "null", "\n", "// %%", "=", ":", "\\", "-", "\u0000", "&a", "*a", "{", "é"];

/** The text with one to three places cut out and something else put there. */
export function mutated(text: string, random: Rng): string {
  const letters = [...text];
  for (let edit = random.integer(3); edit >= 0; edit--) {
    letters.splice(random.integer(letters.length), random.integer(12), random.pick(PIECES));
  }
  return letters.join("");
}
