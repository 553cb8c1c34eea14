/**
 * The first-light notebook as a plain script: trains a small policy with GRPO and writes what it did to `out/`.
 *
 *     npm run build && node dist/examples/first-light.js 60 1
 *
 * Arguments: steps (default 60), seed (default 1).
 */
import { chainAddition, check, evaluate, pretrain, train } from "rlvr-lab";
import { grpo } from "rlvr-lab/algorithms";
import { reasoningBoundary, weightDeltas } from "rlvr-lab/analysis";
import { boundaryFigure, display, liveCurves, weightDeltaFigure } from "rlvr-lab/plot";

const [steps = 60, seed = 1] = process.argv.slice(2).map(Number);

const task = chainAddition({ digits: 3 });
const base = await pretrain({ task, size: "nano", seed });
const run = train({ policy: base, task, algorithm: grpo(), steps, seed });
run.onStep(({ step, metrics }) => {
  if ((step + 1) % 10 === 0) console.log(`step ${step + 1}: reward ${metrics.reward?.toFixed(3)}`);
});
await display(liveCurves(run));
const { policy: trained } = await run.finished;

const exam = { task, count: 64, samples: 64, seed };
const boundary = reasoningBoundary(
  await evaluate(base, { ...exam, name: "base" }),
  await evaluate(trained, { ...exam, name: "trained" }),
  { seed },
);
await display(boundaryFigure(boundary));
await display(weightDeltaFigure(await weightDeltas(await base.parameters.read(), await trained.parameters.read())));
check("pass@1.gain", boundary.curve[0]?.difference.value ?? Number.NaN, [0.3, 1]);
