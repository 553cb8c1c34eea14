/** An app whose state is JSON on a server, one session a rollout. */
import { refuse } from "../../../refuse.ts";
import { isEmptyDiff, type StateDiff, stateDiff } from "./state-diff.ts";

export type AppState = Readonly<Record<string, unknown>>;

export interface SessionStates {
  readonly initialState: AppState;
  readonly currentState: AppState;
  readonly stateDiff: StateDiff;
}

export interface MockAppOptions<S extends AppState, A> {
  readonly initialState: S;
  /** The state after an action; an action that cannot be taken leaves it or throws, and then nothing has changed. */
  readonly reducer: (state: S, action: A) => S;
}

export interface MockApp<S extends AppState, A> {
  /** Opens a session; by default in the app's own initial state. @throws UsageError for a name that was used before */
  createSession(id: string, initialState?: S): void;
  /** What an agent does. @throws UsageError for an unknown session; whatever the reducer throws */
  act(id: string, action: A): void;
  /** What a reward reads: the server's states, never an agent's copy. */
  go(id: string): SessionStates;
  /** Puts a state in place of the current one, for golden patches. */
  setCurrent(id: string, state: S): void;
  /** Back to the initial state. */
  reset(id: string): void;
}

export function mockApp<S extends AppState, A>(options: MockAppOptions<S, A>): MockApp<S, A> {
  const sessions = new Map<string, { readonly initial: S; current: S }>();
  const session = (id: string) =>
    sessions.get(id) ?? refuse("mockApp", `there is no session "${id}"`, "create it first");
  return {
    createSession(id, initialState = options.initialState) {
      if (sessions.has(id)) refuse("mockApp", `session "${id}" was used before`, "give every rollout its own");
      const [initial, current] = [structuredClone(initialState), structuredClone(initialState)];
      if (!isEmptyDiff(stateDiff(initial, current))) refuse("mockApp", "the state is not plain data", "pass JSON");
      sessions.set(id, { initial, current });
    },
    act(id, action) {
      const open = session(id);
      open.current = structuredClone(options.reducer(structuredClone(open.current), action));
    },
    go(id) {
      const { initial, current } = session(id);
      return {
        initialState: structuredClone(initial),
        currentState: structuredClone(current),
        stateDiff: stateDiff(initial, current),
      };
    },
    setCurrent(id, state) {
      session(id).current = structuredClone(state);
    },
    reset(id) {
      const open = session(id);
      open.current = structuredClone(open.initial);
    },
  };
}
