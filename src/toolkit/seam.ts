/**
 * A seam is a place in the training step where a method may put its own function. What crosses a seam is plain data in
 * columns; what has to be remembered from step to step is explicit state, which goes into the checkpoint.
 */

/** Anything JSON can hold: what a seam's state is made of. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A seam without memory: a function from one step's input to its output. */
export type SeamFunction<I, O> = (input: I) => O | Promise<O>;

/** A seam that remembers. `saved` is what `save` returned in an earlier process, absent at the start of a run. */
export interface StatefulSeam<I, O> {
  start(saved?: Json): SeamSession<I, O>;
}

/** One run's use of a stateful seam. */
export interface SeamSession<I, O> {
  next(input: I): O | Promise<O>;
  save(): Json;
}

export type Seam<I, O> = SeamFunction<I, O> | StatefulSeam<I, O>;

/** The parts of a stateful seam, typed in its state S, as a method writes them. */
export interface StateMachine<S, I, O> {
  init(): S;
  /** Returns the output and the state for the next step; does not change `state`. */
  next(state: S, input: I): readonly [O, S] | Promise<readonly [O, S]>;
  /** The state as JSON, for the checkpoint. */
  save(state: S): Json;
  /** The state that `save` wrote; throws when it is not one. */
  restore(saved: Json): S;
}

/** Makes a seam of a state machine, closing over its state's type. */
export function stateful<S, I, O>(machine: StateMachine<S, I, O>): StatefulSeam<I, O> {
  return {
    start(saved) {
      let state = saved === undefined ? machine.init() : machine.restore(saved);
      return {
        async next(input) {
          const [output, following] = await machine.next(state, input);
          state = following;
          return output;
        },
        save: () => machine.save(state),
      };
    },
  };
}

/** Opens either kind of seam for a run. A function's saved state is `null`. */
export function openSeam<I, O>(seam: Seam<I, O>, saved?: Json): SeamSession<I, O> {
  if (typeof seam === "function") return { next: seam, save: () => null };
  return seam.start(saved);
}
