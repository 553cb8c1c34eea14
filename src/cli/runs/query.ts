/** `rlvr runs query`: figures, completions or tokens of stored runs. */
import { parseArgs } from "node:util";
import { refuse } from "../../toolkit/refuse.ts";
import type { RunQuery } from "../../toolkit/runs/run-query.ts";
import { openRuns, type RunStore } from "../../toolkit/runs/run-store.ts";
import { numberOption } from "../analyse/imported.ts";
import { countOption } from "../several.ts";
import { told } from "./list.ts";
import { printRows } from "./rows.ts";

const HELP = `rlvr runs query [folder] [what] [conditions] [--json | --csv]

Asks the runs in a folder (default: runs). Without an option for what, completions are listed.

      --metric name      a figure by step instead, such as reward; "all" for all of them
      --tokens           tokens instead: ids, log-probs, entropies, advantages, why each was trained on or not
      --texts            completions with their texts
      --sql text         rows of a SELECT over the tables runs, metrics, events and rollouts

      --run name         of this run (again for several)
      --step n|n..m      of this step, or from n up to and with m
      --problem id       of this problem
      --reward x|x..y    with this reward
      --status name      with this verdict: correct, wrong, partial, unparsed, failed, timeout
      --limit n          rows at most (default 50; 0: all)
      --json, --csv      one JSON object a line, or CSV, instead of a table
`;

/** Rows shown where nothing is said. */
const SHOWN = "50";

/** Runs the command; returns its exit code. */
export async function queryRuns(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      metric: { type: "string" },
      tokens: { type: "boolean", default: false },
      texts: { type: "boolean", default: false },
      sql: { type: "string" },
      run: { type: "string", multiple: true },
      step: { type: "string" },
      problem: { type: "string" },
      reward: { type: "string" },
      status: { type: "string" },
      limit: { type: "string", default: SHOWN },
      json: { type: "boolean", default: false },
      csv: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const where = "rlvr runs query";
  const [folder = "runs", ...more] = positionals;
  if (more.length > 0) refuse(where, `${positionals.length} folders are named`, "name one");
  const asked = [values.metric, values.sql].filter((one) => one !== undefined).length;
  if (asked + Number(values.tokens) + Number(values.texts) > 1) {
    refuse(where, "several of --metric, --tokens, --texts and --sql are given", "give one");
  }
  const { run, problem, status } = values;
  const step = rangeOption("step", values.step);
  const reward = rangeOption("reward", values.reward);
  const limit = values.limit === "0" ? undefined : countOption("--limit", values.limit);
  const query: RunQuery = {
    ...(run && { run }),
    ...(step !== undefined && { step }),
    ...(problem !== undefined && { problem }),
    ...(reward !== undefined && { reward }),
    ...(status !== undefined && { status }),
    ...(limit !== undefined && { limit }),
  };
  if (values.sql !== undefined && Object.keys(query).some((name) => name !== "limit")) {
    refuse(where, "--sql has its conditions in itself", "leave the others out");
  }
  const store = await openRuns(folder);
  const rows = await rowsOf(store, values, query);
  printRows(rows, values.csv ? "csv" : values.json ? "json" : "table");
  return told(store);
}

async function rowsOf(
  store: RunStore,
  {
    metric,
    tokens,
    texts,
    sql,
  }: {
    readonly metric?: string | undefined;
    readonly tokens: boolean;
    readonly texts: boolean;
    readonly sql?: string | undefined;
  },
  query: RunQuery,
): Promise<object[]> {
  if (sql !== undefined) return store.sql(sql).slice(0, query.limit);
  if (metric !== undefined) return store.metrics(metric === "all" ? query : { ...query, name: metric });
  if (tokens) return await tokenRows(store, query);
  const found = store.rollouts(query);
  if (!texts) return found;
  return await Promise.all(
    found.map(async (one) => {
      const { prompt, completion, answer, reason } = await store.rollout(one);
      return { ...one, prompt, completion, answer, reason };
    }),
  );
}

async function tokenRows(store: RunStore, query: RunQuery): Promise<object[]> {
  const { count, runs, reasons, ...columns } = await store.tokens(query);
  const known = (value: number | undefined): number | null =>
    value === undefined || Number.isNaN(value) ? null : value;
  return Array.from({ length: count }, (_, i) => ({
    run: runs[columns.run[i] ?? -1] ?? null,
    step: columns.step[i],
    row: columns.row[i],
    position: columns.position[i],
    id: columns.ids[i],
    log_prob: known(columns.logProbs[i]),
    sample_log_prob: known(columns.sampleLogProbs[i]),
    entropy: known(columns.entropies[i]),
    advantage: known(columns.advantages[i]),
    mask: reasons[columns.masks[i] ?? -1] ?? null,
  }));
}

/** `3` or `3..7`. */
function rangeOption(flag: string, text: string | undefined): readonly [number, number] | undefined {
  if (text === undefined) return undefined;
  const [from = "", to = from, ...more] = text.split("..");
  if (more.length > 0) refuse("rlvr runs query", `--${flag} is "${text}"`, "pass a number, or two as 3..7");
  const ends = [from, to].map((end) => numberOption("rlvr runs query", flag, end));
  return [ends[0] ?? 0, ends[1] ?? 0];
}
