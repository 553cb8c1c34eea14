/** Cell source (TypeScript) to a function that runs it, with a way back from emitted positions to cell lines. */

import { analyse } from "./analyse.ts";
import { parseModule } from "./ast.ts";
import { type EditedText, Edits } from "./edits.ts";
import {
  copiedAtEnd,
  type EmitInput,
  emitDeclarations,
  emitGuards,
  emitModuleSyntax,
  emitReferences,
  type HelperNames,
  inSession,
  type KnownNames,
} from "./emit.ts";
import type { Analysis } from "./scope.ts";
import { emitStatements } from "./statements.ts";
import { type Stripped, stripTypes } from "./strip.ts";
import { checkSyntax, type Position, positionOf } from "./syntax-error.ts";

export type { KnownNames } from "./emit.ts";

export interface CompiledCell {
  /**
   * An expression: a function whose parameters are the helpers in the order of {@link helperOrder}, then the names
   * given as `injected`; it returns the function that runs the cell.
   */
  readonly code: string;
  /** Top-level names that the cell declares; `constant` ones must not be assigned by later cells. */
  readonly declared: readonly { readonly name: string; readonly constant: boolean }[];
  /** The cell position of a position in `code`; none for code that only the compiler wrote, such as that of imports. */
  locate(position: Position): Position | undefined;
  /** The cell position of an offset that the emitted code passes to a helper. */
  site(offset: number): Position;
}

/** The helpers in the order in which the compiled function takes them. */
export const helperOrder: readonly (keyof HelperNames)[] = [
  "session",
  "result",
  "guard",
  "iterate",
  "flag",
  "stop",
  "load",
  "pick",
  "meta",
  "owner",
  "constant",
  "early",
];

/** @throws CellSyntaxError with the exact place */
export function compileCell(source: string, known: KnownNames, injected: readonly string[]): CompiledCell {
  checkSyntax(source);
  const stripped = stripTypes("cell.ts", source);
  const program = parseModule(stripped.code);
  const analysis = analyse(program);
  const edits = new Edits(stripped.code);
  const names = helperNames(stripped.code);
  const input: EmitInput = { code: stripped.code, analysis, edits, names, known };
  const body = program.body;
  const prelude = emitStatements(input, Array.isArray(body) ? body : []);
  emitDeclarations(input);
  emitGuards(input);
  emitModuleSyntax(input);
  emitReferences(input);
  const edited = wrap(input, prelude, injected);
  return {
    code: edited.code,
    declared: [...analysis.bindings.values()].map(({ name, kind }) => ({
      name,
      constant: kind === "const" || kind === "import",
    })),
    ...positions(stripped, edited),
  };
}

function positions(stripped: Stripped, edited: EditedText): Pick<CompiledCell, "locate" | "site"> {
  const site = (offset: number): Position => stripped.locate(positionOf(stripped.code, offset));
  return {
    site,
    locate(position) {
      const offset = edited.original(offsetOf(edited.code, position));
      return offset < 0 ? undefined : site(offset);
    },
  };
}

function offsetOf(code: string, { line, column }: Position): number {
  let start = 0;
  for (let n = 1; n < line; n++) start = code.indexOf("\n", start) + 1;
  return start + column - 1;
}

function helperNames(code: string): HelperNames {
  let prefix = "$";
  const build = (): HelperNames => ({
    session: `${prefix}S`,
    result: `${prefix}r`,
    guard: `${prefix}aw`,
    iterate: `${prefix}it`,
    flag: `${prefix}I`,
    stop: `${prefix}int`,
    load: `${prefix}import`,
    pick: `${prefix}pick`,
    meta: `${prefix}meta`,
    owner: `${prefix}own`,
    constant: `${prefix}const`,
    early: `${prefix}early`,
  });
  let names = build();
  while (Object.values(names).some((name: string) => code.includes(name))) {
    prefix += "$";
    names = build();
  }
  return names;
}

function isAsync({ topLevelAwait }: Analysis, prelude: string): boolean {
  return topLevelAwait || prelude.includes("await ");
}

function wrap({ analysis, edits, names }: EmitInput, prelude: string, injected: readonly string[]): EditedText {
  const locals = [...analysis.bindings.values()].filter(
    (binding) => binding.kind !== "function" && !inSession(binding),
  );
  const kept = locals.filter(copiedAtEnd);
  const declared = locals.map((binding) =>
    binding.kind === "let" && kept.includes(binding)
      ? `${binding.name} = ${names.session}.${binding.name}`
      : binding.name,
  );
  const parameters = [...helperOrder.map((helper) => names[helper]), ...injected].join(", ");
  const head = `(function (${parameters}) { "use strict"; return ${isAsync(analysis, prelude) ? "async " : ""}function $cell() { `;
  const hoisted = declared.length > 0 ? `let ${declared.join(", ")}; ` : "";
  const copies = kept.map(
    ({ name }) => `if (${name} !== void 0 || "${name}" in ${names.session}) ${names.session}.${name} = ${name};`,
  );
  const [open, close] = kept.length > 0 ? ["try { ", `\n} finally { ${copies.join(" ")} }`] : ["{ ", "\n}"];
  return edits.apply(`${head}${hoisted}${open}${prelude}`, `${close} }; })`);
}
