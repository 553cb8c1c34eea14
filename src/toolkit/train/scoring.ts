/** What a step works out about its rows besides rewards: only what advantage and objective say they need. */
import type { CompleteAlgorithm } from "../algorithm.ts";
import { allLogits, logProb, type Models, type Statistic, type StatisticColumns } from "../models.ts";
import { modelOf } from "../policy/model.ts";
import type { Policy } from "../policy/policy.ts";
import type { Rollouts } from "../rollout.ts";
import { oldLogProbs } from "./micro-batch.ts";

export interface ScoringOptions {
  readonly algorithm: CompleteAlgorithm;
  /** In training. */
  readonly policy: Policy;
  /** That the run started from. */
  readonly base: Policy;
  /** Of sampling. */
  readonly temperature: number;
  /** T of the run's micro-batches. */
  readonly tokens: number;
}

/** All columns are of the rollouts' width. */
export interface Scored {
  readonly oldLogProbs: Float32Array;
  readonly referenceLogProbs?: Float32Array;
  readonly referenceLogits?: Float32Array;
  readonly statistics: StatisticColumns;
  readonly referenceStatistics: StatisticColumns;
}

export interface Scoring {
  readonly models: Models;
  score(rollouts: Rollouts): Promise<Scored>;
}

/** Names that no statistic of an algorithm has. */
const [OLD, REFERENCE, REFERENCE_LOGITS] = ["(old)", "(reference)", "(reference logits)"] as const;

export function createScoring({ algorithm, policy, base, temperature, tokens }: ScoringOptions): Scoring {
  const models = {
    policy: modelOf(policy, { temperature, tokens }),
    reference: modelOf(base, { temperature, tokens }),
  };
  return scoringOf(algorithm, models, temperature);
}

/** The same with any models. @param temperature of sampling; the models' own */
export function scoringOf(
  algorithm: Pick<CompleteAlgorithm, "objective" | "statistics" | "referenceStatistics">,
  models: Models,
  temperature: number,
): Scoring {
  const { needs } = algorithm.objective;
  const { statistics: own = {}, referenceStatistics: reference = {} } = algorithm;
  return {
    models,
    async score(rollouts) {
      if (rollouts.rows === 0) return { oldLogProbs: new Float32Array(), statistics: {}, referenceStatistics: {} };
      const foreign = rollouts.foreign?.includes(1) === true;
      const ofPolicy: Record<string, Float32Array> = await measured(models.policy, rollouts, {
        ...own,
        ...(foreign && { [OLD]: logProb }),
      });
      const ofReference: Record<string, Float32Array> = await measured(models.reference, rollouts, {
        ...reference,
        ...(needs.referenceLogProbs === true && { [REFERENCE]: logProb }),
        ...(needs.referenceLogits === true && { [REFERENCE_LOGITS]: allLogits }),
      });
      const { [OLD]: scored, ...statistics } = ofPolicy;
      const {
        [REFERENCE]: referenceLogProbs,
        [REFERENCE_LOGITS]: referenceLogits,
        ...referenceStatistics
      } = ofReference;
      const sampled = oldLogProbs(rollouts, temperature);
      return {
        oldLogProbs: scored === undefined ? sampled : replaced(rollouts, sampled, scored),
        ...(referenceLogProbs && { referenceLogProbs }),
        ...(referenceLogits && { referenceLogits }),
        statistics,
        referenceStatistics,
      };
    },
  };
}

async function measured(
  model: Models["policy"],
  rollouts: Rollouts,
  statistics: Readonly<Record<string, Statistic>>,
): Promise<StatisticColumns> {
  return Object.keys(statistics).length === 0 ? {} : model.measure(rollouts, statistics);
}

/** The sampler's log-probs, with those of foreign rows as the policy scores them. */
function replaced({ foreign, width }: Rollouts, sampled: Float32Array, scored: Float32Array): Float32Array {
  const out = sampled.slice();
  for (const [b, is] of foreign?.entries() ?? []) {
    if (is === 1) out.set(scored.subarray(b * (width - 1), (b + 1) * (width - 1)), b * (width - 1));
  }
  return out;
}
