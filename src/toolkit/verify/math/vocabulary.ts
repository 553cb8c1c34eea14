/** Words of the language: what a LaTeX command or a plain word is to the lexer and the parser. */

/** Functions of one argument that are computed; `\sin`, `sin` and `\operatorname{sin}` are the same. */
// biome-ignore format: a table
export const FUNCTIONS: ReadonlySet<string> = new Set([
  "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "arccot", "arcsec", "arccsc", "asin",
  "acos", "atan", "sinh", "cosh", "tanh", "coth", "sech", "csch", "arcsinh", "arccosh", "arctanh", "arsinh",
  "arcosh", "artanh", "ln", "log", "lg", "exp", "abs", "floor", "ceil", "sgn", "sign", "Re", "Im", "arg", "conj",
  "cis", "det", "tr", "rank", "adj",
]);

/** Functions that take several arguments in brackets. */
export const LIST_FUNCTIONS: ReadonlySet<string> = new Set(["max", "min", "gcd", "lcm", "mod", "binom"]);

/** Names by which a command, a function or a sign also goes, by what they mean. */
const NAMES: Readonly<Record<string, string>> = {
  mod: "bmod",
  arcsin: "asin",
  arccos: "acos",
  arctan: "atan",
  arcsinh: "arsinh",
  arccosh: "arcosh",
  arctanh: "artanh",
  tan: "tg",
  cot: "ctg",
  csc: "cosec",
  sgn: "sign",
  frac: "dfrac tfrac cfrac",
  binom: "dbinom tbinom",
  "<": "lt",
  ">": "gt",
  "<=": "leq le leqslant leqq",
  ">=": "geq ge geqslant geqq",
  "!=": "ne neq",
  "~": "approx simeq sim cong doteq",
  "*": "times cdot ast",
  "/": "div",
  "\\{": "lbrace",
  "\\}": "rbrace",
  "[": "lbrack",
  "]": "rbrack",
  "(": "lparen",
  ")": "rparen",
  "|": "vert lvert rvert mid",
  "\\|": "Vert lVert rVert",
  "=>": "implies Rightarrow Longrightarrow iff Leftrightarrow",
  "->": "to rightarrow longrightarrow longmapsto mapsto",
  ":": "colon",
  cup: "bigcup sqcup",
  cap: "bigcap",
  setminus: "backslash smallsetminus",
  emptyset: "varnothing",
  subset: "subseteq",
  dots: "ldots cdots dotsc dotsb dotsm vdots",
  wedge: "land",
  vee: "lor",
  neg: "lnot",
  epsilon: "varepsilon",
  phi: "varphi",
  theta: "vartheta",
  rho: "varrho",
  R: "Reals reals real",
  infty: "infin inf infinity oo",
  in: "isin",
  langle: "lang",
  rangle: "rang",
  quad: "qquad",
  "\\\\": "newline tabularnewline cr",
  int: "iint oint",
  pound: "pounds",
  $: "textdollar",
};

export const ALIASES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(NAMES).flatMap(([meaning, names]) => names.split(" ").map((name) => [name, meaning])),
);

/** Commands that only change how things look; what follows stands as it is. */
// biome-ignore format: a table
export const IGNORED: ReadonlySet<string> = new Set([
  "left", "right", "middle", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr",
  "Biggl", "Biggr", "bigm", "displaystyle", "textstyle", "scriptstyle", "scriptscriptstyle", "limits", "nolimits",
  "rm", "bf", "it", "mathstrut", "strut", "hline", "nonumber", "notag", "boxed", "fbox", "framebox", "underline",
  "cancel", "bcancel", "xcancel", "cancelto", "large", "Large", "normalsize", "small", "tiny", "huge", "Huge",
  "LARGE", "thinspace", "medspace", "thickspace", "enspace", "hfill", "allowbreak", "protect", "ensuremath",
  "underbrace", "overbrace", "operatorname", "bm", "boldsymbol", "mathbf", "mathit", "mathsf", "mathtt",
  "mathnormal", "mathscr", "mathcal", "mathfrak", "pmb", "bold", "mathop", "mathbin", "mathrel", "smash",
  "overrightarrow", "overleftrightarrow", "angle", "measuredangle", "triangle", "phantom", "textstyle", "null",
  "relax", "centering", "noindent",
]);

/** Commands whose argument is words. */
// biome-ignore format: a table
export const TEXT_COMMANDS: ReadonlySet<string> = new Set([
  "text", "textbf", "textit", "textrm", "textnormal", "textsf", "texttt", "textsc", "mbox", "hbox", "mathrm",
  "emph", "texttt", "textup", "operatorname", "mathop",
]);

/** Commands whose one argument is thrown away. */
export const DROPPED: ReadonlySet<string> = new Set([
  "color",
  "label",
  "tag",
  "vspace",
  "hspace",
  "phantom",
  "hphantom",
  "vphantom",
]);

const GREEK =
  "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell hbar partial nabla aleph";

/** Commands that are symbols of that name. */
export const SYMBOL_COMMANDS: ReadonlySet<string> = new Set(GREEK.split(" "));

// biome-ignore format: a list
const STRUCTURE = "equiv frac sqrt binom over choose atop infty pi int sum prod lim pm mp cup cap setminus in notin subset supset emptyset quad dots degree circ wedge vee neg forall exists mathbb begin end substack overline bar vec hat dot tilde widehat overbar log pmod pod mod lfloor rfloor lceil rceil langle rangle prime perp parallel because therefore left right text R N Z Q C complement stackrel overset underset star bullet operatorname";

/** Every command with a meaning. */
// biome-ignore format: one list
export const COMMANDS: ReadonlySet<string> = new Set([
  ...STRUCTURE.split(" "), ...SYMBOL_COMMANDS, ...FUNCTIONS, ...LIST_FUNCTIONS, ...Object.keys(ALIASES), ...IGNORED,
  ...TEXT_COMMANDS, ...DROPPED, "textcolor",
]);

/** Plain words that mean what the command of that name does. */
// biome-ignore format: a table
export const PLAIN_COMMANDS: ReadonlySet<string> = new Set([
  ...FUNCTIONS, "max", "min", "gcd", "lcm", "pi", "sqrt", "cbrt", "infty", "inf", "infinity", "oo", "theta",
  "alpha", "beta", "gamma", "delta", "lambda", "omega", "phi", "sigma", "binom", "choose", "cup", "union", "mod",
  "times", "lim", "frac",
]);

/** Names of blanks of any width. */
export const BLANK_SIGNS = ",:;! >";
