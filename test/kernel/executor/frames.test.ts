import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { encodeFrame, type Frame, FrameReader } from "../../../kernel/executor/frames.ts";
import { rng } from "../../../src/toolkit/rng.ts";

const frame = (n: number): Frame => ({ type: "exit", reason: `frame ${n} ${"x".repeat(n * 7)}` });

test("frames: any cut of the stream gives the same frames", () => {
  const bytes = Buffer.concat(Array.from({ length: 30 }, (_, i) => encodeFrame(i + 1, frame(i))));
  const random = rng({ seed: 1, stream: "frames" });
  for (let round = 0; round < 50; round++) {
    const seen: Frame[] = [];
    const reader = new FrameReader(randomBytes(16), (one) => seen.push(one));
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + random.integer(200);
      reader.push(bytes.subarray(at, end));
      at = end;
    }
    expect(seen).toEqual(Array.from({ length: 30 }, (_, i) => frame(i)));
  }
});

test("frames: a write torn anywhere and repeated after the marker loses and doubles nothing", () => {
  const marker = randomBytes(16);
  const [before, torn, after] = [encodeFrame(1, frame(1)), encodeFrame(2, frame(5)), encodeFrame(3, frame(2))];
  for (let cut = 0; cut <= torn.length; cut++) {
    const stream = Buffer.concat([before, torn.subarray(0, cut), marker, torn, after]);
    for (const chunk of [1, 7, stream.length]) {
      const seen: Frame[] = [];
      const reader = new FrameReader(marker, (one) => seen.push(one));
      reader.expectTear();
      for (let at = 0; at < stream.length; at += chunk) reader.push(stream.subarray(at, at + chunk));
      expect(seen, `cut at ${cut}, chunks of ${chunk}`).toEqual([frame(1), frame(5), frame(2)]);
    }
  }
});
