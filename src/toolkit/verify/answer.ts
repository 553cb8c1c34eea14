/**
 * Strict reading of a final answer. A verifier that guesses what was meant pays for guesses: everything here reads one
 * spelling of one answer, and says why not where it cannot.
 */
import { excerpt } from "./excerpt.ts";

/** A text that was read, or the reason why it could not be. */
export type Reading = { readonly kind: "text"; readonly text: string } | { readonly kind: "unparsed"; reason: string };

/**
 * The text between the only marker of a completion and its end.
 *
 * Unparsed: no marker, several markers (also when the answers are equal: one answer is given once), nothing behind it.
 *
 * @param marker one character, such as `#`
 */
export function finalAnswer(completion: string, marker: string): Reading {
  const at = completion.indexOf(marker);
  if (at < 0) return unparsed(`there is no final answer: no "${marker}" in ${excerpt(completion)}`);
  if (completion.indexOf(marker, at + 1) >= 0) return unparsed(`there are several answers: ${excerpt(completion)}`);
  const text = completion.slice(at + 1);
  return text === "" ? unparsed(`nothing follows "${marker}"`) : { kind: "text", text };
}

/**
 * A whole number from 0 in its only spelling: ASCII digits, no sign, no space, no leading zero (0 itself is "0").
 * Digits of other scripts, "0932", "+932" and "932 " are unparsed.
 *
 * @param maxDigits longer numbers are unparsed
 */
export function readNatural(text: string, maxDigits: number): Reading {
  if (text.length > maxDigits) return unparsed(`${excerpt(text)} has more than ${maxDigits} digits`);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 48 || code > 57) return unparsed(`${excerpt(text)} is not a number in the digits 0 to 9`);
  }
  if (text === "") return unparsed("the number is empty");
  if (text.length > 1 && text.startsWith("0")) return unparsed(`${excerpt(text)} has a leading zero`);
  return { kind: "text", text };
}

function unparsed(reason: string): Reading {
  return { kind: "unparsed", reason };
}

/** What stands in the last balanced `\boxed{...}` of a text, without blanks around it; undefined where there is none. */
export function boxedAnswer(text: string): string | undefined {
  const marker = "\\boxed{";
  for (let at = text.lastIndexOf(marker); at >= 0; at = at === 0 ? -1 : text.lastIndexOf(marker, at - 1)) {
    let depth = 1;
    for (let i = at + marker.length; i < text.length; i++) {
      if (text[i] === "{") depth++;
      else if (text[i] === "}") depth--;
      if (depth === 0) return text.slice(at + marker.length, i).trim();
    }
  }
  return undefined;
}
