/**
 * Runs in the browser, in the list of samples: kept as text, so that it needs no build, no module and no network. It takes
 * the figure's id, finds the list it stands in and the plotly figure before it, whenever that is drawn (JupyterLab, a
 * stock notebook and an exported page all draw later than this runs), and shows what is behind the point that is clicked.
 */
export const browse = `function (id) {
  "use strict";
  const lists = [...document.querySelectorAll('.rlvr-samples[data-figure="' + id + '"]')];
  const list = lists.find((one) => !one.dataset.ready);
  if (!list) return;
  list.dataset.ready = "yes";
  const all = list.querySelector("details.all");
  const groups = [...list.querySelectorAll("details.group")];
  const choice = list.querySelector("select");
  const status = list.querySelector("[role=status]");
  list.querySelector(".choice").hidden = false;
  const show = () => {
    const wanted = choice.value === "*" ? undefined : choice.value.split(" ").map(Number);
    for (const [i, group] of groups.entries()) {
      group.hidden = wanted !== undefined && !wanted.includes(i);
      if (wanted !== undefined) group.open = i === wanted[0] || wanted.length <= 2;
    }
    if (wanted !== undefined) for (const i of wanted) all.append(groups[i]);
    else for (const group of groups) all.append(group);
    status.textContent = wanted === undefined ? "" : wanted.length + (wanted.length === 1 ? " group" : " groups");
  };
  choice.addEventListener("change", show);
  const pick = (event) => {
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
    if (!plot || plot.rlvrListens === plot.on) return;
    plot.rlvrListens = plot.on; // a plot that is drawn anew forgets its listeners, and has another function here
    plot.on("plotly_click", pick);
  };
  let waiting;
  const later = () => { waiting = waiting || setTimeout(() => { waiting = undefined; connect(); }, 100); };
  new MutationObserver(later).observe(document.documentElement, { childList: true, subtree: true });
  later();
}`;
