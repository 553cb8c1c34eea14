/** Text for terminals: curves of block characters, numbers and times in few places, lines that fit. */

const LEVELS = "▁▂▃▄▅▆▇█";

/** A curve in `width` characters at most, each the mean of its share of the values; a value that is not finite is a gap. */
export function sparkline(values: readonly number[], width: number): string {
  const places = Math.min(width, values.length);
  const means = Array.from({ length: places }, (_, i) => {
    const [start, end] = [Math.floor((i * values.length) / places), Math.floor(((i + 1) * values.length) / places)];
    const part = values.slice(start, end).filter(Number.isFinite);
    return part.length === 0 ? Number.NaN : part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const finite = means.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  return means
    .map((value) => {
      if (!Number.isFinite(value)) return " ";
      const height = high > low ? (value - low) / (high - low) : 0.5;
      return LEVELS[Math.min(LEVELS.length - 1, Math.floor(height * LEVELS.length))] ?? " ";
    })
    .join("");
}

/** A share of `width` places. */
export function bar(share: number, width: number): string {
  const full = Math.round(width * Math.min(1, Math.max(0, share)));
  return `${"█".repeat(full)}${"░".repeat(width - full)}`;
}

/** Three digits. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [minutes, rest] = [Math.floor(whole / 60), String(whole % 60).padStart(2, "0")];
  return minutes < 60
    ? `${minutes}:${rest}`
    : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

/** Cuts a line to `columns`, wide characters counted as two. */
export function cutTo(line: string, columns: number): string {
  let [width, kept] = [0, ""];
  for (const character of line) {
    const wide = isWide(character.codePointAt(0) ?? 0) ? 2 : 1;
    if (width + wide > columns) return `${kept.slice(0, -1)}…`;
    width += wide;
    kept += character;
  }
  return kept;
}

/** East Asian scripts and pictographs, roughly: what is counted too wide only leaves room. */
function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xd7ff) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xff60) ||
    code >= 0x1f000
  );
}

const NAMES: Readonly<Record<string, string>> = { "\n": "⏎", "\t": "⇥", " ": " " };

/** A text on one line, without characters that move the cursor. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => NAMES[character] ?? "·");
}
