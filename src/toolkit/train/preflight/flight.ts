/** The pre-flight as `train` makes it: what cannot start is refused, what was found is kept with the run. */
import { join } from "node:path";
import { writeFileAtomic } from "../../files.ts";
import type { StepEvent } from "../record.ts";
import type { Stepper } from "../step.ts";
import { type Finding, findingEvents, PreflightError } from "./finding.ts";
import { flyPreflight, hopeless, type PreflightReport, planPreflight, type Setup } from "./preflight.ts";

export interface Flight {
  /**
   * Looks at the run whose stepper this is, before its first step.
   *
   * @returns undefined where nothing is looked at, or the signal stopped it
   * @throws PreflightError for a refusal, unless the run was told to start all the same
   */
  fly(stepper: Stepper): Promise<PreflightReport | undefined>;
}

/** @throws PreflightError for what needs no sample: more memory than there is, weights that are not finite */
export async function planFlight(setup: Setup): Promise<Flight> {
  const { preflight = "refuse", signal } = setup.options;
  if (preflight === "off") return { fly: async () => undefined };
  const decide = (findings: readonly Finding[]): void => {
    if (preflight === "refuse" && findings.some(({ level }) => level === "refusal")) throw new PreflightError(findings);
  };
  const plan = await planPreflight(setup);
  decide(hopeless(plan));
  return {
    async fly(stepper) {
      if (signal?.aborted) return undefined;
      try {
        const report = await flyPreflight(plan, stepper);
        decide(report.findings);
        return report;
      } catch (error) {
        if (signal?.aborted && error === signal.reason) return undefined;
        throw error;
      }
    },
  };
}

/** Findings for the first step's record: all but how much memory was free at the moment, which a step does not depend on. */
export function reportedEvents(report: PreflightReport | undefined): StepEvent[] {
  const findings = report?.findings ?? [];
  return findingEvents(findings.filter(({ check, level }) => check !== "memory" || level === "refusal"));
}

/** Writes `preflight.json` into a run folder. */
export async function keepReport(folder: string, report: PreflightReport): Promise<void> {
  await writeFileAtomic(join(folder, "preflight.json"), `${JSON.stringify(report, null, 2)}\n`);
}
