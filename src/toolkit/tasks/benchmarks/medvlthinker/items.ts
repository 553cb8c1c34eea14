/** Multiple-choice items in the unified format of the released data sets, without their images. */
import { optionsObject } from "../../../options.ts";
import { refuse } from "../../../refuse.ts";
import { readRecords } from "../shared/records.ts";

export interface ChoiceItem {
  readonly question: string;
  /** Text of each option by its label. */
  readonly options: Readonly<Record<string, string>>;
  readonly answerLabel: string;
  readonly answer: string;
  readonly datasetName: string | undefined;
  readonly datasetIndex: number | undefined;
  /** How many images the record has; they are not read. */
  readonly images: number;
}

/**
 * One record of the published format: question, options (an object, or its JSON), answer_label, answer, and perhaps images,
 * dataset_name and dataset_index.
 *
 * @throws UsageError naming `where` for a label that is no option, an answer that is not that option's text, or none
 */
export function choiceItem(record: Readonly<Record<string, unknown>>, where: string = "choiceItem"): ChoiceItem {
  const { question, answer_label: answerLabel, answer, images, dataset_name, dataset_index } = record;
  const options = optionsOf(record.options, where);
  if (typeof question !== "string") refuse(where, `question is ${String(question)}`, "pass its text");
  if (typeof answer !== "string" || answer === "") refuse(where, "the answer is empty", "pass the right option's text");
  if (typeof answerLabel !== "string" || !Object.hasOwn(options, answerLabel)) {
    const labels = Object.keys(options).join(", ");
    refuse(where, `answer_label ${JSON.stringify(answerLabel)} is not among the options ${labels}`, "pass one of them");
  }
  if (options[answerLabel] !== answer) {
    const given = `${JSON.stringify(answer)}, option ${answerLabel} is ${JSON.stringify(options[answerLabel])}`;
    refuse(where, `the answer is ${given}`, "make the two the same");
  }
  return {
    question,
    options,
    answerLabel,
    answer,
    datasetName: typeof dataset_name === "string" ? dataset_name : undefined,
    datasetIndex: typeof dataset_index === "number" ? dataset_index : undefined,
    images: Array.isArray(images) ? images.length : 0,
  };
}

function optionsOf(given: unknown, where: string): Readonly<Record<string, string>> {
  let options = given;
  try {
    if (typeof given === "string") options = JSON.parse(given);
  } catch (error) {
    refuse(where, `options is ${given}`, "pass an object or its JSON", error);
  }
  const entries = Object.entries(optionsObject(where, options as object)).filter(([, text]) => text !== null);
  const wrong = entries.find(([, text]) => typeof text !== "string");
  if (wrong || entries.length === 0) refuse(where, "options holds no texts by label", 'pass {"A": "...", "B": "..."}');
  return Object.fromEntries(entries);
}

/** Items from a local JSON or JSONL file. @throws UsageError with the row of the first that is refused */
export async function readChoiceItems(path: string): Promise<ChoiceItem[]> {
  const records = await readRecords("readChoiceItems", path);
  return records.map((record, i) => choiceItem(record, `readChoiceItems, row ${i} of ${path}`));
}

/** Wording of the instruction: the released models' system prompt says the same in these two sentences. */
const INSTRUCTION = "Think inside <think></think> tags, then give the final answer inside <answer></answer> tags.";

/** What a policy reads: the instruction, the question, and one line an option. */
export function choicePrompt({ question, options }: Pick<ChoiceItem, "question" | "options">): string {
  const lines = Object.entries(options).map(([label, text]) => `${label}. ${text}`);
  return [INSTRUCTION, `Question: ${question}`, "Options:", ...lines].join("\n");
}
