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
.stale { margin: 6px 0; padding: 4px 10px; font-size: 13px; color: var(--bad); border-left: 3px solid var(--bad); }
.fold { position: absolute; top: 6px; left: 12px; font: 12px system-ui, sans-serif; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 4px; padding: 3px 8px; cursor: pointer; }
.contents { max-width: 860px; margin: 0 auto; padding: 40px 20px 0; font-size: 14px; }
.contents ul { margin: 6px 0 0; padding: 0; list-style: none; } .contents .level-3 { padding-left: 14px; }
.contents a { display: block; padding: 2px 0; color: var(--quiet); text-decoration: none; } .contents a:hover { color: var(--text); text-decoration: underline; }
@media (min-width: 1320px) { .contents { position: fixed; top: 28px; left: 12px; width: 200px; max-height: calc(100vh - 40px); overflow-y: auto; padding: 12px 0 0; } }
h1, h2, h3 { scroll-margin-top: 12px; }
.provenance { margin-top: 40px; border-top: 1px solid var(--line); padding-top: 10px; }
@media print {
  details > summary, .fold, .contents { display: none; }
  @page { margin: 16mm 14mm; }
  body { font-size: 11pt; } main { max-width: none; padding: 0; } code, pre { font-size: 9pt; }
  h1, h2, h3 { break-after: avoid; } .outputs > *, pre.code, img, .plot { break-inside: avoid; }
  a { color: inherit; text-decoration: none; }
}
`;
