/** What both kinds of input of `rlvr analyse interference` share: problems out of completions, and how likely policies find their answers. */
import type { InterferenceInput } from "../../analysis/index.ts";
import { Policy } from "../../toolkit/policy/policy.ts";
import { answerLogLikelihoods, type ProbedProblem } from "../../toolkit/probe.ts";
import { progressReporter } from "../../toolkit/progress.ts";
import { refuse } from "../../toolkit/refuse.ts";
import type { ImportedSet } from "../../toolkit/runs/import.ts";
import { importRun } from "../../toolkit/runs/import.ts";
import { probedSamples } from "../../toolkit/runs/probed-samples.ts";

/** Of the command line, checked. */
export interface InterferenceSettings {
  readonly problems: number;
  readonly answers: number;
  readonly top: number;
  readonly projection?: { readonly dimensions: number };
  readonly rollouts?: string;
}

export interface Probes {
  readonly problems: readonly ProbedProblem[];
  readonly sets: readonly ImportedSet[];
  /** What was left out. */
  readonly note: string;
}

/** @throws UsageError where fewer than two problems have a right answer */
export async function probesOf(
  path: string,
  { problems: most, answers }: InterferenceSettings,
  step?: number,
): Promise<Probes> {
  const { sets } = await importRun(path, { keepTokens: false });
  const found = probedSamples(sets, { most, answers, ...(step !== undefined && { step }) });
  const { problems, seen, withoutRight, withoutPrompt } = found;
  if (problems.length < 2) {
    const given = `${problems.length} of the ${seen} problems in ${path} have a right completion and a prompt`;
    refuse("rlvr analyse interference", given, "pass completions of two or more problems that were solved once");
  }
  const left = [
    ...(withoutRight > 0 ? [`${withoutRight} without a right completion`] : []),
    ...(withoutPrompt > 0 ? [`${withoutPrompt} without a prompt`] : []),
  ];
  const note = `${problems.length} of ${seen} problems are asked about${left.length === 0 ? "" : `; left out: ${left.join(", ")}`}.`;
  return { problems, sets, note };
}

/** A policy on the way. */
export interface Station {
  readonly step: number;
  readonly folder: string;
}

/** Log-likelihoods of all answers at every station. @throws UsageError where a policy's weights have other shapes than the first's */
export async function courseOf(
  stations: readonly Station[],
  problems: readonly ProbedProblem[],
): Promise<Pick<InterferenceInput, "ids" | "steps" | "logLikelihoods" | "wrongLogLikelihoods">> {
  const report = progressReporter({ task: "policies", total: stations.length, unit: "policies" });
  const logLikelihoods: Float64Array[] = [];
  const wrong: Float64Array[] = [];
  const withWrong = problems.flatMap((problem, p) => ((problem.wrong?.length ?? 0) > 0 ? [p] : []));
  let shapes: string | undefined;
  for (const [i, { folder }] of stations.entries()) {
    report(i);
    const policy = await Policy.load(folder);
    const own = JSON.stringify(policy.parameters.shapes);
    shapes ??= own;
    if (own !== shapes) {
      refuse(
        folder,
        `its weights have other shapes than those of ${stations[0]?.folder}`,
        "name policies of one shape",
      );
    }
    logLikelihoods.push(
      await answerLogLikelihoods(
        policy,
        problems,
        problems.map(({ right }) => right),
      ),
    );
    const row = new Float64Array(problems.length).fill(Number.NaN);
    const asked = withWrong.flatMap((p) => problems[p] ?? []);
    const lists = asked.map(({ wrong: answers = [] }) => answers);
    const found = asked.length === 0 ? [] : await answerLogLikelihoods(policy, asked, lists);
    for (const [i, p] of withWrong.entries()) row[p] = found[i] ?? Number.NaN;
    wrong.push(row);
    await policy.dispose();
  }
  report(stations.length);
  return {
    ids: problems.map(({ id }) => id),
    steps: stations.map(({ step }) => step),
    logLikelihoods,
    ...(withWrong.length > 0 && { wrongLogLikelihoods: wrong }),
  };
}
