import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { JupyterClient, type Message } from "../support/jupyter-client.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
let folder: string;
let client: JupyterClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "rlvr-tslab-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules", "rlvr-lab"), "junction"); // as an installation would put it
  const main = join(dirname(createRequire(import.meta.url).resolve("tslab/package.json")), "bin", "tslab");
  client = await JupyterClient.start(process.execPath, [main, "kernel", "--config-path"], folder);
});
afterAll(async () => {
  await client.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a cell and fails with what it wrote when the cell does. */
async function cell(...lines: string[]): Promise<Message[]> {
  const messages = await client.execute(lines.join("\n"));
  const reply = messages.find(({ type }) => type === "execute_reply");
  expect(reply?.content.status, JSON.stringify(messages.filter(({ type }) => type === "stream"))).toBe("ok");
  return messages;
}

const PLOTLY = "application/vnd.plotly.v1+json";

function bundles(messages: readonly Message[], type: string): Record<string, unknown>[] {
  return messages
    .filter((message) => message.type === type)
    .map(({ content }) => content.data as Record<string, unknown>);
}

test("tslab: a stock tslab kernel trains a policy and gets its figures", { timeout: 180_000 }, async () => {
  await cell(
    'import { chainAddition, evaluate, pretrain, train } from "rlvr-lab";',
    'import { grpo } from "rlvr-lab/algorithms";',
    'import { reasoningBoundary } from "rlvr-lab/analysis";',
    'import { boundaryFigure, display, trainingFigure } from "rlvr-lab/plot";',
  );
  await cell(
    "const task = chainAddition({ digits: 1 });",
    "const base = await pretrain({ task, steps: 30, batch: 16, problems: 32, seed: 1, cache: false });",
    "const settings = { policy: base, task, algorithm: grpo(), promptsPerStep: 4, samplesPerPrompt: 4 };",
    "const run = train({ ...settings, steps: 2, seed: 1 });",
    "const { policy: trained } = await run.finished;",
  );
  const training = await cell("await display(trainingFigure(run.records));");
  const [figure] = bundles(training, "display_data");
  expect(figure?.[PLOTLY]).toMatchObject({ data: expect.any(Array), layout: expect.any(Object) });

  const measured = await cell(
    "const exam = { task: task, count: 4, samples: 4, seed: 1 }; // tslab does not see a shorthand name of another cell",
    "const boundary = reasoningBoundary(await evaluate(base, exam), await evaluate(trained, exam));",
    "await display(boundaryFigure(boundary));",
    "console.log(boundary.curve.length);",
  );
  expect(bundles(measured, "display_data")[0]?.[PLOTLY]).toBeDefined();
  const pictures = [...bundles(measured, "display_data"), ...bundles(measured, "update_display_data")];
  expect(pictures.some((bundle) => String(bundle["image/svg+xml"]).startsWith("<svg"))).toBe(true);
  const printed = measured.filter(({ type }) => type === "stream").map(({ content }) => content.text);
  expect(printed.join("")).toContain("4"); // k = 1 to 4
});
