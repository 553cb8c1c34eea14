/** Pairs of description and code that survive the way there and back. */

export interface RoundTrip {
  /** A description of a piece of code. */
  describe(code: string): string | Promise<string>;
  /** Code from a description alone. */
  rewrite(description: string): string | Promise<string>;
  /** Whether two pieces of code do the same. */
  equal(original: string, rewritten: string): boolean | Promise<boolean>;
}

export interface DescribedCode {
  readonly description: string;
  /** The original. */
  readonly code: string;
}

/** Describes each piece of code, writes it anew from that, and keeps those that come out equivalent. */
export async function roundTripFilter(codes: readonly string[], trip: RoundTrip): Promise<DescribedCode[]> {
  const kept: DescribedCode[] = [];
  for (const code of codes) {
    const description = await trip.describe(code);
    if (await trip.equal(code, await trip.rewrite(description))) kept.push({ description, code });
  }
  return kept;
}
