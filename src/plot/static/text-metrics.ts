/**
 * Advance widths of a sans-serif with Helvetica's proportions (Helvetica, Arial and Liberation Sans share them), in
 * thousandths of the font size. A DOM without layout has no other way to know how wide a label is.
 */
const ranges: readonly (readonly [first: number, widths: readonly number[]])[] = [
  [0x20, list("278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278")],
  [0x30, list("556 556 556 556 556 556 556 556 556 556 278 278 584 584 584 556")],
  [0x40, list("1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778")],
  [0x50, list("667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556")],
  [0x60, list("333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556")],
  [0x70, list("556 556 333 500 278 556 500 722 500 500 500 334 260 334 584")],
  [0xa0, list("278 333 556 556 556 556 260 556 333 737 370 556 584 333 737 552")],
  [0xb0, list("400 549 333 333 333 576 537 278 333 333 365 556 834 834 834 611")],
  [0xc0, list("667 667 667 667 667 667 1000 722 667 667 667 667 278 278 278 278")],
  [0xd0, list("722 722 778 778 778 778 778 584 778 722 722 722 722 667 667 611")],
  [0xe0, list("556 556 556 556 556 556 889 500 556 556 556 556 278 278 278 278")],
  [0xf0, list("556 556 556 556 556 556 556 549 611 556 556 556 556 500 556 500")],
  [0x391, list("667 667 551 668 667 611 722 778 278 667 668 833 722 650 778 722 667 667 618 611 667 798 667 835 748")],
  [0x3b1, list("578 446 556 222 547 578 575 500 557 446 441 556 556 222 500 500 576 500 448 556 690 569 482 617 395")],
  [0x3c9, list("781")],
];

/** Of what the table lacks (arrows, symbols, CJK): wide enough that nothing is cut. */
const otherWidth = 1000;
/** Bold against regular, mean over ASCII, rounded up. */
const boldFactor = 1.06;
/** Height of the font above and below the baseline, in font sizes. */
export const ascent = 0.905;
export const descent = 0.212;

const widths = new Map<number, number>(
  ranges.flatMap(([first, row]) => row.map((width, i): [number, number] => [first + i, width])),
);
for (const [character, width] of Object.entries({ "−": 584, "–": 556, "≤": 549, "≥": 549, "≈": 549, "∑": 713 })) {
  widths.set(character.charCodeAt(0), width);
}

/** Width of a line of text in pixels. */
export function textWidth(text: string, fontSize: number, bold = false): number {
  let sum = 0;
  for (const character of text) sum += widths.get(character.codePointAt(0) ?? 0) ?? otherWidth;
  return ((sum * fontSize) / 1000) * (bold ? boldFactor : 1);
}

function list(text: string): readonly number[] {
  return text.split(" ").map(Number);
}
