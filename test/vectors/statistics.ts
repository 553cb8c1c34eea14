/** From the names of the statistics forms to `src/analysis/statistics/` and what is computed beside it. */
import {
  aggregate,
  benjaminiHochberg,
  clopperPearsonInterval,
  clusteredDifference,
  clusteredMean,
  type Estimate,
  holm,
  jeffreysInterval,
  jensenShannon,
  kendallTau,
  klDivergence,
  klEstimates,
  type Matrix,
  mcnemar,
  pairedDifference,
  pairedPermutationTest,
  passAtK,
  pearson,
  performanceProfile,
  permutationTest,
  principalAngles,
  probabilityOfImprovement,
  shannonEntropy,
  spearman,
  spectrumOf,
  stratifiedBootstrap,
  svd,
  totalVariation,
  wilsonInterval,
} from "../../src/analysis/index.ts";
import { generalizedAdvantages } from "../../src/index.ts";
import { toColumn } from "./adapter/columns.ts";

type Numbers = readonly number[];

/** The names of all forms. */
interface Inputs {
  readonly successes: number;
  readonly n: number;
  readonly c: number;
  readonly k: number;
  readonly confidence: number;
  readonly x: Numbers;
  readonly y: Numbers;
  readonly a: Numbers;
  readonly b: Numbers;
  readonly p: Numbers;
  readonly q: Numbers;
  readonly clusters: readonly Numbers[];
  readonly logProbs: Numbers;
  readonly refLogProbs: Numbers;
  readonly matrix: readonly Numbers[];
  readonly U: readonly Numbers[];
  readonly W: readonly Numbers[];
  readonly rewards: Numbers;
  readonly values: Numbers;
  readonly done: Numbers;
  readonly gamma: number;
  readonly lambda: number;
  readonly scores: readonly Numbers[];
  readonly taus: Numbers;
}

/** The forms that pair whole problems have the same names x and y with one list more in them. */
interface Nested {
  readonly x: readonly Numbers[];
  readonly y: readonly Numbers[];
}

const forms: Readonly<Record<string, (inputs: Inputs & Nested) => unknown>> = {
  binomial: ({ successes: correct, n, confidence }) => ({
    wilson: ends(wilsonInterval({ n, correct }, confidence)),
    clopperPearson: ends(clopperPearsonInterval({ n, correct }, confidence)),
    jeffreys: ends(jeffreysInterval({ n, correct }, confidence)),
  }),
  paired: ({ x, y }: Inputs) => {
    const { exactP, chiSquare, chiSquareP } = mcnemar(x, y);
    const { value, standardError } = pairedDifference(y, x, { resamples: 1 });
    return {
      mcnemarExactP: exactP,
      mcnemarChi2: chiSquare,
      mcnemarChi2P: chiSquareP,
      meanDiff: value,
      pairedSE: standardError,
      signFlipExactP: pairedPermutationTest(x, y).p,
    };
  },
  permutation: ({ a, b }) => {
    const { statistic, p } = permutationTest(a, b);
    const pairedP = a.length === b.length ? pairedPermutationTest(a, b).p : null;
    return { statistic, independentP: p, pairedP };
  },
  clustered: ({ clusters }) => {
    const { value, uncorrected, standardError, independent } = clusteredMean(clusters);
    return { accuracy: value, clusteredSE: uncorrected, clusteredSESmallSample: standardError, iidSE: independent };
  },
  "clustered-paired": ({ x, y }: Nested) => {
    const { value, uncorrected } = clusteredDifference(x, y);
    return { meanDiff: value, clusteredSE: uncorrected };
  },
  multiple: ({ p }) => ({ holm: holm(p), bh: benjaminiHochberg(p) }),
  rank: ({ x, y }: Inputs) => ({ spearman: spearman(x, y), kendallTauB: kendallTau(x, y), pearson: pearson(x, y) }),
  categorical: ({ p, q }) => ({
    entropy: shannonEntropy(p),
    klPQ: klDivergence(p, q),
    js: jensenShannon(p, q),
    tv: totalVariation(p, q),
  }),
  kl: ({ logProbs, refLogProbs }) => klEstimates(logProbs, refLogProbs),
  spectrum: ({ matrix }) => spectrumOf(svd(toMatrix(matrix), { vectors: false }).values, []),
  "principal-angles": ({ U, W }) => principalAngles(toMatrix(U), toMatrix(W)),
  gae: ({ rewards, values, done, gamma, lambda }) =>
    generalizedAdvantages({ rewards, values, done }, { gamma, lambda }),
  "pass-at-k": ({ n, c, k }) => ({ passAtK: passAtK({ n, correct: c }, k) }),
  aggregates: ({ scores }) => ({
    mean: aggregate(scores, "mean"),
    median: aggregate(scores, "median"),
    iqm: aggregate(scores, "iqm"),
    og: aggregate(scores, "optimalityGap"),
  }),
  improvement: ({ x, y }: Nested) => ({ probability: probabilityOfImprovement(x, y).average }),
  profile: ({ scores, taus }) => ({
    runs: performanceProfile(scores, taus),
    tasks: performanceProfile(scores, taus, { kind: "taskMeans" }),
  }),
  "iqm-interval": ({ scores }) => stratifiedBootstrap(scores, "iqm"),
};

export function evaluate(inputs: Inputs & Nested, form: string): unknown {
  const run = forms[form.replace("statistics/", "")];
  if (run === undefined) throw new Error(`no form ${form}`);
  return run(inputs);
}

const ends = ({ low, high }: Estimate): number[] => [low, high];

/** Rows as a matrix; ragged ones stay short of rows times columns, which is refused. */
function toMatrix(rows: readonly Numbers[]): Matrix {
  const data = rows.flat();
  return { data, rows: rows.length, columns: toColumn(rows).width };
}
