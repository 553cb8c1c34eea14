/**
 * Runs in the browser beside a table: kept as text, so that it needs no build, no module and no network. A click on a heading
 * sorts by it (numbers first rising, empty cells last), a click on a cell with samples shows them in the list under the table.
 */
export const sortable = `function () {
  "use strict";
  for (const place of document.querySelectorAll(".rlvr-table:not([data-ready])")) {
    place.dataset.ready = "yes";
    const body = place.querySelector("tbody");
    const heads = [...place.querySelectorAll("th")];
    const keyOf = (row, column) => row.cells[column].dataset.key;
    const sort = (column) => {
      const down = heads[column].getAttribute("aria-sort") === "ascending";
      for (const head of heads) head.removeAttribute("aria-sort");
      heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
      const numbers = heads[column].dataset.kind === "number";
      const compare = (one, other) => {
        const [a, b] = [keyOf(one, column), keyOf(other, column)];
        if (a === "" || b === "") return (a === "") - (b === "");
        return (numbers ? Number(a) - Number(b) : a.localeCompare(b, "en", { numeric: true })) * (down ? -1 : 1);
      };
      body.append(...[...body.rows].sort(compare));
    };
    for (const [column, head] of heads.entries()) head.querySelector("button").addEventListener("click", () => sort(column));
    body.addEventListener("click", (event) => {
      const cell = event.target.closest("[data-point]");
      const id = place.dataset.figure;
      const lists = [...document.querySelectorAll('.rlvr-samples[data-figure="' + id + '"]')];
      const list = lists.find((one) => place.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING);
      if (!cell || !list) return;
      const choice = list.querySelector("select");
      list.querySelector("details.all").open = true;
      choice.selectedIndex = Number(cell.dataset.point) + 1;
      choice.dispatchEvent(new Event("change"));
      list.scrollIntoView({ block: "nearest" });
    });
  }
}`;
