/** Six apps with a state of lists, actions of a few words, and tasks with their rewards: a reconstruction at small scale. */
import { refuse } from "../../../refuse.ts";
import { type Rng, rng } from "../../../rng.ts";
import { parseCheck } from "./checks.ts";
import { type MockApp, mockApp } from "./mock-app.ts";
import { type RewardProgram, rewardProgram } from "./reward-program.ts";
import type { GeneratedStates } from "./tuples.ts";

/** Such as `add title=Bug` or `close 3`. */
export type Action = string;

interface Item {
  readonly id: number;
  readonly title: string;
  readonly done: boolean;
}

type ListState = Readonly<Record<string, readonly Item[]>>;

export interface MiniatureApp {
  readonly name: string;
  /** The state's one list, such as "issues". */
  readonly list: string;
  /** The word that adds an entry, and the word that finishes one. */
  readonly words: readonly [add: string, finish: string];
  readonly app: MockApp<ListState, Action>;
}

export interface MiniatureTask extends GeneratedStates<ListState> {
  readonly app: MiniatureApp;
  readonly instruction: string;
  /** Actions that do it. */
  readonly solution: readonly Action[];
  readonly reward: RewardProgram;
}

const APPS: readonly (readonly [name: string, list: string, add: string, finish: string])[] = [
  ["issue tracker", "issues", "add_issue", "close"],
  ["todo list", "todos", "add_todo", "check"],
  ["shopping cart", "items", "add_item", "buy"],
  ["mail box", "mails", "write", "archive"],
  ["calendar", "events", "add_event", "cancel"],
  ["library", "loans", "borrow", "return"],
];

/** The six apps; a session starts with what is given, or empty. */
export function miniatureApps(): readonly MiniatureApp[] {
  return APPS.map(([name, list, add, finish]): MiniatureApp => {
    const app = mockApp<ListState, Action>({
      initialState: { [list]: [] },
      reducer: (state, action) => ({ ...state, [list]: changed(state[list] ?? [], action, [add, finish]) }),
    });
    return { name, list, words: [add, finish], app };
  });
}

function changed(items: readonly Item[], action: Action, [add, finish]: MiniatureApp["words"]): readonly Item[] {
  const [word = "", rest = ""] = action.trim().split(/\s+(.*)/s);
  const title = /^title=(\S.*)$/.exec(rest)?.[1];
  if (word === add && title !== undefined) {
    return [...items, { id: items.reduce((most, { id }) => Math.max(most, id), 0) + 1, title, done: false }];
  }
  const id = Number(rest);
  if (word === finish && items.some((item) => item.id === id)) {
    return items.map((item) => (item.id === id ? { ...item, done: true } : item));
  }
  return refuse(
    "miniatureApps",
    `the action is ${JSON.stringify(action)}`,
    `act as "${add} title=Bug" or "${finish} 1"`,
  );
}

const TITLES = ["Bug", "Milk", "Report", "Trip", "Novel", "Invoice", "Lamp", "Plan"] as const;

/** Tasks of an app, distinct by what is asked while there are such: add an entry, or finish one that is there. */
export function miniatureTasks(
  app: MiniatureApp,
  options: { readonly count: number; readonly seed: number },
): MiniatureTask[] {
  const { count, seed } = options;
  if (!Number.isInteger(count) || count < 1) refuse("miniatureTasks", `count is ${count}`, "pass 1 or more");
  return Array.from({ length: count }, (_, row) =>
    miniatureTask(app, rng({ seed, stream: `cua-gym/${app.name}`, row })),
  );
}

function miniatureTask(app: MiniatureApp, random: Rng): MiniatureTask {
  const [title = "", ...others] = random.shuffle(TITLES);
  const { list, words } = app;
  const before = others
    .slice(0, 1 + random.integer(3))
    .map((other, i): Item => ({ id: i + 1, title: other, done: false }));
  const adds = random.integer(2) === 0;
  const target = random.pick(before);
  const action = adds ? `${words[0]} title=${title}` : `${words[1]} ${target.id}`;
  const place = before.indexOf(target);
  const components = adds
    ? [
        { name: "one entry more", weight: 0.6, path: list, check: `length == ${before.length + 1}` },
        {
          name: "its title",
          weight: 0.4,
          path: `${list}.${before.length}.title`,
          check: `== ${JSON.stringify(title)}`,
        },
      ]
    : [{ name: "it is done", weight: 1, path: `${list}.${place}.done`, check: "true" }];
  return {
    app,
    instruction: adds ? `In the ${app.name}, add ${title}.` : `In the ${app.name}, ${words[1]} ${target.title}.`,
    solution: [action],
    initial: () => ({ [list]: before }),
    golden: (state) => ({ ...state, [list]: changed(state[list] ?? [], action, words) }),
    reward: rewardProgram({
      gates: [
        {
          name: "other entries are as they were",
          check: (_, current) =>
            before.every(
              (item, i) => (!adds && i === place) || parseCheck(`${list}.${i}`, `== ${JSON.stringify(item)}`)(current),
            ),
        },
      ],
      components: components.map(({ name, weight, path, check }) => {
        const holds = parseCheck(path, check);
        return { name, weight, check: (_: unknown, current: unknown) => holds(current) };
      }),
    }),
  };
}
