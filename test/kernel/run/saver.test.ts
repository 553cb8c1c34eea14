import { expect, test } from "vitest";
import { Saver } from "../../../kernel/run/saver.ts";

test("saver: one save at a time, and one more for all that was asked for meanwhile", async () => {
  let [state, saved, atOnce, saves] = [0, -1, 0, 0];
  const saver = new Saver(async () => {
    expect(++atOnce).toBe(1);
    saves++;
    const seen = state;
    await new Promise((resolve) => setTimeout(resolve, 5));
    saved = seen;
    atOnce--;
  });
  for (state = 1; state <= 4; state++) saver.request();
  state = 4;
  await saver.settled();
  expect([saved, saves]).toEqual([4, 2]);
  saver.request();
  await saver.settled();
  expect(saves).toBe(3);
});

test("saver: a save that fails is told when the run settles and before the next one", async () => {
  const saver = new Saver(() => Promise.reject(new Error("disk full")));
  saver.request();
  await expect(saver.settled()).rejects.toThrow("disk full");
  expect(() => saver.request()).toThrow("disk full");
});
