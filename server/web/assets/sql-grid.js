// A table of up to some 100,000 rows: only those in sight are in the page. The
// keyboard moves one cell, as in a spreadsheet; the row above all others is the
// header, where Enter sorts and Shift with an arrow sets the width.

const numeric = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DECIMAL|FLOAT|DOUBLE|REAL)/;
export const isNumber = (column) => numeric.test(column.type);
export const isTime = (column) => /^(DATE|TIMESTAMP)/.test(column.type);

// text is a value as it is shown and copied; null stays null.
export const text = (v) => (v === null || v === undefined ? null : typeof v === "object" ? JSON.stringify(v) : String(v));

const make = (tag, attributes = {}, ...children) => {
  const e = document.createElement(tag);
  for (const [name, v] of Object.entries(attributes)) if (v !== undefined && v !== false) e.setAttribute(name, v === true ? "" : v);
  e.append(...children);
  return e;
};

// Characters of East Asia are about twice as wide as others.
const breadth = (s) => { let n = 0; for (const c of s) n += c > "\u2e80" ? 2 : 1; return n; };

const tsvCell = (s) => (s === null ? "" : /[\t\n\r"]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s);
const markdownCell = (s) => (s === null ? "NULL" : s.replaceAll("\\", "\\\\").replaceAll("|", "\\|").replaceAll(/\r?\n/g, "<br>"));

// compare orders two values of a column that are not null.
function comparison(column, lang) {
  if (isNumber(column)) {
    // Decimals, and integers beyond 2^53, come as texts. All of a column have as
    // many decimals, so their digits tell apart what is the same as a float.
    const digits = (v) => (/^-?\d+(\.\d+)?$/.test(v) ? BigInt(String(v).replace(".", "")) : 0n);
    return (a, b) => Number(a) - Number(b) || (typeof a === "string" && typeof b === "string" ? Number(digits(a) - digits(b)) : 0);
  }
  if (isTime(column)) return (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const order = new Intl.Collator(lang, { numeric: true }).compare;
  return (a, b) => order(text(a), text(b));
}

// grid shows rows in parent.
//   columns: [{ name, type, title, unit }]; say: (id, values) => text; label: the table's name;
//   opened is called to show a whole row, told after the rows were sorted.
export function grid(parent, { columns, rows, lang, say, label, opened, told }) {
  const count = new Intl.NumberFormat(lang);
  let order = null; // indices of rows, or null for the order of the answer
  let sorted = { column: -1, descending: false };
  let at = { row: rows.length ? 0 : -1, column: 0 };
  let height = 32;
  let shown = { from: -1, to: -1 };

  const scroller = make("div", { class: "sql-grid" });
  const columnElements = columns.map(() => make("col"));
  const headers = columns.map((c, j) => {
    const th = make("th", { scope: "col", id: `grid-h-${j}`, "aria-colindex": j + 2, "aria-sort": "none", class: isNumber(c) ? "num" : false },
      make("span", { class: "sql-name" }, c.title || c.name),
      make("small", {}, [c.title ? c.name : "", c.type.toLowerCase(), c.unit].filter(Boolean).join(" · ")),
      make("span", { class: "sql-grip", "aria-hidden": "true" }));
    th.title = [c.title, c.name, c.type, c.unit].filter(Boolean).join("\n");
    return th;
  });
  const body = make("tbody");
  const above = make("tr", { class: "sql-pad", "aria-hidden": "true" }, make("td"));
  const below = make("tr", { class: "sql-pad", "aria-hidden": "true" }, make("td"));
  const numberWidth = Math.max(44, String(rows.length).length * 9 + 20);
  const numbers = make("col");
  const table = make("table", { role: "grid", tabindex: 0, "aria-label": label, "aria-describedby": "grid-help", "aria-rowcount": rows.length + 1, "aria-colcount": columns.length + 1, "aria-readonly": "true" },
    make("colgroup", {}, numbers, ...columnElements),
    make("thead", {}, make("tr", { "aria-rowindex": 1 }, make("th", { scope: "col", "aria-colindex": 1, class: "sql-number" }, make("span", { class: "hide" }, say("row_number"))), ...headers)),
    body);
  scroller.append(table);
  parent.replaceChildren(scroller);

  const widths = columns.map((c, j) => {
    let n = Math.max(breadth(c.title || c.name) + 1, breadth([c.title ? c.name : "", c.type, c.unit].filter(Boolean).join(" · ")) * 0.8);
    const step = Math.max(1, Math.floor(rows.length / 200));
    for (let i = 0; i < rows.length; i += step) n = Math.max(n, Math.min(48, breadth(text(rows[i][j]) ?? "NULL")));
    return Math.round(Math.min(380, Math.max(72, n * 8 + 28)));
  });
  const lay = () => {
    numbers.style.width = numberWidth + "px";
    columnElements.forEach((e, j) => { e.style.width = widths[j] + "px"; });
    table.style.width = numberWidth + widths.reduce((a, b) => a + b, 0) + "px";
  };
  lay();

  const rowAt = (i) => rows[order ? order[i] : i];

  const fill = (tr, i) => {
    tr.setAttribute("aria-rowindex", i + 2);
    tr.firstChild.textContent = count.format((order ? order[i] : i) + 1);
    const row = rowAt(i);
    for (let j = 0; j < columns.length; j++) {
      const td = tr.children[j + 1], s = text(row[j]), here = i === at.row && j === at.column;
      td.className = s === null ? "sql-null" : isNumber(columns[j]) ? "num" : "";
      td.textContent = s === null ? "NULL" : s.length > 400 ? s.slice(0, 400) + "…" : s;
      if (here) { td.id = "grid-at"; td.classList.add("sql-at"); } else if (td.id) td.removeAttribute("id");
    }
  };

  const draw = (force) => {
    const visible = Math.ceil(scroller.clientHeight / height);
    const top = Math.max(0, scroller.scrollTop);
    const from = Math.max(0, Math.floor(top / height) - 8), to = Math.min(rows.length, from + visible + 16);
    if (!force && from === shown.from && to === shown.to) return;
    shown = { from, to };
    const trs = [...body.children].filter((e) => e !== above && e !== below);
    while (trs.length > to - from) trs.pop().remove();
    while (trs.length < to - from) {
      const tr = make("tr", {}, make("th", { scope: "row", class: "sql-number", "aria-colindex": 1 }), ...columns.map((_, j) => make("td", { "aria-colindex": j + 2 })));
      trs.push(tr);
    }
    trs.forEach((tr, k) => fill(tr, from + k));
    above.firstChild.style.height = from * height + "px";
    below.firstChild.style.height = (rows.length - to) * height + "px";
    body.replaceChildren(...(from > 0 ? [above] : []), ...trs, ...(to < rows.length ? [below] : []));
    point();
  };

  // point shows which cell the keyboard is at.
  const point = () => {
    for (const th of headers) th.classList.remove("sql-at");
    if (at.row < 0) headers[at.column]?.classList.add("sql-at");
    const id = at.row < 0 ? `grid-h-${at.column}` : "grid-at";
    if (table.querySelector("#" + id)) table.setAttribute("aria-activedescendant", id);
    else table.removeAttribute("aria-activedescendant");
  };

  const reveal = () => {
    const head = table.tHead.offsetHeight;
    if (at.row >= 0) {
      const top = at.row * height, bottom = top + height;
      if (top < scroller.scrollTop) scroller.scrollTop = top;
      else if (bottom + head > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = bottom + head - scroller.clientHeight;
    }
    const left = numberWidth + widths.slice(0, at.column).reduce((a, b) => a + b, 0), right = left + widths[at.column];
    if (left - numberWidth < scroller.scrollLeft) scroller.scrollLeft = left - numberWidth;
    else if (right > scroller.scrollLeft + scroller.clientWidth) scroller.scrollLeft = Math.min(left - numberWidth, right - scroller.clientWidth);
    draw(true);
  };

  const move = (row, column) => {
    at = { row: Math.max(-1, Math.min(rows.length - 1, row)), column: Math.max(0, Math.min(columns.length - 1, column)) };
    reveal();
  };

  const sort = (j) => {
    if (sorted.column !== j) sorted = { column: j, descending: false };
    else if (!sorted.descending) sorted.descending = true;
    else sorted = { column: -1, descending: false };
    headers.forEach((th, k) => th.setAttribute("aria-sort", k !== sorted.column ? "none" : sorted.descending ? "descending" : "ascending"));
    order = null;
    if (sorted.column >= 0) {
      const compare = comparison(columns[j], lang), sign = sorted.descending ? -1 : 1;
      order = Uint32Array.from(rows.keys()).sort((a, b) => {
        const x = rows[a][j], y = rows[b][j];
        if (x === null || y === null) return x === y ? a - b : x === null ? 1 : -1; // NULL is last in either order
        return sign * compare(x, y) || a - b;
      });
    }
    draw(true);
    told(sorted.column < 0 ? "none" : sorted.descending ? "descending" : "ascending", columns[j]);
  };

  const copy = async (s) => {
    try {
      await navigator.clipboard.writeText(s);
    } catch { // no permission, or not https
      const area = make("textarea", { class: "hide", "aria-hidden": "true" });
      area.value = s;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      table.focus();
    }
  };

  table.addEventListener("keydown", (e) => {
    const page = Math.max(1, Math.floor((scroller.clientHeight - table.tHead.offsetHeight) / height) - 1);
    const all = e.ctrlKey || e.metaKey;
    if (e.altKey) return;
    if (e.shiftKey && at.row < 0 && (e.key === "ArrowLeft" || e.key === "ArrowRight")) {
      widths[at.column] = Math.max(48, widths[at.column] + (e.key === "ArrowLeft" ? -24 : 24));
      lay();
    } else if (e.key === "ArrowDown") move(all ? rows.length - 1 : at.row + 1, at.column);
    else if (e.key === "ArrowUp") move(all ? 0 : at.row - 1, at.column);
    else if (e.key === "ArrowRight") move(at.row, at.column + 1);
    else if (e.key === "ArrowLeft") move(at.row, at.column - 1);
    else if (e.key === "PageDown") move(at.row + page, at.column);
    else if (e.key === "PageUp") move(Math.max(0, at.row - page), at.column);
    else if (e.key === "Home") move(all ? 0 : at.row, 0);
    else if (e.key === "End") move(all ? rows.length - 1 : at.row, columns.length - 1);
    else if (e.key === "Enter" || e.key === " ") at.row < 0 ? sort(at.column) : open();
    else if (e.key === "c" && all && at.row >= 0 && String(getSelection()) === "") copy(text(rowAt(at.row)[at.column]) ?? "");
    else return;
    e.preventDefault();
  });

  table.addEventListener("click", (e) => {
    const th = e.target.closest("thead th"), td = e.target.closest("tbody td");
    if (e.target.closest(".sql-grip")) return;
    if (th && headers.includes(th)) {
      at = { row: -1, column: headers.indexOf(th) };
      sort(at.column);
    } else if (td && !td.closest(".sql-pad")) {
      at = { row: td.parentElement.getAttribute("aria-rowindex") - 2, column: td.getAttribute("aria-colindex") - 2 };
      draw(true);
    }
  });
  table.addEventListener("dblclick", (e) => e.target.closest("tbody td") && open());
  table.addEventListener("pointerdown", (e) => {
    const grip = e.target.closest(".sql-grip");
    if (!grip) return;
    const j = headers.indexOf(grip.parentElement), before = widths[j], began = e.clientX;
    const drag = (m) => { widths[j] = Math.max(48, before + m.clientX - began); lay(); };
    grip.setPointerCapture(e.pointerId);
    grip.addEventListener("pointermove", drag);
    grip.addEventListener("lostpointercapture", () => grip.removeEventListener("pointermove", drag), { once: true });
    e.preventDefault();
  });

  // open shows all of the row that the keyboard is at.
  const open = () => {
    if (at.row < 0) return;
    const row = rowAt(at.row);
    opened(count.format((order ? order[at.row] : at.row) + 1), columns.map((c, j) => ({ column: c, text: text(row[j]) })), () => table.focus());
  };

  scroller.addEventListener("scroll", () => requestAnimationFrame(() => draw(false)), { passive: true });
  new ResizeObserver(() => { measure(); draw(true); }).observe(scroller);

  // The height of a row is the style sheet's; all have the same.
  const measure = () => {
    const tr = body.querySelector("tr:not(.sql-pad)");
    const h = tr?.getBoundingClientRect().height;
    if (h && Math.abs(h - height) > 0.1) { height = h; draw(true); }
  };
  draw(true);
  measure();

  const all = function* () { for (let i = 0; i < rows.length; i++) yield rowAt(i); };
  return {
    open() { if (at.row < 0) move(0, at.column); open(); },
    focus() { table.focus(); },
    copyTSV: () => copy([columns.map((c) => tsvCell(c.name)), ...[...all()].map((r) => r.map((v) => tsvCell(text(v))))].map((r) => r.join("\t")).join("\n") + "\n"),
    copyMarkdown() {
      const line = (cells) => `| ${cells.join(" | ")} |`;
      return copy([line(columns.map((c) => markdownCell(c.name))), line(columns.map((c) => (isNumber(c) ? "---:" : "---"))), ...[...all()].map((r) => line(r.map((v) => markdownCell(text(v)))))].join("\n") + "\n");
    },
    copyText: copy,
  };
}
