/**
 * The samples behind a figure as HTML that stands under it: a list that opens without scripts; with them, a choice of
 * points and a click on the figure show what is behind one. Every text is escaped, nothing is fetched, and the colours are
 * those of the page around it.
 */
import { escapeHtml } from "../toolkit/table.ts";
import type { FigureSamples, Sample, SampleGroup } from "./samples.ts";
import { browse } from "./samples-browser.ts";
import { color } from "./theme.ts";

/** The list with its look and its script. */
export function samplesHtml({ id, points, groups }: FigureSamples): string {
  return [
    `<section class="rlvr-samples" data-figure="${escapeHtml(id)}" aria-label="Samples behind the figure"><style>${css}</style>`,
    `<details class="all"><summary>Samples behind the figure (${total(groups)})</summary>`,
    ...groups.map(groupHtml),
    `</details><script>(${browse})(${inScript(id)}, ${inScript(points)})</script></section>`,
  ].join("\n");
}

/** A value as script text that cannot end its element. */
function inScript(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/** The same in one line. */
export function samplesText({ groups }: FigureSamples): string {
  return `samples behind the figure: ${total(groups)}`;
}

function total(groups: readonly SampleGroup[]): string {
  const kept = groups.reduce((sum, { samples }) => sum + samples.length, 0);
  const count = groups.reduce((sum, group) => sum + group.count, 0);
  return `${kept} of ${count} kept, in ${groups.length} ${groups.length === 1 ? "group" : "groups"}`;
}

function groupHtml({ title, count, samples }: SampleGroup): string {
  const left = count - samples.length;
  const rest = left === 0 ? "" : `<p class="quiet">${left} more are not in this page.</p>`;
  return `<details class="group"><summary>${escapeHtml(title)}</summary>${promptHtml(samples)}${samples.map(sampleHtml).join("")}${rest}</details>`;
}

/** What a group's samples answer, once where it is the same. */
function promptHtml(samples: readonly Sample[]): string {
  const [first] = samples;
  if (first?.prompt === undefined || samples.some(({ prompt }) => prompt !== first.prompt)) return "";
  const answer =
    first.answer === undefined || first.answer === ""
      ? ""
      : ` <span class="quiet">answer:</span> ${escapeHtml(first.answer)}`;
  return `<div class="prompt"><span class="quiet">prompt:</span> <span class="text">${escapeHtml(first.prompt)}</span>${answer}</div>`;
}

const marks: Readonly<Record<string, string>> = { correct: "✓", wrong: "✗", partial: "±", unparsed: "?" };

function sampleHtml(sample: Sample): string {
  const { score, status, reason, run, step } = sample;
  const facts = [
    status === undefined ? "" : `${marks[status] ?? "!"} ${status}`,
    score === null ? "not scored" : `score ${Number(score.toPrecision(6))}`,
    run ?? "",
    step === undefined ? "" : `step ${step}`,
    reason ?? "",
  ].filter((fact) => fact !== "");
  return `<div class="sample"><div class="facts">${facts.map(escapeHtml).join(" · ")}</div><pre>${textHtml(sample)}</pre></div>`;
}

/** The completion, its tokens coloured by their numbers where it has some. */
function textHtml({ completion, tokens }: Sample): string {
  if (tokens === undefined) return escapeHtml(completion);
  const reach = tokens.reduce((most, { value }) => Math.max(most, Math.abs(value)), 0);
  return tokens
    .map(({ text, value }) => {
      const strength = reach === 0 ? 0 : Math.round((60 * Math.abs(value)) / reach);
      const hue = color(value < 0 ? "red" : "blue");
      const look = `background:color-mix(in srgb, ${hue} ${strength}%, transparent)`;
      return `<span style="${look}" title="${value.toPrecision(3)}">${escapeHtml(text)}</span>`;
    })
    .join("");
}

const css = `.rlvr-samples{font-size:13px;line-height:1.45;margin:0 0 24px;color:inherit}
.rlvr-samples summary{cursor:pointer;padding:2px 0}
.rlvr-samples .group{margin-left:14px}
.rlvr-samples .prompt,.rlvr-samples .sample,.rlvr-samples .all>p,.rlvr-samples .group>p{margin:4px 0 8px 14px}
.rlvr-samples .sample{border-left:3px solid color-mix(in srgb, currentColor 30%, transparent);padding-left:8px}
.rlvr-samples pre{margin:2px 0;padding:0;white-space:pre-wrap;overflow-wrap:anywhere;background:transparent;color:inherit;max-height:20em;overflow-y:auto}
.rlvr-samples .text{white-space:pre-wrap;overflow-wrap:anywhere}
.rlvr-samples .quiet,.rlvr-samples .facts{opacity:.75}
.rlvr-samples select{max-width:24em;font:inherit}`;
