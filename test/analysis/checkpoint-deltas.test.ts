import { mkdtemp, readdir, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { checkpointDeltas, principalAngles, svd, type Weights, weightDeltas } from "../../src/analysis/index.ts";
import { openCheckpoint, UsageError } from "../../src/index.ts";
import { partialResults } from "../../src/toolkit/partial-results.ts";
import { rng } from "../../src/toolkit/rng.ts";
import { bf16, type Content, checkpointFolder, f32, shardedFolder } from "../support/checkpoint-folder.ts";

const random = rng({ seed: 1, stream: "test" });
const draw = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());

/** W and W + Σ of `rank` outer products of normal numbers. */
function planted(rows: number, columns: number, rank: number, size: number): [Float32Array, Float32Array] {
  const [w, left, right] = [draw(rows * columns), draw(rank * rows), draw(rank * columns)];
  const moved = w.map((x, i) => {
    let sum = 0;
    for (let r = 0; r < rank; r++) {
      sum += (left[r * rows + Math.floor(i / columns)] ?? 0) * (right[r * columns + (i % columns)] ?? 0);
    }
    return x + size * sum;
  });
  return [w, moved];
}

const shapes = { tall: [90, 40], wide: [40, 90], square: [31, 31] } as const;
const pairs = Object.entries(shapes).map(([name, [m, n]]) => [name, [m, n], planted(m, n, 3, 0.1)] as const);
const still = { still: f32([1, 2, 3, 4], [2, 2]), norm: f32([1, 2], [2]) };

/** Before and after in memory and on disk, the latter in two shards. */
async function both() {
  const side = (at: 0 | 1): Record<string, Content> => ({
    ...Object.fromEntries(pairs.map(([name, shape, pair]) => [name, f32(pair[at], shape)])),
    ...still,
    norm: f32(at === 0 ? [1, 2] : [1, 2.5], [2]),
  });
  const inMemory = (at: 0 | 1): Weights =>
    Object.fromEntries(
      Object.entries(side(at)).map(([name, { shape, bits }]) => [name, { shape, data: new Float32Array(bits.buffer) }]),
    );
  const { tall, ...others } = side(1);
  if (tall === undefined) throw new Error("no tensor");
  return {
    memory: [inMemory(0), inMemory(1)] as const,
    disk: [
      await openCheckpoint(await checkpointFolder(side(0))),
      await openCheckpoint(await shardedFolder([{ tall }, others])),
    ] as const,
  };
}

test("checkpointDeltas: from disk the same numbers as from memory, tall, wide and square", async () => {
  const { memory, disk } = await both();
  const expected = await weightDeltas(...memory, { ranks: [1, 3, 8] });
  const found = await checkpointDeltas(...disk, { ranks: [1, 3, 8], threads: 2 });
  expect(found.overall.relativeNorm).toBeCloseTo(expected.overall.relativeNorm, 12);
  expect(found.overall.unchanged).toBe(expected.overall.unchanged);
  expect(found.tensors.map(({ name }) => name)).toEqual(expected.tensors.map(({ name }) => name));
  for (const [i, tensor] of found.tensors.entries()) {
    const reference = expected.tensors[i];
    if (reference === undefined) throw new Error("no tensor");
    const { spectrum, ...rest } = reference;
    const { spectrum: measured, angles, aboveRounding, ...others } = tensor;
    expect(others).toEqual({
      ...rest,
      norm: expect.closeTo(rest.norm, 10),
      deltaNorm: expect.closeTo(rest.deltaNorm, 10),
      relativeNorm: expect.closeTo(rest.relativeNorm, 10),
    });
    if (spectrum === undefined) {
      expect([measured, angles, aboveRounding]).toEqual([undefined, undefined, undefined]);
      continue;
    }
    // What is float32 rounding of W' in Δ lies at 1e-7: a Gram matrix finds it to some 1e-16 / 1e-7.
    for (const [k, sigma] of spectrum.singularValues.entries()) {
      expect(measured?.singularValues[k]).toBeCloseTo(sigma, 7);
    }
    for (const key of ["stableRank", "effectiveRank", "participationRatio"] as const) {
      expect(measured?.[key]).toBeCloseTo(spectrum[key], 5);
    }
    expect(measured?.energy.map(({ error }) => error)).toEqual(
      spectrum.energy.map(({ error }) => expect.closeTo(error, 6)),
    );
  }
});

test("checkpointDeltas: angles are those between the top singular vectors", async () => {
  const { disk } = await both();
  const { tensors } = await checkpointDeltas(...disk, { angles: 2 });
  for (const [name, [rows, columns], [before, after]] of pairs) {
    const delta = after.map((x, i) => x - (before[i] ?? 0));
    const [a, b] = [svd({ data: delta, rows, columns }), svd({ data: before, rows, columns })];
    const top = (data: Float64Array, length: number) => ({
      rows: length,
      columns: 2,
      data: Float64Array.from({ length: 2 * length }, (_, i) => data[(i % 2) * length + Math.floor(i / 2)] ?? 0),
    });
    const angles = tensors.find((tensor) => tensor.name === name)?.angles;
    const left = principalAngles(top(a.left, rows), top(b.left, rows));
    const right = principalAngles(top(a.right, columns), top(b.right, columns));
    expect(Array.from(angles?.left.angles ?? [])).toEqual(Array.from(left.angles, (x) => expect.closeTo(x, 5)));
    expect(Array.from(angles?.right.angles ?? [])).toEqual(Array.from(right.angles, (x) => expect.closeTo(x, 5)));
    expect(angles?.right.overlap).toBeCloseTo(right.overlap, 5);
  }
});

test("checkpointDeltas: a change along the base's own top direction has angle 0", async () => {
  const [u, v] = [draw(20), draw(12)];
  const outer = (size: number) =>
    Array.from({ length: 240 }, (_, i) => size * (u[Math.floor(i / 12)] ?? 0) * (v[i % 12] ?? 0));
  const open = async (size: number) => await openCheckpoint(await checkpointFolder({ w: f32(outer(size), [20, 12]) }));
  const { tensors } = await checkpointDeltas(await open(1), await open(1.5), { angles: 1 });
  expect(tensors[0]?.angles?.left.overlap).toBeCloseTo(1, 10);
  expect(tensors[0]?.angles?.right.overlap).toBeCloseTo(1, 10);
});

test("checkpointDeltas: a planted rank stands above bfloat16's rounding, and the share of equal entries is exact", async () => {
  const [rows, columns, rank] = [160, 120, 5];
  const [drawn, changed] = planted(rows, columns, rank, 0.005);
  const a = bf16(drawn, [rows, columns]);
  const before = new Float32Array(Uint32Array.from(a.bits, (half) => half << 16).buffer);
  const b = bf16(
    before.map((x, i) => x + (changed[i] ?? 0) - (drawn[i] ?? 0)),
    [rows, columns],
  );
  let equal = 0;
  for (const [i, half] of a.bits.entries()) if (half === b.bits[i]) equal++;
  const [first, second] = await Promise.all(
    [a, b].map(async (w) => await openCheckpoint(await checkpointFolder({ w }))),
  );
  if (first === undefined || second === undefined) throw new Error("no checkpoint");
  const { tensors } = await checkpointDeltas(first, second);
  expect(equal).toBeGreaterThan(1000);
  expect(tensors[0]?.unchanged).toBe(equal / (rows * columns));
  expect(tensors[0]?.aboveRounding?.rank).toBe(rank);
});

test("checkpointDeltas: above exactUpTo the spectrum is a sketch, within its bound of the exact one", async () => {
  const { disk } = await both();
  const exact = (await checkpointDeltas(...disk, { angles: 0 })).tensors[0]?.spectrum;
  const rough = await checkpointDeltas(...disk, { exactUpTo: 8, sketchRank: 4, passes: 1, angles: 2 });
  const spectrum = rough.tensors[0]?.spectrum;
  expect(exact?.sketch).toBeUndefined();
  expect(spectrum).toMatchObject({ size: 40, rank99: 3 });
  expect(spectrum?.singularValues).toHaveLength(4);
  for (const [k, value] of (spectrum?.singularValues ?? []).entries()) {
    const sigma = exact?.singularValues[k] ?? 0;
    expect(value).toBeLessThanOrEqual(sigma + 1e-9);
    expect(value ** 2 + (spectrum?.sketch?.bound ?? 0) ** 2).toBeGreaterThanOrEqual(sigma ** 2);
  }
  expect(rough.tensors[0]?.angles?.left.angles).toHaveLength(2);
  expect(spectrum?.stableRank).toBeCloseTo(exact?.stableRank ?? 0, 6);
});

test("checkpointDeltas: half precision on one side, float32 on the other", async () => {
  // 1, −2, 0.5 and 2⁻²⁴, the smallest half.
  const halves: Content = { dtype: "F16", shape: [4], bits: Uint16Array.of(0x3c00, 0xc000, 0x3800, 1) };
  const { tensors } = await checkpointDeltas(
    await openCheckpoint(await checkpointFolder({ w: halves })),
    await openCheckpoint(await checkpointFolder({ w: f32([1, -2, 3.5, 2 ** -24], [4]) })),
  );
  expect(tensors[0]).toMatchObject({ deltaNorm: 3, unchanged: 3 / 4, norm: expect.closeTo(Math.sqrt(5.25), 12) });
});

test("checkpointDeltas: NaN and a file that became shorter are refused, naming entry and file", async () => {
  const good = await openCheckpoint(await checkpointFolder({ w: f32(new Float32Array(12), [3, 4]) }));
  const values = new Float32Array(12);
  values[6] = Number.NaN;
  const bad = await openCheckpoint(await checkpointFolder({ w: f32(values, [3, 4]) }));
  await expect(checkpointDeltas(good, bad)).rejects.toThrow(/entry \[1, 2\] of "w" is NaN/);
  await expect(checkpointDeltas(good, bad)).rejects.toThrow(UsageError);
  const cut = await openCheckpoint(await checkpointFolder({ w: f32(values, [3, 4]) }));
  await truncate(join(cut.folder, "model.safetensors"), 80);
  await expect(checkpointDeltas(good, cut)).rejects.toThrow(/ends within "w".*truncated/);
  await expect(checkpointDeltas(good, good, { ranks: [0] })).rejects.toThrow(/a rank is 0/);
  await expect(checkpointDeltas(good, good, { angles: -1 })).rejects.toThrow(/angles is -1/);
});

test("checkpointDeltas: a call that was cut off goes on with the tensors left, and gives the same", async () => {
  const { disk } = await both();
  const whole = await checkpointDeltas(...disk, { threads: 1 });
  const place = await mkdtemp(join(tmpdir(), "rlvr-parts-"));
  const stop = new Error("cut off");
  const cutOff = checkpointDeltas(...disk, {
    threads: 1,
    parts: partialResults(place),
    onProgress: ({ done }) => {
      if (done === 3) throw stop;
    },
  });
  await expect(cutOff).rejects.toBe(stop);
  await expect.poll(async () => (await readdir(place)).filter((name) => name.endsWith(".part")).length).toBe(3);
  const [broken = ""] = await readdir(place);
  await writeFile(join(place, broken), "not whole");
  const warning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  const seen: number[] = [];
  const parts = partialResults(place);
  const again = await checkpointDeltas(...disk, { threads: 1, parts, onProgress: ({ done }) => void seen.push(done) });
  expect(warning).toHaveBeenCalledOnce();
  warning.mockRestore();
  expect(again).toEqual(whole);
  expect(seen).toEqual([1, 2, 3, 4, 5]);
  await parts.clear();
  expect(await readdir(place)).toEqual([]);
  // Other options are other work.
  const kept = partialResults(place);
  await checkpointDeltas(...disk, { threads: 1, parts: kept, angles: 0 });
  expect((await checkpointDeltas(...disk, { threads: 1, parts: kept })).tensors).toEqual(whole.tensors);
});
