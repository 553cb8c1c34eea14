/**
 * prime-rl: `rollouts/step_N/{train,eval}/{all,effective}/traces.jsonl` (a `verifiers` trace a line, or an episode with
 * `traces`), and the per-token export `token_exports/step_N/rank_R.jsonl`.
 *
 * A trace's score is the weighted sum of its rewards, as prime-rl trains on it; the `score` option names one reward instead
 * (`rewards/NAME`). A trace with an error, or one whose rewards were not worked out, is unscored, not wrong.
 */
import { asNumber, badField, contentId, type Fields, isFields, messageText, numbers, others } from "./fields.ts";
import { jsonlRecords } from "./lines.ts";
import type { ImportRecord, Place, ReadOptions, SampleRecord } from "./record.ts";
import { tokensRecord } from "./tokens.ts";

export async function* readPrimeTraces(file: string, options: ReadOptions): AsyncGenerator<ImportRecord> {
  const [, at, kind = "traces", part] = /step_(\d+)[\\/](train|eval)[\\/](\w+)[\\/]/.exec(file) ?? [];
  const where = { step: at, kind: part === undefined ? kind : `${kind}/${part}` };
  yield* jsonlRecords(file, (row, place) => {
    const { traces } = row;
    if (!Array.isArray(traces)) return [trace(row, place, where, options)];
    const shared = others(row, "traces");
    return traces.map((one: unknown, i) => {
      if (!isFields(one)) return badField(`traces[${i}]`, "is not an object");
      return trace({ ...shared, ...one }, place, where, options);
    });
  });
}

interface Where {
  readonly step: string | undefined;
  readonly kind: string;
}

function trace(row: Fields, place: Place, where: Where, { score: wanted }: ReadOptions): SampleRecord {
  const task = isFields(row.task) ? row.task : {};
  const data = isFields(task.data) ? task.data : {};
  const nodes = Array.isArray(row.nodes) ? row.nodes : [];
  const messages = nodes.map((node: unknown) => (isFields(node) ? node.message : undefined));
  const asked = messages.find((message) => isFields(message) && message.role === "user");
  const prompt = messageText(data.prompt) ?? messageText(data.question) ?? messageText(asked);
  const answer = typeof data.answer === "string" ? data.answer : undefined;
  const info = isFields(row.info) ? row.info : {};
  const environment = [row.env_name, info.env_name, task.type].find((name) => typeof name === "string");
  const identity = [task.key, task.hash, task.idx, data.idx].find(
    (id) => typeof id === "string" || Number.isInteger(id),
  );
  const at = where.step === undefined ? runStep(row) : Number(where.step);
  const failed = Array.isArray(row.errors) && row.errors.length > 0;
  return {
    kind: "sample",
    set: environment === undefined ? where.kind : `${where.kind}/${environment}`,
    ...(at === undefined ? {} : { step: at }),
    problem: identity === undefined ? contentId(prompt, answer) : String(identity),
    ...(prompt === undefined ? {} : { prompt }),
    ...(answer === undefined ? {} : { answer }),
    text: messageText(messages, "assistant") ?? "",
    score: failed ? null : rewardOf(row, wanted),
    fields: others(row, "nodes", "task"),
    place,
  };
}

function runStep(row: Fields): number | undefined {
  const run = isFields(row.run) ? row.run : {};
  const work = isFields(run.work) ? run.work : {};
  return [run.step, work.step, row.eval_step].map(asNumber).find((at) => at !== undefined && Number.isSafeInteger(at));
}

/** Weighted sum of the rewards; null where one of them was not worked out. */
function rewardOf(row: Fields, wanted: string | undefined): number | null {
  const rewards = isFields(row.rewards) ? row.rewards : {};
  const name = wanted?.replace(/^rewards\//, "");
  const chosen = name === undefined ? Object.entries(rewards) : [[name, rewards[name]] as const];
  if (chosen.length === 0) return wanted === undefined ? (asNumber(row.reward) ?? null) : null;
  let sum = 0;
  for (const [of, reward] of chosen) {
    if (reward === null) return null;
    const weight = isFields(reward) && name === undefined ? (asNumber(reward.weight) ?? 1) : 1;
    const value = asNumber(isFields(reward) ? reward.score : reward);
    if (value === undefined) return badField(`rewards.${of}`, "has no score");
    if (Number.isNaN(value)) return null;
    sum += value * weight;
  }
  return sum;
}

/** Fields of the export that are not numbers per token. */
const EXPORT_KEYS = ["schema_version", "step", "export_step", "rank", "micro_step", "run_id", "env_name"];

export async function* readPrimeTokens(file: string): AsyncGenerator<ImportRecord> {
  yield* jsonlRecords(file, (row, place) => {
    const { schema_version: version } = row;
    if (version !== undefined && version !== 1) badField("schema_version", `is ${String(version)}; 1 is read`);
    const environment = typeof row.env_name === "string" ? row.env_name : "tokens";
    const at = asNumber(row.export_step) ?? asNumber(row.step);
    const key = { set: environment, ...(at === undefined ? {} : { step: at }) };
    const perToken = Object.keys(row).filter((name) => Array.isArray(row[name]) && name !== "losses");
    const columns = Object.fromEntries(
      perToken.filter((name) => name !== "token_ids").map((name) => [name, numbers(row, name)]),
    );
    const { loss_mask: mask, ...rest } = columns;
    if (mask === undefined) return badField("loss_mask", "is missing");
    const kept = Object.fromEntries(Object.entries(row).filter(([name]) => EXPORT_KEYS.includes(name)));
    return [tokensRecord({ row, ids: "token_ids", mask, columns: rest, key, fields: kept, place })];
  });
}
