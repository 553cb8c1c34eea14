/** Correct samples of an instance, and its samples. */
export type InstanceCount = readonly [correct: number, samples: number];
