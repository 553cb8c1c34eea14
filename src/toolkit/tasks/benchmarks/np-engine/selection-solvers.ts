/** References of the selection tasks: exact where the search ends within its steps. */
import type { Budget } from "./np-task.ts";
import type { KnapsackInstance, SetCoverInstance, SubsetSumInstance } from "./selection.ts";

/**
 * A smallest cover: an element that few subsets hold is covered by each of these in turn. Undefined ids where there is none.
 */
export function bestCover(
  { U, S }: SetCoverInstance,
  { steps }: Budget,
): { readonly ids: number[] | undefined; readonly exact: boolean } {
  const whole = new Set(U);
  const subsets = Object.entries(S)
    .map(([id, list]) => ({ id: Number(id), held: new Set(list) }))
    .filter(({ held }) => [...held].every((element) => whole.has(element)));
  let [best, left]: [number[] | undefined, number] = [greedyCover(whole, subsets), steps];
  if (best === undefined) return { ids: undefined, exact: true };
  const largest = subsets.reduce((most, { held }) => Math.max(most, held.size), 1);
  const search = (open: readonly number[], chosen: readonly number[]): void => {
    if (open.length === 0) {
      if (best === undefined || chosen.length < best.length) best = [...chosen];
      return;
    }
    if (--left < 0 || chosen.length + Math.ceil(open.length / largest) >= (best?.length ?? Infinity)) return;
    const holders = (element: number) => subsets.filter(({ held }) => held.has(element));
    const rarest = open.reduce((a, b) => (holders(b).length < holders(a).length ? b : a));
    for (const { id, held } of holders(rarest).sort((a, b) => b.held.size - a.held.size)) {
      search(
        open.filter((element) => !held.has(element)),
        [...chosen, id],
      );
    }
  };
  search([...whole], []);
  return { ids: best?.sort((a, b) => a - b), exact: left >= 0 };
}

interface Subset {
  readonly id: number;
  readonly held: ReadonlySet<number>;
}

function greedyCover(whole: ReadonlySet<number>, subsets: readonly Subset[]): number[] | undefined {
  const open = new Set(whole);
  const ids: number[] = [];
  while (open.size > 0) {
    const gain = ({ held }: Subset): number => [...held].filter((element) => open.has(element)).length;
    const next = subsets.reduce<Subset | undefined>(
      (a, b) => (a === undefined || gain(b) > gain(a) ? b : a),
      undefined,
    );
    if (next === undefined || gain(next) === 0) return undefined;
    ids.push(next.id);
    for (const element of next.held) open.delete(element);
  }
  return ids;
}

/** A state of dynamic programming: what was reached, and how. */
interface State {
  readonly sum: number;
  readonly worth: number;
  readonly id: string | undefined;
  readonly before: State | undefined;
}

const START: State = { sum: 0, worth: 0, id: undefined, before: undefined };

function idsOf(state: State | undefined): number[] {
  const ids: number[] = [];
  for (let at = state; at?.id !== undefined; at = at.before) ids.push(Number(at.id));
  return ids.sort((a, b) => a - b);
}

/** As many numbers as can be with exactly the target: for each sum, the most numbers that reach it. Empty where none does. */
export function longestSum(
  { target, numbers }: SubsetSumInstance,
  { steps }: Budget,
): { readonly ids: number[]; readonly exact: boolean } {
  let states = new Map<number, State>([[0, START]]);
  let exact = true;
  for (const [id, value] of Object.entries(numbers)) {
    const next = new Map(states);
    for (const state of states.values()) {
      const [sum, worth] = [state.sum + value, state.worth + 1];
      if (sum <= target && worth > (next.get(sum)?.worth ?? -1)) next.set(sum, { sum, worth, id, before: state });
    }
    if (next.size > steps) exact = false;
    else states = next;
  }
  return { ids: idsOf(states.get(target)), exact };
}

/**
 * The most value within the capacity: states that weigh more than another and are worth no more are dropped. Where too many are
 * left, the states worth most for their weight go on.
 */
export function bestKnapsack(
  { capacity, items }: KnapsackInstance,
  { steps }: Budget,
): { readonly ids: number[]; readonly value: number; readonly exact: boolean } {
  let [states, exact]: [State[], boolean] = [[START], true];
  for (const [id, { weight, value }] of Object.entries(items)) {
    const more = states
      .filter(({ sum }) => sum + weight <= capacity)
      .map((state) => ({ sum: state.sum + weight, worth: state.worth + value, id, before: state }));
    states = undominated([...states, ...more]);
    if (states.length <= steps) continue;
    exact = false;
    states = undominated(
      states.sort((a, b) => b.worth / (b.sum + 1) - a.worth / (a.sum + 1)).slice(0, Math.max(1, steps)),
    );
  }
  const best = states.at(-1) ?? START;
  return { ids: idsOf(best), value: best.worth, exact };
}

/** By rising weight, each worth more than all before it. */
function undominated(states: State[]): State[] {
  states.sort((a, b) => a.sum - b.sum || b.worth - a.worth);
  let most = -1;
  return states.filter(({ worth }) => {
    if (worth <= most) return false;
    most = worth;
    return true;
  });
}
