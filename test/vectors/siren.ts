/** From the names of the SIREN forms to `src/algorithms/siren.ts`. */
import type * as tf from "@tensorflow/tfjs";
import { nucleusEntropy, sirenRegularizer } from "../../src/algorithms/index.ts";
import { allFinite } from "../../src/toolkit/finite.ts";
import { inDouble, slope } from "./adapter/double.ts";
import { block, checkNumbers, type Nested } from "./adapter/nested.ts";

interface NucleusInputs {
  readonly logits: Nested;
  readonly p?: number;
  readonly topK?: number;
}

interface RegularizerInputs {
  readonly entropy: Nested;
  readonly mask: Nested;
  readonly q?: number;
  readonly anchor?: number | null;
}

/** Names of the inputs of each form; those with a ? may be left out. */
export const inputs: Readonly<Record<string, string>> = {
  "siren/0": "logits p? topK?",
  "siren/1": "entropy mask q? anchor?",
};

export async function evaluate(inputs: NucleusInputs & RegularizerInputs, form: string): Promise<unknown> {
  if (form === "siren/0") return nucleus(inputs);
  if (form === "siren/1") return regularizer(inputs);
  throw new Error(`no form ${form}`);
}

async function nucleus({ logits, p: mass, topK, ...rest }: NucleusInputs): Promise<unknown> {
  allFinite("siren", "logits", block("logits", logits).data);
  const options = { ...rest, ...(mass !== undefined && { mass }), ...(topK !== undefined && { topK }) };
  return inDouble({ logits }, (x) => {
    const exclusive = nucleusEntropy(x.logits, { ...options, rule: "exclusive" });
    const inclusive = nucleusEntropy(x.logits, { ...options, rule: "inclusive" });
    return {
      exclusiveEntropy: exclusive.entropy,
      exclusiveSize: exclusive.size,
      inclusiveEntropy: inclusive.entropy,
      inclusiveSize: inclusive.size,
    };
  });
}

async function regularizer({ entropy, mask, q: peakQuantile, anchor, ...rest }: RegularizerInputs): Promise<unknown> {
  const options = {
    ...rest,
    ...(peakQuantile !== undefined && { peakQuantile }),
    ...(anchor !== undefined && anchor !== null && { anchor }),
  };
  checkNumbers("siren", { entropy }, mask);
  const found = await inDouble({ entropy, mask }, (x) => {
    const trained = x.mask as tf.Tensor2D;
    const at = (nats: tf.Tensor2D) => sirenRegularizer({ entropy: nats, mask: trained }, options);
    const gradEntropy = slope((nats: tf.Tensor2D) => at(nats).loss, x.entropy as tf.Tensor2D);
    return { ...at(x.entropy as tf.Tensor2D), gradEntropy };
  });
  const threshold = [found.threshold ?? []].flat().map((value) => (Number.isNaN(value) ? null : value));
  return { ...found, threshold }; // a form has null where an empty row has no quantile
}
