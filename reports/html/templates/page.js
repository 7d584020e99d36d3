"use strict";
(() => {
  // Sorting: columns of numbers by the first number in the cell, others as words; nothing is last.
  const number = (cell) => {
    const found = cell.textContent.replaceAll(",", "").match(/[-+−]?\d+(\.\d+)?/);
    return found ? parseFloat(found[0].replace("−", "-")) : null;
  };
  const words = new Intl.Collator("en", { numeric: true });
  const compare = (a, b, numeric) => {
    const [x, y] = numeric ? [number(a), number(b)] : [a.textContent.trim() || null, b.textContent.trim() || null];
    if (x === null || y === null) return { missing: (x === null) - (y === null) };
    return { order: numeric ? x - y : words.compare(x, y) };
  };
  const sort = (table, column, sign) => {
    const numeric = table.tHead.rows[0].cells[column].classList.contains("number");
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => {
      const { missing, order } = compare(a.cells[column], b.cells[column], numeric);
      return missing ?? sign * order;
    });
    table.tBodies[0].append(...rows);
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      if (!button.textContent.trim()) button.ariaLabel = "first column";
      head.append(button);
      button.addEventListener("click", () => {
        // Numbers begin with the highest: that is what one looks for first.
        const first = head.classList.contains("number") ? "descending" : "ascending";
        const other = first === "ascending" ? "descending" : "ascending";
        const way = head.ariaSort === first ? other : first;
        for (const one of table.tHead.rows[0].cells) one.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", way);
        sort(table, column, way === "ascending" ? 1 : -1);
      });
    });
  }

  for (const field of document.querySelectorAll(".filter input")) {
    const rows = [...field.closest(".tabled").querySelectorAll("tbody tr")];
    field.addEventListener("input", () => {
      const asked = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !asked.every((word) => text.includes(word));
      }
      const kept = rows.filter((row) => !row.hidden).length;
      field.parentElement.querySelector("output").textContent = asked.length ? `${kept} of ${rows.length}` : "";
    });
  }

  // What a mark tells: its title, which browsers show late, and to the mouse alone.
  const tip = document.getElementById("tip");
  const show = (mark) => {
    const spot = (mark.querySelector(".dot") ?? mark).getBoundingClientRect();
    tip.textContent = mark.getAttribute("aria-label");
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const left = Math.min(spot.right + 8, innerWidth - box.width - 8);
    const above = spot.top - box.height - 8;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${above > 8 ? above : spot.bottom + 8}px`;
  };
  for (const mark of document.querySelectorAll(".mark")) {
    const title = mark.querySelector("title");
    mark.setAttribute("aria-label", title.textContent);
    title.remove();
    for (const name of ["pointerenter", "focus"]) mark.addEventListener(name, () => show(mark));
    for (const name of ["pointerleave", "blur"]) mark.addEventListener(name, () => { tip.hidden = true; });
  }
  addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
  addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });

  for (const box of document.querySelectorAll("[data-hides]")) {
    box.addEventListener("change", () => {
      box.closest(".gallery").classList.toggle(`no-${box.dataset.hides}`, !box.checked);
    });
  }

  // A link into something folded opens it; paper has nothing to unfold.
  const unfold = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (const one of [target.querySelector(":scope > details"), target.closest("details")]) {
      if (one) one.open = true;
    }
    target.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  unfold();
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("main details:not([open])")];
    for (const one of folded) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of folded) one.open = false; });

  const narrow = matchMedia("(max-width: 1099px)");
  const contents = document.querySelector("nav details");
  contents.open = !narrow.matches;
  narrow.addEventListener("change", () => { contents.open = !narrow.matches; });

  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = document.getElementById("theme");
  const isDark = () => (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const label = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  theme.hidden = false;
  theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; label(); });
  dark.addEventListener("change", label);
  label();
})();
