import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { jupyterDisplay, type MimeBundle, plotlyMime } from "../../src/plot/figure.ts";
import { liveCurves, type TrainingRecord, trainingFigure } from "../../src/plot/index.ts";
import type { Surface } from "../../src/plot/surface.ts";
import { trainingSample } from "./samples.ts";

interface Sent {
  readonly kind: "show" | "update";
  readonly id: string | undefined;
  readonly at: number;
  readonly bundle: MimeBundle;
}

function recording(live = true): Surface & { readonly sent: Sent[] } {
  const sent: Sent[] = [];
  const note = (kind: Sent["kind"], bundle: MimeBundle, id: string | undefined) =>
    void sent.push({ kind, id, at: performance.now(), bundle });
  return {
    name: "kernel",
    live,
    immediate: false,
    sent,
    show: async (bundle, id) => void note("show", bundle, id),
    update: async (bundle, id) => note("update", bundle, id),
  };
}

/** A run whose steps and end the test decides. */
function runOf() {
  const records: TrainingRecord[] = [];
  const listeners = new Set<() => void>();
  let [resolve, reject] = [(_: unknown): void => undefined, (_: Error): void => undefined];
  const finished = new Promise<unknown>((yes, no) => {
    [resolve, reject] = [yes, no];
  });
  return {
    records,
    finished,
    resolve,
    reject,
    listeners,
    onStep(listener: () => void): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    step(record: TrainingRecord): void {
      records.push(record);
      for (const listener of listeners) listener();
    },
  };
}

const mimes = ({ bundle }: Sent): string => Object.keys(bundle).join(" ");
const last = (sent: readonly Sent[]): Sent => sent.at(-1) as Sent;

test("liveCurves: one output under one id, pictures while it runs, plotly at the end with the exact last state", async () => {
  const [run, surface] = [runOf(), recording()];
  const live = liveCurves(run);
  await live.follow(surface);
  const records = trainingSample(60);
  while (surface.sent.length < 3) {
    const next = records.shift();
    if (next !== undefined) run.step(next);
    await sleep(50);
  }
  run.resolve({ stopped: "finished" });
  await live.settled;
  const { sent } = surface;
  expect(sent[0]).toMatchObject({ kind: "show", bundle: { "text/plain": trainingFigure([]).summary } });
  expect(sent.slice(1).every(({ kind }) => kind === "update")).toBe(true);
  expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
  // JupyterLab's renderer does not redraw plotly: it must not come before the run's end.
  const pictures = sent.slice(1, -2);
  expect(pictures.length).toBeGreaterThan(1);
  for (const picture of pictures) expect(mimes(picture)).toBe("image/svg+xml text/plain");
  expect(last(sent).bundle[plotlyMime]).toEqual(trainingFigure(run.records).toJSON());
  expect(run.listeners.size).toBe(0);
});

test("liveCurves: at most four pictures a second, however fast the steps", async () => {
  const [run, surface] = [runOf(), recording()];
  const live = liveCurves(run);
  await live.follow(surface);
  for (let i = 0; surface.sent.length < 4; i++) {
    run.step({ step: i, metrics: { reward: i } });
    await sleep(20);
  }
  run.resolve(undefined);
  await live.settled;
  const times = surface.sent.slice(1, -2).map(({ at }) => at);
  expect(times.length).toBeGreaterThan(1);
  for (const [i, at] of times.slice(1).entries()) expect(at - (times[i] ?? 0)).toBeGreaterThanOrEqual(249);
});

test("liveCurves: where nobody watches, only the first state and the last are sent", async () => {
  const [run, surface] = [runOf(), recording(false)];
  const live = liveCurves(run);
  await live.follow(surface);
  for (const record of trainingSample(5)) run.step(record);
  await sleep(600);
  expect(surface.sent).toHaveLength(1);
  run.resolve(undefined);
  await live.settled;
  expect(surface.sent.map(mimes)).toEqual([
    "text/plain",
    `${plotlyMime} text/plain`, // at once, in case the kernel stops now
    expect.stringMatching(/^application\/vnd\.plotly\.v1\+json image\/(svg\+xml|png) text\/plain$/),
  ]);
});

test.each([
  {
    name: "a failed run",
    end: (run: ReturnType<typeof runOf>) => run.reject(new Error("weights differ")),
    note: "ended by an error: weights differ",
  },
  {
    name: "an aborted run",
    end: (run: ReturnType<typeof runOf>) => run.resolve({ stopped: "aborted" }),
    note: "stopped early",
  },
])("liveCurves: after $name comes its last state with the reason, and nothing more", async ({ end, note }) => {
  const [run, surface] = [runOf(), recording()];
  const live = liveCurves(run);
  await live.follow(surface);
  const [first, second, late] = trainingSample(3) as [TrainingRecord, TrainingRecord, TrainingRecord];
  run.step(first);
  run.step(second);
  end(run);
  await live.settled;
  const count = surface.sent.length;
  expect(last(surface.sent).bundle[plotlyMime]).toEqual(trainingFigure([first, second], { note }).toJSON());
  expect(live.current().layout.title?.text).toContain(note);
  run.step(late);
  await sleep(300);
  expect(surface.sent).toHaveLength(count);
});

test("liveCurves: a surface that fails costs a warning, not the run", async () => {
  const run = runOf();
  const live = liveCurves(run);
  const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
  const broken = { ...recording(), update: async () => Promise.reject(new Error("the page is gone")) };
  await live.follow(broken);
  run.step({ step: 1, metrics: { reward: 1 } });
  expect((await warned).message).toContain("the page is gone");
  run.resolve(undefined);
  await live.settled;
});

test("liveCurves: in our kernel the protocol shows the figure itself, elsewhere it gives the current state", async () => {
  const run = runOf();
  expect((await liveCurves(run)[jupyterDisplay]())["text/plain"]).toContain("waiting for the first step");
  const key = Symbol.for("rlvr.display");
  const calls: string[] = [];
  const host = { live: false, display: () => calls.push("display"), update: () => calls.push("update") };
  Reflect.set(globalThis, key, host);
  try {
    const live = liveCurves(run);
    expect(await live[jupyterDisplay]()).toEqual({});
    run.resolve(undefined);
    await live.settled;
    expect(calls).toEqual(["display", "update", "update"]);
  } finally {
    Reflect.deleteProperty(globalThis, key);
  }
});
