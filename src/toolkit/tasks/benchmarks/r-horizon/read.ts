/** The released files: seeds with their chosen numbers, and chains. */
import { readFile } from "node:fs/promises";
import { refuse } from "../../../refuse.ts";
import { type Fields, isFields } from "../../../runs/import/fields.ts";
import type { ChainedProblem, SeedProblem } from "./compose.ts";
import { isPureInteger } from "./integers.ts";

/** Objects of a file: one a line, or over several lines with an empty line between them. */
async function objectsOf(where: string, path: string): Promise<Fields[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return refuse(where, `cannot read ${path} (${code})`, "pass a file that is there", error);
  });
  const blocks = /^\s*\{\s*$/m.test(text) ? text.split(/\n\s*\n/) : text.split("\n");
  return blocks
    .filter((block) => block.trim() !== "" && !block.startsWith("#"))
    .map((block, i) => {
      try {
        const value: unknown = JSON.parse(block);
        if (isFields(value)) return value;
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
      }
      return refuse(where, `entry ${i} of ${path} is no JSON object`, "pass a released file");
    });
}

/**
 * Seeds {instanceId, input, target, selected_variable: {number, start_pos, end_pos, is_in_math_env}} from a local file. Positions
 * count characters, as Python does.
 *
 * @throws UsageError with the entry whose fields are missing or whose answer is not whole
 */
export async function readHorizonSeeds(path: string): Promise<SeedProblem[]> {
  const rows = await objectsOf("readHorizonSeeds", path);
  return rows.map((row, i) => {
    const { instanceId, input, target, selected_variable: key } = row;
    const [answer] = Array.isArray(target) ? target : [target];
    if (typeof input !== "string" || !isFields(key) || !isPureInteger(`${answer}`)) {
      refuse("readHorizonSeeds", `entry ${i} lacks a text, a whole answer or a chosen number`, "pass a released file");
    }
    const { number, start_pos: start, end_pos: end } = key;
    if (typeof number !== "number" || typeof start !== "number" || typeof end !== "number") {
      refuse("readHorizonSeeds", `selected_variable of entry ${i} has no number and place`, "pass a released file");
    }
    const units = (position: number): number => [...input].slice(0, position).join("").length;
    return {
      id: String(instanceId ?? i),
      question: input,
      answer: Number(`${answer}`.replace(/[\\{}\s]/g, "")),
      key: { value: number, start: units(start), end: units(end), inMath: key.is_in_math_env === true },
    };
  });
}

/** Chains {input, target: ["a,b"], instanceIds?} from a local file; also from one object that holds them as `examples`. */
export async function readHorizonChains(
  path: string,
): Promise<(Pick<ChainedProblem, "prompt" | "ids"> & { gold: string[] })[]> {
  const rows = await objectsOf("readHorizonChains", path);
  const examples = rows.flatMap((row) => (Array.isArray(row.examples) ? row.examples.filter(isFields) : [row]));
  return examples.map(({ input, target, instanceId, instanceIds }, i) => {
    const [answers] = Array.isArray(target) ? target : [target];
    if (typeof input !== "string" || typeof answers !== "string" || answers === "") {
      refuse("readHorizonChains", `chain ${i} lacks its text or its target`, "pass a released file");
    }
    const ids = Array.isArray(instanceIds) ? instanceIds.map(String) : [String(instanceId ?? i)];
    return { prompt: input, gold: answers.split(","), ids };
  });
}
