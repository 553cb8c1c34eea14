/** The released CSV files of templates. */
import { refuse } from "../../../refuse.ts";
import { readCsv } from "../shared/read-csv.ts";
import type { VarTemplate } from "./template.ts";

const NEEDED = ["id", "ori_answer", "ori_question", "VAR_question", "VAR_info", "VAR_round", "VAR_answer"];

/** Templates from a local CSV file with the released columns. @throws UsageError for a missing column or a wrong number, with the row */
export async function readVarMath(path: string): Promise<VarTemplate[]> {
  const rows = await readCsv("readVarMath", path);
  return rows.map((row, i) => {
    const missing = [...NEEDED, "VAR_answer_round", "done"].find((name) => row[name] === undefined);
    if (missing !== undefined) refuse("readVarMath", `${path} has no column ${missing}`, "pass a released file");
    const text = (name: string): string => row[name] ?? "";
    const whole = (name: string): number => {
      const value = Number(text(name));
      if (Number.isInteger(value) && text(name) !== "") return value;
      return refuse("readVarMath", `${name} of row ${i} is ${JSON.stringify(text(name))}`, "write a whole number");
    };
    const answer = Number(text("ori_answer"));
    if (!Number.isFinite(answer) || text("ori_answer") === "") {
      refuse("readVarMath", `ori_answer of row ${i} is ${JSON.stringify(text("ori_answer"))}`, "write a number");
    }
    const done = Number(text("done")) === 1;
    return {
      id: text("id"),
      question: text("VAR_question"),
      varInfo: text("VAR_info"),
      varRound: done ? whole("VAR_round") : 0,
      answer: text("VAR_answer"),
      answerRound: done ? whole("VAR_answer_round") : 0,
      done,
      original: { question: text("ori_question"), answer },
    };
  });
}
