import { type ClipCovOptions, clipCov, type KlCovOptions, klCov } from "../../../src/algorithms/clip-cov.ts";
import { grpo } from "../../../src/algorithms/grpo.ts";
import { compose } from "../../../src/toolkit/compose.ts";
import type { Row } from "../checks/row.ts";

function ofClip(name: string, options: ClipCovOptions): Row {
  const { objective } = compose(grpo(), clipCov(options));
  return {
    name,
    objective,
    batch: { columns: { clipCovOrder: (random) => random.uniform() } },
    refused: [() => clipCov({ share: 0 }), () => clipCov({ covLow: 5, covHigh: 5 })],
  };
}

function ofKl(name: string, options: KlCovOptions): Row {
  const { objective } = compose(grpo(), klCov(options));
  return {
    name,
    objective,
    except: {
      "zero advantage": "the penalty of the held tokens stays",
      direction: "the penalty pulls where it must, too",
    },
    refused: [() => klCov({ share: 2 }), () => klCov({ klCoefficient: -1 })],
  };
}

export const rows: readonly Row[] = [
  { ...ofClip("clip-cov", { share: 0.2, covLow: 0.1, covHigh: 2 }), clip: { low: 0.8, high: 1.2 } },
  ofClip("clip-cov, all candidates", { share: 1, covLow: 0.2 }),
  ofKl("kl-cov", { share: 0.2 }),
];
