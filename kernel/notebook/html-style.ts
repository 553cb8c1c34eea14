/** The look of an exported notebook: one column, readable in light and dark, on paper and on a phone. */
import { themeCss } from "../../src/toolkit/figure-page.ts";

export const css: string = `
${themeCss}
:root { --text: light-dark(#1b1f24, #e6e9ed); --page: light-dark(#fff, #16191d); --quiet: light-dark(#5b6470, #9aa4b0);
  --line: light-dark(#d8dee4, #343b44); --code: light-dark(#f6f8fa, #1f242a); --bad: light-dark(#b3261e, #ff8a80); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 36px 20px 64px; }
h1 { font-size: 1.7rem; line-height: 1.25; } h2 { font-size: 1.25rem; margin-top: 2.2em; }
code, pre { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
pre { margin: 0; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
.cell { margin: 14px 0; }
details > summary { color: var(--quiet); font-size: 12px; cursor: pointer; user-select: none; }
pre.code { background: var(--code); border: 1px solid var(--line); border-radius: 6px; padding: 10px 12px; }
.outputs { padding: 8px 0 0; } .outputs > * { margin: 6px 0; }
pre.stderr { color: var(--quiet); } pre.error { color: var(--bad); border-left: 3px solid var(--bad); padding-left: 10px; }
img { max-width: 100%; background: #fff; }
.html { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; } th, td { border-bottom: 1px solid var(--line); padding: 4px 10px; text-align: right; } td { white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.provenance { margin-top: 40px; border-top: 1px solid var(--line); padding-top: 10px; }
@media print { details > summary { display: none; } main { max-width: none; padding: 0; } .cell { break-inside: avoid; } }
`;
