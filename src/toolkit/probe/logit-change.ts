/** What a change of a network's weights does to its log-probs, to first order: what the entropy ledger takes a network's update by. */
import type { HostTensor } from "../jit/host-tensor.ts";
import type { Policy } from "../policy/policy.ts";
import { refuse } from "../refuse.ts";
import type { Sequences } from "./sequences.ts";
import { tokenProbe } from "./token-probe.ts";

/**
 * The derivative of the log-probs over the whole vocabulary in the direction of a change of the weights, by a central difference:
 * (log π at w + s Δ − log π at w − s Δ) / 2 s. Linear in Δ up to s² and to float32 (about 1e-6 / s): the parts of an update then add
 * up. The policy itself is not changed.
 *
 * @param change Δ of each weight by name, in the order of its data; weights left out stay
 * @param scale s. Default 1: a step of training is small enough. Lower it where parts do not add up.
 * @returns [N, V] at the marked tokens, as in `tokenProbe`'s `rows`
 * @throws UsageError for a name that the policy has not, another size, or a scale that is not above 0
 */
export async function logitChange(
  policy: Policy,
  sequences: Sequences,
  change: Readonly<Record<string, ArrayLike<number>>>,
  { scale = 1 }: { readonly scale?: number } = {},
): Promise<Float64Array> {
  if (!(scale > 0 && scale < Infinity)) refuse("logitChange", `scale is ${scale}`, "pass a number above 0");
  const weights = await policy.parameters.read();
  checkChange(weights, change);
  const there = await policy.clone();
  const rowsAt = async (by: number): Promise<Float32Array> => {
    await there.parameters.write(moved(weights, change, by));
    const { rows } = await tokenProbe(there, sequences);
    if (rows === undefined) throw new Error("internal: a probe without rows");
    return rows;
  };
  try {
    const [ahead, behind] = [await rowsAt(scale), await rowsAt(-scale)];
    return Float64Array.from(ahead, (log, i) => (log - (behind[i] ?? Number.NaN)) / (2 * scale));
  } finally {
    await there.dispose();
  }
}

function checkChange(
  weights: Readonly<Record<string, HostTensor>>,
  change: Readonly<Record<string, ArrayLike<number>>>,
): void {
  for (const [name, by] of Object.entries(change)) {
    const size = weights[name]?.data.length;
    if (size === undefined) refuse("logitChange", `the policy has no weight "${name}"`, "pass names of its parameters");
    if (size !== by.length)
      refuse("logitChange", `"${name}" has ${by.length} changes for ${size}`, "pass one a number");
  }
}

function moved(
  weights: Readonly<Record<string, HostTensor>>,
  change: Readonly<Record<string, ArrayLike<number>>>,
  by: number,
): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(weights).flatMap(([name, { data, shape }]) => {
      const step = change[name];
      if (step === undefined) return [];
      return [[name, { data: Float32Array.from(data, (value, i) => value + by * (step[i] ?? 0)), shape }]];
    }),
  );
}
