/** Interference over saved policies: who lost, whose gradients conflict, what merging would have saved. */

import { negativeInterference, savedBy } from "../../analysis/index.ts";
import { interferenceTables, savedTables } from "../../analysis/interference/tables.ts";
import { alignmentFigure, interferenceFigure } from "../../plot/index.ts";
import { Policy } from "../../toolkit/policy/policy.ts";
import { gradientAlignment, mergeCounterfactuals } from "../../toolkit/probe.ts";
import { refuse } from "../../toolkit/refuse.ts";
import { courseOf, type InterferenceSettings, probesOf } from "./interference-probes.ts";
import type { AnalysisOutput } from "./output.ts";

/** @throws UsageError without completions to take problems from, or for policies of different shapes */
export async function policiesInterference(
  folders: readonly string[],
  settings: InterferenceSettings,
): Promise<AnalysisOutput> {
  const { rollouts } = settings;
  if (rollouts === undefined) {
    return refuse("rlvr analyse interference", "there are no problems to ask about", "pass --rollouts");
  }
  const { problems, note } = await probesOf(rollouts, settings);
  const course = await courseOf(
    folders.map((folder, step) => ({ step, folder })),
    problems,
  );
  const [base, trained] = [await Policy.load(folders[0] ?? ""), await Policy.load(folders.at(-1) ?? "")];
  const answers = problems.flatMap(({ id, prompt, right }) =>
    right.map((completion) => ({ id, prompt, completion, weight: 1 / right.length })),
  );
  const { projection } = settings;
  const gradients = await gradientAlignment(base, answers, projection === undefined ? {} : { projection });
  const result = negativeInterference({ ...course, gradients });
  const changes = await mergeCounterfactuals(base, trained, problems);
  await Promise.all([base.dispose(), trained.dispose()]);
  const saved = result.hurt.length === 0 ? undefined : savedBy({ ...changes, lost: result.hurt });
  const figure = interferenceFigure(result);
  const conflict = result.alignment && alignmentFigure(result.alignment);
  return {
    title: `Interference over ${folders.length} policies`,
    tables: [...interferenceTables(result), ...(saved ? savedTables(saved) : [])],
    figures: [figure, ...(conflict ? [conflict] : [])],
    notes: [
      figure.summary,
      ...(conflict ? [conflict.summary] : []),
      `${note} Steps number the policies. What each update did is not known without a run.`,
    ],
    data: { policies: folders, ...result, ...(saved && { saved }) },
  };
}
