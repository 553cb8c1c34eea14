import { expect, test } from "vitest";
import { finalAnswer, readNatural } from "../../../src/toolkit/verify/answer.ts";

test("finalAnswer: the text behind the only marker", () => {
  expect(finalAnswer("7+5+0=12;#12", "#")).toEqual({ kind: "text", text: "12" });
});

test.each([
  ["", 'there is no final answer: no "#" in ""'],
  ["932", 'there is no final answer: no "#" in "932"'],
  ["#", 'nothing follows "#"'],
  ["#932#", 'there are several answers: "#932#"'],
  ["#932#932", 'there are several answers: "#932#932"'],
])("finalAnswer: %j is unparsed", (completion, reason) => {
  expect(finalAnswer(completion, "#")).toEqual({ kind: "unparsed", reason });
});

test.each(["0", "7", "932", "12345678901234567890"])("readNatural: reads %j", (text) => {
  expect(readNatural(text, 20)).toEqual({ kind: "text", text });
});

test.each([
  ["", "the number is empty"],
  ["0932", '"0932" has a leading zero'],
  ["00", '"00" has a leading zero'],
  ["9 32", '"9 32" is not a number in the digits 0 to 9'],
  ["932 ", '"932 " is not a number in the digits 0 to 9'],
  ["932\n", '"932\\n" is not a number in the digits 0 to 9'],
  ["+932", '"+932" is not a number in the digits 0 to 9'],
  ["-0", '"-0" is not a number in the digits 0 to 9'],
  ["9e2", '"9e2" is not a number in the digits 0 to 9'],
  ["932.0", '"932.0" is not a number in the digits 0 to 9'],
  ["٩٣٢", '"٩٣٢" is not a number in the digits 0 to 9'],
  ["９３２", '"９３２" is not a number in the digits 0 to 9'],
  ["𝟗𝟑𝟐", '"𝟗𝟑𝟐" is not a number in the digits 0 to 9'],
])("readNatural: %j is unparsed", (text, reason) => {
  expect(readNatural(text, 20)).toEqual({ kind: "unparsed", reason });
});

test("readNatural: a million digits are refused by their length, in a short reason", () => {
  const reading = readNatural("9".repeat(1e6), 20);
  expect(reading).toMatchObject({ kind: "unparsed" });
  expect(JSON.stringify(reading).length).toBeLessThan(200);
});
