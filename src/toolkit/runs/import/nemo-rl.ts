/**
 * NeMo-RL: `train_data_step{N}.jsonl` and `val_data_step{N}.jsonl`, a sample a line. Each value is a list of one (a
 * micro-batch of 1). Training rows hold token ids padded on the right, masks and log-probs about the token itself;
 * validation rows hold the conversation and its reward.
 */
import { basename } from "node:path";
import {
  anyText,
  asNumber,
  badField,
  contentId,
  type Fields,
  isFields,
  messageText,
  numbers,
  others,
} from "./fields.ts";
import { jsonlRecords } from "./lines.ts";
import type { ImportRecord, Place, ReadOptions, SetKey } from "./record.ts";
import { tokensRecord } from "./tokens.ts";

export async function* readNemoData(file: string, options: ReadOptions): AsyncGenerator<ImportRecord> {
  const [, kind = "data", at] = /^(\w+?)_data_step(\d+)\.jsonl$/.exec(basename(file)) ?? [];
  const key: SetKey = { set: kind, ...(at === undefined ? {} : { step: Number(at) }) };
  yield* jsonlRecords(file, (row, place) => nemoRecords(unwrapped(row), place, key, options));
}

/** Each list of one as its only value. */
function unwrapped(row: Fields): Fields {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, Array.isArray(value) && value.length === 1 ? value[0] : value]),
  );
}

function nemoRecords(row: Fields, place: Place, key: SetKey, options: ReadOptions): ImportRecord[] {
  const field = options.score ?? "rewards";
  const reward = asNumber(row[field]) ?? (row[field] === null ? Number.NaN : badField(field, "is not a number"));
  const fields = others(
    row,
    "content",
    "token_ids",
    "token_loss_mask",
    "generation_logprobs",
    "prev_logprobs",
    "advantages",
  );
  const tokens = row.token_ids === undefined ? undefined : nemoTokens(row, place, key, { reward, fields });
  const { content } = row;
  const prompt = Array.isArray(content) ? anyText(beforeAnswer(content)) : undefined;
  const completion = messageText(content, Array.isArray(content) ? "assistant" : undefined);
  if (completion === undefined && tokens === undefined) return badField("content", "is missing");
  const sample: ImportRecord = {
    kind: "sample",
    ...key,
    problem: tokens?.problem ?? contentId(prompt ?? completion),
    ...(prompt === undefined ? {} : { prompt }),
    text: completion ?? "",
    score: Number.isNaN(reward) ? null : reward,
    fields,
    place,
  };
  return tokens === undefined ? [sample] : [sample, tokens];
}

/** The messages before the first answer. */
function beforeAnswer(messages: readonly unknown[]): readonly unknown[] {
  const first = messages.findIndex((message) => isFields(message) && message.role === "assistant");
  return first < 0 ? messages : messages.slice(0, first);
}

function nemoTokens(row: Fields, place: Place, key: SetKey, { reward, fields }: { reward: number; fields: Fields }) {
  const perToken = Object.keys(row).filter(
    (name) => Array.isArray(row[name]) && name !== "content" && name !== "token_ids",
  );
  const columns = Object.fromEntries(perToken.map((name) => [name, numbers(row, name)]));
  const { token_loss_mask: mask, ...rest } = columns;
  if (mask === undefined) return badField("token_loss_mask", "is missing");
  const length = asNumber(row.input_lengths);
  return tokensRecord({
    row,
    ids: "token_ids",
    mask,
    columns: rest,
    ...(length === undefined ? {} : { length }),
    key,
    ...(Number.isNaN(reward) ? {} : { reward }),
    fields,
    place,
  });
}
