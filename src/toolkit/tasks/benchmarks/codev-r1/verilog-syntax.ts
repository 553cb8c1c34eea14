/** What a design of the subset is made of. */
import type { Bits } from "./bits.ts";

export type Expression =
  | { readonly kind: "literal"; readonly bits: Bits }
  | { readonly kind: "name"; readonly name: string }
  /** One bit; `high` and `low` are those of a part, whole numbers that are known beforehand. */
  | { readonly kind: "bit"; readonly name: string; readonly at: Expression }
  | { readonly kind: "part"; readonly name: string; readonly high: number; readonly low: number }
  | { readonly kind: "unary"; readonly operator: string; readonly a: Expression }
  | { readonly kind: "binary"; readonly operator: string; readonly a: Expression; readonly b: Expression }
  | { readonly kind: "choice"; readonly condition: Expression; readonly a: Expression; readonly b: Expression }
  | { readonly kind: "join"; readonly parts: readonly Expression[] };

export type Statement =
  | { readonly kind: "block"; readonly body: readonly Statement[] }
  | { readonly kind: "if"; readonly condition: Expression; readonly yes: Statement; readonly no: Statement | undefined }
  | { readonly kind: "case"; readonly subject: Expression; readonly items: readonly CaseItem[] }
  /** Not `blocking`: the target changes when the whole block has run. */
  | { readonly kind: "assign"; readonly target: Expression; readonly value: Expression; readonly blocking: boolean };

export interface CaseItem {
  /** Empty: the default. */
  readonly labels: readonly Expression[];
  readonly body: Statement;
}

export interface Signal {
  readonly name: string;
  readonly width: number;
  /** Number of its lowest bit. */
  readonly lowest: number;
  readonly direction: "input" | "output" | undefined;
}

export interface Edge {
  readonly signal: string;
  readonly edge: "posedge" | "negedge";
}

export interface Process {
  /** `assign`, which follows itself, too; an `always` does not. */
  readonly continuous: boolean;
  /** Empty: it follows whatever it reads. */
  readonly edges: readonly Edge[];
  readonly body: Statement;
}

export interface Module {
  readonly name: string;
  readonly signals: ReadonlyMap<string, Signal>;
  readonly processes: readonly Process[];
}
