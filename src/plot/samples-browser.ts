/**
 * Runs in the browser, in the list of samples: kept as text, so that it needs no build, no module and no network. It takes
 * the figure's id and its points, adds the choice of a point to the list, finds the plotly figure before the list whenever
 * that is drawn (notebooks and exported pages do so later), and shows what is behind the point that is clicked.
 */
export const browse = `function (id, points) {
  "use strict";
  const lists = [...document.querySelectorAll('.rlvr-samples[data-figure="' + id + '"]')];
  const list = lists.find((one) => !one.dataset.ready);
  if (!list) return;
  list.dataset.ready = "yes";
  const all = list.querySelector("details.all");
  const groups = [...list.querySelectorAll("details.group")];
  const make = (parent, tag, text) => {
    const made = document.createElement(tag);
    made.textContent = text;
    parent.append(made);
    return made;
  };
  const line = make(list, "p", "");
  all.querySelector("summary").after(line);
  const choice = make(make(line, "label", "Show the samples behind "), "select", "");
  for (const label of ["all points", ...points.map((point) => point.label)]) make(choice, "option", label);
  const status = make(line, "span", "");
  status.setAttribute("role", "status");
  const show = () => {
    const point = points[choice.selectedIndex - 1];
    const wanted = point && point.groups;
    for (const [i, group] of groups.entries()) {
      group.hidden = wanted !== undefined && !wanted.includes(i);
      if (wanted !== undefined) group.open = i === wanted[0] || wanted.length <= 2;
    }
    if (wanted !== undefined) for (const i of wanted) all.append(groups[i]);
    else for (const group of groups) all.append(group);
    status.textContent = wanted === undefined ? "" : " " + wanted.length + (wanted.length === 1 ? " group" : " groups");
  };
  choice.addEventListener("change", show);
  const pick = (event) => {
    if (!list.isConnected) return; // a notebook has rendered another one in its place
    for (const { data, pointNumber } of event.points) {
      const rows = data.meta && data.meta.samples;
      const point = rows && (Array.isArray(pointNumber) ? (rows[pointNumber[0]] || [])[pointNumber[1]] : rows[pointNumber]);
      if (point === undefined || point === null) continue;
      all.open = true;
      choice.selectedIndex = point + 1;
      show();
      choice.focus({ preventScroll: true });
      list.scrollIntoView({ block: "nearest" });
      return;
    }
  };
  const connect = () => {
    if (!list.isConnected) return;
    const before = [...document.querySelectorAll(".js-plotly-plot")].filter((plot) =>
      plot.on && plot.layout && plot.layout.meta && plot.layout.meta.samples === id &&
      plot.compareDocumentPosition(list) & Node.DOCUMENT_POSITION_FOLLOWING);
    const plot = before[before.length - 1];
    const [listener, on] = (plot && plot.rlvrSamples) || [];
    if (!plot || (listener === list && on === plot.on)) return;
    plot.rlvrSamples = [list, plot.on]; // a plot that is drawn anew forgets its listeners, and has another function there
    plot.on("plotly_click", pick);
  };
  let waiting;
  const later = () => { waiting = waiting || setTimeout(() => { waiting = undefined; connect(); }, 100); };
  new MutationObserver(later).observe(document.documentElement, { childList: true, subtree: true });
  later();
}`;
