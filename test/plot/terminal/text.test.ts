import { expect, test } from "vitest";
import { bar, cutTo, duration, oneLine, short, sparkline } from "../../../src/plot/terminal/text.ts";

test.each([
  [[0, 1, 2, 3, 4, 5, 6, 7], 8, "▁▂▃▄▅▆▇█"],
  [[0, 2, 6, 8], 2, "▁█"], // means 1 and 7
  [[5, 5, 5], 9, "▅▅▅"], // no range: the middle
  [[0, Number.NaN, 1], 3, "▁ █"],
  [[Number.NaN, 1, 0, 0], 2, "█▁"], // a gap within a share does not count
  [[], 9, ""],
])("sparkline: %j in %d places is %j", (values, width, expected) => {
  expect(sparkline(values, width)).toBe(expected);
});

test("bar: full and empty places add up, also outside of 0 to 1", () => {
  expect([bar(0, 4), bar(0.5, 4), bar(1, 4), bar(-1, 2), bar(7, 2)]).toEqual(["░░░░", "██░░", "████", "░░", "██"]);
});

test("short and duration: few places", () => {
  expect([0.123456, 12345.6, 0, Number.NaN].map(short)).toEqual(["0.123", "12,346", "0", "NaN"]);
  expect([1.25, 59.4, 61, 3661].map(duration)).toEqual(["1.3 s", "59 s", "1:01", "1:01:01"]);
});

test("cutTo: wide characters count as two", () => {
  expect(cutTo("abcd", 4)).toBe("abcd");
  expect(cutTo("abcde", 4)).toBe("abc…");
  expect(cutTo("漢字", 4)).toBe("漢字");
  expect(cutTo("漢字x", 4)).toBe("漢…");
});

test("oneLine: nothing in it moves the cursor", () => {
  expect(oneLine("a\nb\tc\u001b[2J\r\u202e")).toBe("a⏎b⇥c·[2J··");
});
