/** Weights by layer: a flat vector of all weights is cut where one layer ends and the next begins. */

/** A layer's name: "layer 3", or that of a weight outside of all layers. */
export function layerOf(weight: string): string {
  const layer = /^model\.layers\.(\d+)\./.exec(weight)?.[1];
  if (layer !== undefined) return `layer ${layer}`;
  return weight.replace(/^model\./, "").replace(/\.weight$/, "");
}

/** A stretch of the flat vector that belongs to one layer. */
export interface LayerRange {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** The layers of a policy's weights laid end to end in the order of their shapes; a layer in several pieces comes several times. */
export function layerRanges(shapes: Readonly<Record<string, readonly number[]>>): LayerRange[] {
  const ranges: LayerRange[] = [];
  let at = 0;
  for (const [weight, shape] of Object.entries(shapes)) {
    const [from, name] = [at, layerOf(weight)];
    at += shape.reduce((product, length) => product * length, 1);
    const last = ranges.at(-1);
    if (last?.name === name) ranges[ranges.length - 1] = { ...last, to: at };
    else ranges.push({ name, from, to: at });
  }
  return ranges;
}
