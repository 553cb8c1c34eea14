/**
 * A seam is a place in the training step where a method may put its own function. What crosses a seam is plain data in
 * columns; what has to be remembered from step to step is explicit state, which goes into the checkpoint.
 */

import { refuse } from "./refuse.ts";

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

/** Puts a function around a seam: `next` asks the inner one. The inner seam's state is kept. */
export function wrapSeam<I, O>(inner: Seam<I, O>, around: Around<I, O>): Seam<I, O> {
  if (typeof inner === "function") return (input) => around(input, async (changed) => inner(changed));
  return {
    start(saved) {
      const session = inner.start(saved);
      return {
        next: (input) => around(input, async (changed) => session.next(changed)),
        save: () => session.save(),
      };
    },
  };
}

/** What is put around a seam. */
export type Around<I, O> = (input: I, next: (input: I) => Promise<O>) => O | Promise<O>;

/** A state machine around a seam: as {@link StateMachine}, with `next` to ask the inner seam. */
export interface StateMachineAround<S, I, O> extends Omit<StateMachine<S, I, O>, "next"> {
  next(state: S, input: I, inner: (input: I) => Promise<O>): readonly [O, S] | Promise<readonly [O, S]>;
}

/** Puts a state machine around a seam; both states are kept. */
export function wrapStateful<S, I, O>(inner: Seam<I, O>, machine: StateMachineAround<S, I, O>): StatefulSeam<I, O> {
  return {
    start(saved) {
      const [own, inside] = savedPair(saved);
      const session = openSeam(inner, inside);
      let state = own === undefined ? machine.init() : machine.restore(own);
      return {
        async next(input) {
          const [output, following] = await machine.next(state, input, async (changed) => session.next(changed));
          state = following;
          return output;
        },
        save: () => ({ own: machine.save(state), inside: session.save() }),
      };
    },
  };
}

function savedPair(saved: Json | undefined): readonly [own: Json | undefined, inside: Json | undefined] {
  if (saved === undefined) return [undefined, undefined];
  if (typeof saved === "object" && saved !== null && "own" in saved && "inside" in saved) {
    return [saved.own, saved.inside];
  }
  return refuse("seam", `the saved state is ${JSON.stringify(saved).slice(0, 80)}`, "resume with the same algorithm");
}
