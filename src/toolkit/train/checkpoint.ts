/**
 * What a checkpoint folder holds: the policy in the Hugging Face layout, a value head, the optimizer's moments, and what
 * the steps remember. Loaded again, the next step is the one that would have followed, bit for bit: random numbers and
 * problems are functions of (seed, step), and everything else that a step reads is here.
 */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../files.ts";
import type { HostTensor } from "../jit/host-tensor.ts";
import type { Policy } from "../policy/policy.ts";
import { valueHeadFile } from "../policy/policy-files.ts";
import { readSafetensors, writeSafetensors } from "../policy/safetensors.ts";
import { refuse } from "../refuse.ts";
import type { Json } from "../seam.ts";
import type { Stepper } from "./step.ts";

const [OPTIMIZER, TRAINER] = ["optimizer.safetensors", "trainer.json"] as const;

export interface CheckpointParts {
  /** In training. */
  readonly policy: Policy;
  readonly stepper: Pick<Stepper, "learner" | "memory" | "restore">;
}

/**
 * Writes a checkpoint into an empty folder.
 *
 * @param memory of the moment after the last full step; the stepper's own may have gone on since
 */
export async function saveCheckpoint(
  folder: string,
  { policy, stepper }: CheckpointParts,
  { stepsDone, memory }: { readonly stepsDone: number; readonly memory: Json },
): Promise<void> {
  await policy.save(folder);
  const { step: updates, first, second } = await stepper.learner.state();
  const moments: Record<string, HostTensor> = {};
  if (updates > 0) {
    for (const [name, tensor] of Object.entries(first)) moments[`first.${name}`] = tensor;
    for (const [name, tensor] of Object.entries(second)) moments[`second.${name}`] = tensor;
  }
  await writeSafetensors(join(folder, OPTIMIZER), moments);
  const state = { stepsDone, updates, fingerprint: await policy.fingerprint(), memory };
  await writeFileAtomic(join(folder, TRAINER), `${JSON.stringify(state)}\n`);
}

/**
 * Puts policy and stepper into the state that a checkpoint holds.
 *
 * @throws UsageError when the checkpoint is not of this policy and algorithm
 */
export async function loadCheckpoint(folder: string, { policy, stepper }: CheckpointParts): Promise<void> {
  const head = join(folder, valueHeadFile);
  const hasHead = (await stat(head).catch(() => undefined)) !== undefined;
  await policy.parameters.write({
    ...(await readSafetensors(join(folder, "model.safetensors"))),
    ...(hasHead && (await readSafetensors(head))),
  });
  const path = join(folder, TRAINER);
  const { updates, fingerprint, memory } = JSON.parse(await readFile(path, "utf8"));
  const found = await policy.fingerprint();
  if (found !== fingerprint) {
    refuse("train", `the weights in ${folder} have fingerprint ${found}, not ${fingerprint}`, "remove the checkpoint");
  }
  if (updates > 0) await stepper.learner.restore({ step: updates, ...(await readMoments(join(folder, OPTIMIZER))) });
  stepper.restore(memory);
}

async function readMoments(path: string) {
  const [first, second]: [Record<string, HostTensor>, Record<string, HostTensor>] = [{}, {}];
  for (const [name, tensor] of Object.entries(await readSafetensors(path))) {
    if (name.startsWith("first.")) first[name.slice("first.".length)] = tensor;
    else second[name.slice("second.".length)] = tensor;
  }
  return { first, second };
}
