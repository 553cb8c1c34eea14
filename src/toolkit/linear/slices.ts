/** Long work in slices, so that plots, interrupts and timers get their turn. */

/** Work that stops now and then and says how many floating-point operations it did since it last stopped. */
export type Sliced<T> = Generator<number, T, void>;

/** Operations between two turns of the event loop: some 4 ms. */
const SLICE_FLOP = 2e6;

/** Runs sliced work to its end without a pause. */
export function drain<T>(work: Sliced<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/** Runs sliced work, giving the event loop a turn after each slice. */
export async function inSlices<T>(work: Sliced<T>): Promise<T> {
  let flop = 0;
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    flop += step.value;
    if (flop >= SLICE_FLOP) {
      flop = 0;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }
}
