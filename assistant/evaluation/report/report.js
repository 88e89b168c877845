// Everything here is comfort: the page says the same without it.
(() => {
  "use strict";

  // One language matrix at a time, with a button each.
  const bar = document.querySelector("[data-switch]");
  const matrices = [...document.querySelectorAll(".matrix")];
  if (bar && matrices.length > 1) {
    const show = (name) => {
      for (const matrix of matrices) matrix.hidden = matrix.dataset.name !== name;
      for (const button of bar.children) button.setAttribute("aria-pressed", String(button.textContent === name));
    };
    for (const matrix of matrices) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = matrix.dataset.name;
      button.addEventListener("click", () => show(button.textContent));
      bar.append(button);
    }
    bar.hidden = false;
    show(matrices[0].dataset.name);
  }

  // Tables sort by a click, or Enter, on a column's head.
  for (const table of document.querySelectorAll("[data-sortable]")) {
    const heads = [...table.tHead.rows[0].cells];
    const sort = (column) => {
      const up = heads[column].getAttribute("aria-sort") !== "ascending";
      for (const head of heads) head.removeAttribute("aria-sort");
      heads[column].setAttribute("aria-sort", up ? "ascending" : "descending");
      const key = (row) => row.cells[column].textContent.trim();
      const rows = [...table.tBodies[0].rows].sort((a, b) => key(a).localeCompare(key(b), "en", { numeric: true }));
      table.tBodies[0].append(...(up ? rows : rows.reverse()));
    };
    heads.forEach((head, column) => {
      head.tabIndex = 0;
      head.addEventListener("click", () => sort(column));
      head.addEventListener("keydown", (event) => event.key === "Enter" && sort(column));
    });
  }

  // The worst questions: found by words, kept by reason, put in order.
  const form = document.querySelector("[data-filters]");
  const list = document.querySelector("[data-cards]");
  if (form && list) {
    const cards = [...list.children];
    const orders = {
      confidence: (a, b) => Number(b.dataset.confidence || -1) - Number(a.dataset.confidence || -1),
      id: (a, b) => a.dataset.id.localeCompare(b.dataset.id, "en", { numeric: true }),
    };
    const update = () => {
      const { words, reason, order } = form.elements;
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      const kept = cards.filter((card) => {
        const text = card.textContent.toLowerCase();
        const hit = wanted.every((word) => text.includes(word));
        card.hidden = !(hit && (!reason.value || card.dataset.reason === reason.value));
        return !card.hidden;
      });
      list.append(...(orders[order.value] ? [...cards].sort(orders[order.value]) : cards));
      form.querySelector("output").value = `${kept.length} of ${cards.length}`;
    };
    form.addEventListener("input", update);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    update();
  }
})();
