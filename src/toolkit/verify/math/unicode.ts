/**
 * Unicode as the LaTeX that means the same: "½", "√2", "x²", "≤", "π", full-width digits, every kind of minus and blank.
 * After this step only letters outside ASCII can be left.
 */

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ";
const SUPERSCRIPT_MEANS = "0123456789+-=()ni";
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙₐₓₖ";
const SUBSCRIPT_MEANS = "0123456789+-=()naxk";

const FRACTIONS: Readonly<Record<string, string>> = read({
  "1/": "½2 ⅓3 ¼4 ⅕5 ⅙6 ⅐7 ⅛8 ⅑9 ⅒10",
  "2/": "⅔3 ⅖5",
  "3/": "¾4 ⅗5 ⅜8",
  "4/": "⅘5",
  "5/": "⅚6 ⅝8",
  "7/": "⅞8",
});

/** The signs of each meaning; what ends with a blank is a LaTeX command. */
const MEANINGS: Readonly<Record<string, string>> = {
  "-": "−–—‒―‐‑﹣➖",
  "+": "﹢➕",
  "*": "∗",
  "/": "∕⁄",
  "\\times ": "×✕✖⨯",
  "\\cdot ": "·⋅∙•",
  "\\div ": "÷",
  "\\pm ": "±",
  "\\mp ": "∓",
  "\\le ": "≤⩽≦",
  "\\ge ": "≥⩾≧",
  "\\ne ": "≠",
  "\\approx ": "≈≃≅",
  "\\equiv ": "≡",
  "\\infty ": "∞",
  "\\sqrt ": "√",
  "\\sqrt[3] ": "∛",
  "\\sqrt[4] ": "∜",
  "\\cup ": "∪⋃",
  "\\cap ": "∩",
  "\\setminus ": "∖",
  "\\in ": "∈",
  "\\notin ": "∉",
  "\\subset ": "⊂⊆",
  "\\emptyset ": "∅⌀",
  "\\mathbb{R}": "ℝ",
  "\\mathbb{Z}": "ℤ",
  "\\mathbb{N}": "ℕ",
  "\\mathbb{Q}": "ℚ",
  "\\mathbb{C}": "ℂ",
  "\\int ": "∫",
  "\\sum ": "∑",
  "\\prod ": "∏",
  "\\partial ": "∂",
  "^\\circ ": "°º˚",
  "^\\circ C": "℃",
  "^\\circ F": "℉",
  "'": "′‘’",
  "''": "″",
  "\\angle ": "∠",
  "|": "∣｜",
  "\\|": "‖",
  "\\lfloor ": "⌊",
  "\\rfloor ": "⌋",
  "\\lceil ": "⌈",
  "\\rceil ": "⌉",
  "\\langle ": "⟨〈",
  "\\rangle ": "⟩〉",
  "\\to ": "→",
  "\\Rightarrow ": "⇒⟹",
  "\\Leftrightarrow ": "⇔",
  "\\wedge ": "∧",
  "\\vee ": "∨",
  "\\neg ": "¬",
  "...": "…⋯",
  ",": "，、",
  ";": "；",
  ":": "：",
  ".": "。",
  '"': "“”",
  "[": "【",
  "]": "】",
  "%": "％﹪",
  "\\pi ": "π𝜋",
  "\\phi ": "ϕ",
  "\\epsilon ": "ϵ",
  "\\mu ": "µ",
  "\\ell ": "ℓ",
  cm: "㎝",
  "m^{2}": "㎡",
  km: "㎞",
  kg: "㎏",
  "": "№✓✔✅",
};

const SIGNS: ReadonlyMap<string, string> = new Map(
  Object.entries(MEANINGS).flatMap(([meaning, signs]) => [...signs].map((sign): [string, string] => [sign, meaning])),
);

/** "½2" in the row "1/" is 1/2. */
function read(rows: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(rows).flatMap(([top, row]) =>
      row.split(" ").map((entry) => [entry.charAt(0), top + entry.slice(1)]),
    ),
  );
}

// biome-ignore format: a row
const GREEK = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "omicron", "pi", "rho", "sigma", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"];
const FIRST_SMALL = 0x3b1;
const FIRST_CAPITAL = 0x391;
/** Capitals that LaTeX has no command for look like Latin letters. */
const CAPITALS = new Set(["gamma", "delta", "theta", "lambda", "xi", "pi", "sigma", "upsilon", "phi", "psi", "omega"]);

// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is told from the rest by its range
const PLAIN = /^[\u0000-\u007f]*$/;

/** The text with its non-ASCII mathematics as LaTeX; itself where it is ASCII. */
export function toLatex(text: string): string {
  if (PLAIN.test(text)) return text;
  let out = "";
  let run: { readonly mark: "^" | "_"; text: string } | undefined;
  for (const sign of text) {
    const script = scriptOf(sign);
    if (script !== undefined) {
      if (run !== undefined && run.mark !== script.mark) {
        out += `${run.mark}{${run.text}}`;
        run = undefined;
      }
      run ??= { mark: script.mark, text: "" };
      run.text += script.text;
      continue;
    }
    if (run !== undefined) out += `${run.mark}{${run.text}}`;
    run = undefined;
    out += signToLatex(sign);
  }
  return run === undefined ? out : `${out}${run.mark}{${run.text}}`;
}

function scriptOf(sign: string): { readonly mark: "^" | "_"; readonly text: string } | undefined {
  const above = SUPERSCRIPTS.indexOf(sign);
  if (above >= 0) return { mark: "^", text: SUPERSCRIPT_MEANS[above] ?? "" };
  const below = SUBSCRIPTS.indexOf(sign);
  return below >= 0 ? { mark: "_", text: SUBSCRIPT_MEANS[below] ?? "" } : undefined;
}

function signToLatex(sign: string): string {
  const code = sign.codePointAt(0) ?? 0;
  if (code < 0x80) return sign;
  const known = SIGNS.get(sign);
  if (known !== undefined) return known;
  const fraction = FRACTIONS[sign];
  if (fraction !== undefined) return `\\frac{${fraction.replace("/", "}{")}}`;
  if (code >= 0xff01 && code <= 0xff5e) return String.fromCharCode(code - 0xfee0); // full-width ASCII
  if (isBlank(code)) return " ";
  if (isInvisible(code)) return "";
  return greek(code) ?? compatible(sign);
}

function isBlank(code: number): boolean {
  return code === 0xa0 || (code >= 0x2000 && code <= 0x200a) || code === 0x202f || code === 0x205f || code === 0x3000;
}

function isInvisible(code: number): boolean {
  return (code >= 0x200b && code <= 0x200f) || (code >= 0x2060 && code <= 0x2064) || code === 0xfeff || code === 0xfe0f;
}

function greek(code: number): string | undefined {
  const small = GREEK[code - FIRST_SMALL];
  if (small !== undefined) return `\\${small === "omicron" ? "o" : small} `;
  const capital = GREEK[code - FIRST_CAPITAL];
  if (capital === undefined) return undefined;
  if (CAPITALS.has(capital)) return `\\${capital[0]?.toUpperCase()}${capital.slice(1)} `;
  // biome-ignore format: a row
  return { alpha: "A", beta: "B", epsilon: "E", zeta: "Z", eta: "H", iota: "I", kappa: "K", mu: "M", nu: "N", omicron: "O", rho: "P", tau: "T", chi: "X" }[capital];
}

/** Mathematical alphabets (𝑥, 𝐱, ℯ) as the letters that they are variants of; all else as it is. */
function compatible(sign: string): string {
  const plain = sign.normalize("NFKC");
  return plain.length === 1 && plain.charCodeAt(0) < 0x80 ? plain : sign;
}
