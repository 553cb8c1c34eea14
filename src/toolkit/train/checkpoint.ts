/** What a checkpoint folder holds: the policy in the Hugging Face layout, the optimizer's moments, the seams' states. */
import { join } from "node:path";
import { writeFileAtomic } from "../files.ts";
import type { HostTensor } from "../jit/host-tensor.ts";
import type { Policy } from "../policy/policy.ts";
import { writeSafetensors } from "../policy/safetensors.ts";
import type { Stepper } from "./step.ts";

export interface CheckpointParts {
  readonly policy: Policy;
  readonly stepsDone: number;
  readonly stepper: Pick<Stepper, "learner" | "seamStates">;
}

/** Writes a checkpoint into an empty folder: `optimizer.safetensors` and `trainer.json` beside the policy's files. */
export async function saveCheckpoint(folder: string, { policy, stepsDone, stepper }: CheckpointParts): Promise<void> {
  await policy.save(folder);
  const { step: updates, first, second } = await stepper.learner.state();
  const moments: Record<string, HostTensor> = {};
  for (const [name, tensor] of Object.entries(first)) moments[`first.${name}`] = tensor;
  for (const [name, tensor] of Object.entries(second)) moments[`second.${name}`] = tensor;
  await writeSafetensors(join(folder, "optimizer.safetensors"), moments);
  const state = { stepsDone, updates, fingerprint: await policy.fingerprint(), seams: stepper.seamStates() };
  await writeFileAtomic(join(folder, "trainer.json"), `${JSON.stringify(state, null, 2)}\n`);
}
