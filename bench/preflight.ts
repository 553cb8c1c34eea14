/** The pre-flight of a healthy default run of nano: alone, and what it adds to a run of one step. The limit is 5 s. */
import { grpo } from "../src/algorithms/grpo.ts";
import { chainAddition } from "../src/toolkit/tasks/index.ts";
import { preflight } from "../src/toolkit/train/preflight/preflight.ts";
import { pretrain } from "../src/toolkit/train/pretrain.ts";
import { train } from "../src/toolkit/train/train.ts";
import { median, report } from "./support/figure.ts";

const rounds = 5;
const task = chainAddition({ digits: 3 });
const policy = await pretrain({ task, size: "nano", flawedShare: 0.6, seed: 1 });
const options = { policy, task, algorithm: grpo(), seed: 1, steps: 1 } as const;

async function seconds(how: "refuse" | "off"): Promise<number> {
  const { seconds: taken, policy: trained } = await train({ ...options, preflight: how }).finished;
  await trained.dispose();
  return taken;
}

const [alone, withIt, without]: [number[], number[], number[]] = [[], [], []];
for (let round = 0; round < rounds; round++) {
  const start = performance.now();
  const { findings } = await preflight(options);
  alone.push((performance.now() - start) / 1000);
  const refusals = findings.filter(({ level }) => level === "refusal");
  if (refusals.length > 0) throw new Error(`a healthy run is refused: ${refusals[0]?.problem}`);
  withIt.push(await seconds("refuse"));
  without.push(await seconds("off"));
}
const figure = { bench: "preflight", unit: "s", against: "limit", reference: 5 } as const;
report({ ...figure, name: `nano, alone, median of ${rounds}`, value: median(alone) });
report({ ...figure, name: "nano, added to a run", value: median(withIt) - median(without) });
