// Charts of a result, drawn as SVG: bars, lines and points.
import { isNumber, isTime, text } from "./sql-grid.js";

export const kinds = ["bar", "line", "scatter"];
const maxBars = 40, maxSeries = 8, maxPoints = 5000;

const svg = (tag, attributes = {}, ...children) => {
  const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, v] of Object.entries(attributes)) if (v !== undefined && v !== false) e.setAttribute(name, v);
  e.append(...children);
  return e;
};

// A year or a month is an integer that nobody adds up.
const parts = [[/(^|_)year$|年$/i, 1000, 2999], [/(^|_)quarter$|季度$/i, 1, 4], [/(^|_)month$|月$/i, 1, 12], [/(^|_)week$|周$/i, 1, 53], [/(^|_)day$|日$/i, 1, 31]];
const isOrdinal = (column, j, rows) => /^(U?(TINY|SMALL|BIG)INT|U?INTEGER)$/.test(column.type) &&
  parts.some(([name, lo, hi]) => name.test(column.name) && rows.slice(0, 1000).every((r) => r[j] === null || (Number(r[j]) >= lo && Number(r[j]) <= hi)));

// Times are dates, and texts that are all months or days.
const isTimely = (column, j, rows) => isTime(column) || (column.type === "VARCHAR" && rows.some((r) => r[j] !== null) && rows.slice(0, 1000).every((r) => r[j] === null || /^\d{4}-\d{2}(-\d{2})?$/.test(r[j])));

// suggest says which chart suits a result: { kind, x, y, by }, all but the kind
// numbers of columns, or null where there is nothing to draw.
export function suggest(columns, rows) {
  const all = columns.map((_, j) => j);
  const ordinal = all.filter((j) => isOrdinal(columns[j], j, rows));
  const values = all.filter((j) => isNumber(columns[j]) && !ordinal.includes(j));
  const times = [...all.filter((j) => isTimely(columns[j], j, rows)), ...ordinal];
  const names = all.filter((j) => !isNumber(columns[j]) && !times.includes(j));
  const y = values[0] ?? ordinal[0];
  if (y === undefined || rows.length === 0) return null;
  const distinct = (j) => new Set(rows.map((r) => text(r[j]))).size;
  const x = times.find((j) => j !== y);
  if (x !== undefined && rows.length > 1) {
    if (distinct(x) === rows.length) return { kind: "line", x, y, by: -1 };
    const by = names.find((j) => {
      const n = distinct(j);
      return n > 1 && n <= maxSeries && new Set(rows.map((r) => JSON.stringify([text(r[x]), text(r[j])]))).size === rows.length;
    });
    if (by !== undefined) return { kind: "line", x, y, by };
  }
  if (names.length) {
    // Of several texts the one that tells rows apart names the bars.
    const name = names.find((j) => distinct(j) === rows.length) ?? names[0];
    return { kind: "bar", x: name, y, by: -1 };
  }
  if (values.length > 1) return { kind: "scatter", x: values[0], y: values[1], by: -1 };
  return { kind: "bar", x: x ?? -1, y, by: -1 };
}

// fits tells whether a chart can be drawn of these columns.
export function fits(spec, columns, rows) {
  const has = (j) => Number.isInteger(j) && j >= 0 && j < columns.length;
  return kinds.includes(spec.kind) && has(spec.y) && isNumber(columns[spec.y]) && (has(spec.x) || spec.x === -1) && (has(spec.by) || spec.by === -1) &&
    !(spec.kind === "scatter" && spec.x >= 0 && !isNumber(columns[spec.x]) && !isTimely(columns[spec.x], spec.x, rows));
}

// steps are round numbers from about lo to about hi.
function steps(lo, hi, n) {
  if (lo === hi) { lo = Math.min(0, lo); hi = Math.max(0, hi) || 1; }
  const raw = (hi - lo) / n, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].find((s) => s * power >= raw * 0.999) * power;
  const from = Math.floor(lo / step + 1e-9), to = Math.ceil(hi / step - 1e-9);
  return Array.from({ length: to - from + 1 }, (_, i) => Number(((from + i) * step).toPrecision(12)));
}

const time = (s) => Date.parse(/^\d{4}-\d{2}(-\d{2})?$/.test(s) ? (s + "-01").slice(0, 10) + "T00:00:00Z" : String(s).replace(" ", "T") + (/[Zz]|[+-]\d\d(:?\d\d)?$/.test(s) ? "" : "Z"));

// timeSteps are the beginnings of days, months or years between two moments.
function timeSteps(lo, hi, n) {
  const day = 864e5, span = (hi - lo) / day, list = [];
  if (span > 70) {
    const months = [1, 2, 3, 6, 12, 24, 60, 120, 240].find((m) => span / (m * 30.4) <= n) ?? 600;
    const d = new Date(lo);
    let m = Math.ceil((d.getUTCFullYear() * 12 + d.getUTCMonth() + (d.getUTCDate() > 1 ? 0.5 : 0)) / months) * months;
    for (let t; (t = Date.UTC(Math.floor(m / 12), m % 12)) <= hi; m += months) list.push(t);
    return { list, show: (t) => new Date(t).toISOString().slice(0, months % 12 ? 7 : 4) };
  }
  const step = ([1, 2, 7, 14].find((d) => span / d <= n) ?? 30) * day, fine = span < 2;
  const unit = fine ? Math.max(1, Math.ceil((span * 24) / n)) * 36e5 : step;
  for (let t = Math.ceil(lo / unit) * unit; t <= hi; t += unit) list.push(t);
  return { list, show: (t) => (fine ? new Date(t).toISOString().slice(5, 16).replace("T", " ") : new Date(t).toISOString().slice(5, 10)) };
}

const breadth = (s) => { let n = 0; for (const c of s) n += c > "\u2e80" ? 2 : 1; return n; };
const clip = (s, n) => { let w = 0, out = ""; for (const c of s) { if ((w += c > "\u2e80" ? 2 : 1) > n) return out + "…"; out += c; } return out; };

// chart draws spec in parent, as wide as it is, and returns what the reader should
// know of it (what was left out) and what the chart says, as sentences.
export function chart(parent, { columns, rows, spec, lang, say }) {
  const short = new Intl.NumberFormat(lang, { notation: "compact", maximumFractionDigits: 2 });
  const exact = new Intl.NumberFormat(lang, { maximumFractionDigits: 6 });
  const title = (j) => (j < 0 ? say("row_number") : columns[j].title || columns[j].name);
  const labelled = (j) => title(j) + (j >= 0 && columns[j].unit ? ` (${columns[j].unit})` : "");
  const timeX = spec.x >= 0 && isTimely(columns[spec.x], spec.x, rows);
  const numberX = spec.x < 0 || isNumber(columns[spec.x]);
  const notes = [];

  // Series: of one column by the texts of another, or of two columns.
  const second = spec.by >= 0 && isNumber(columns[spec.by]) && spec.kind !== "scatter" && !isOrdinal(columns[spec.by], spec.by, rows);
  const series = new Map();
  let missing = 0, dropped = 0;
  const names = new Set();
  const add = (key, x, v, i) => {
    const y = v === null || v === "" ? NaN : Number(v);
    if (!Number.isFinite(y) || x === null || Number.isNaN(x)) { missing++; return; }
    if (!series.has(key)) {
      if (series.size >= maxSeries) { names.add(key); dropped++; return; }
      series.set(key, []);
    }
    series.get(key).push({ x, y, i });
  };
  const value = (row, i) => {
    if (spec.x < 0) return i + 1;
    const v = row[spec.x];
    if (spec.kind === "bar") return text(v) ?? "NULL";
    if (v === null) return null;
    return timeX ? time(v) : numberX ? Number(v) : text(v);
  };
  const points = spec.kind === "bar" ? rows : rows.slice(0, maxPoints);
  points.forEach((row, i) => {
    const x = value(row, i);
    if (second) { add(title(spec.y), x, row[spec.y], i); add(title(spec.by), x, row[spec.by], i); } else add(spec.by >= 0 ? text(row[spec.by]) ?? "NULL" : title(spec.y), x, row[spec.y], i);
  });
  if (points.length < rows.length) notes.push(say("chart_points", { shown: exact.format(points.length), all: exact.format(rows.length) }));
  if (missing) notes.push(say("chart_missing", { n: exact.format(missing) }));
  if (dropped) notes.push(say("chart_series", { shown: maxSeries, all: exact.format(series.size + names.size) }));

  const width = Math.max(280, Math.floor(parent.clientWidth)), several = series.size > 1;
  const flat = [...series].flatMap(([name, list], s) => list.map((p) => ({ ...p, name, s })));
  if (flat.length === 0) {
    parent.replaceChildren();
    return { notes: [say("chart_nothing")], summary: "" };
  }
  const lowest = flat.reduce((a, b) => (b.y < a.y ? b : a)), highest = flat.reduce((a, b) => (b.y > a.y ? b : a));
  const saidX = (x) => (timeX && typeof x === "number" ? new Date(x).toISOString().slice(0, 10) : String(x));
  const saidPoint = (p) => `${several ? p.name + ", " : ""}${saidX(p.x)}: ${exact.format(p.y)}${columns[spec.y].unit && !second ? " " + columns[spec.y].unit : ""}`;
  const axis = !second ? labelled(spec.y) : `${title(spec.y)}, ${title(spec.by)}${columns[spec.y].unit && columns[spec.y].unit === columns[spec.by].unit ? ` (${columns[spec.y].unit})` : ""}`;
  const heading = say("chart_title", { kind: say("chart_" + spec.kind), y: axis, x: labelled(spec.x) }) + (spec.by >= 0 && !second ? say("chart_title_by", { by: title(spec.by) }) : "");
  const root = svg("svg", { role: "img", "aria-labelledby": "chart-title chart-desc", class: "sql-chart", width });
  const label = (x, y, s, attributes) => svg("text", { x, y, ...attributes }, s);
  const hint = (shape, p) => { shape.append(svg("title", {}, saidPoint(p))); return shape; };
  let height;

  if (spec.kind === "bar") {
    const order = [...new Set(flat.map((p) => (several ? p.x : p.i)))];
    const categories = order.slice(0, maxBars);
    if (order.length > categories.length) notes.push(say("chart_bars", { shown: categories.length, all: exact.format(order.length) }));
    const place = new Map(categories.map((c, i) => [c, i]));
    const bars = flat.filter((p) => place.has(several ? p.x : p.i));
    const limit = Math.max(10, Math.min(40, Math.floor(width / 26)));
    const named = new Map(bars.map((p) => [several ? p.x : p.i, clip(String(p.x), limit)]));
    const left = 16 + Math.max(...[...named.values()].map(breadth)) * 6.9, right = 64, top = 12;
    const thick = several ? Math.max(8, 20 - series.size * 1.5) : 18, band = thick * (several ? series.size : 1) + 10;
    height = top + categories.length * band + 50;
    const ticks = steps(Math.min(0, lowest.y), Math.max(0, highest.y), Math.max(2, Math.floor((width - left - right) / 90)));
    const scale = (v) => left + ((v - ticks[0]) / (ticks.at(-1) - ticks[0])) * (width - left - right);
    for (const v of ticks) root.append(svg("line", { class: v === 0 ? "axis" : "rule", x1: scale(v), x2: scale(v), y1: top - 4, y2: height - 46 }), label(scale(v), height - 30, short.format(v), { "text-anchor": "middle" }));
    for (const [c, i] of place) root.append(label(left - 8, top + i * band + (band - 10) / 2 + 4.5, named.get(c), { "text-anchor": "end" }));
    for (const p of bars) {
      const y = top + place.get(several ? p.x : p.i) * band + (several ? p.s * thick : 0), a = scale(Math.min(0, p.y)), b = scale(Math.max(0, p.y));
      root.append(hint(svg("rect", { class: `c${p.s}`, x: a, y, width: Math.max(1, b - a), height: thick - 1, rx: 2 }), p));
      if (thick >= 14) root.append(label((p.y < 0 ? scale(0) : b) + 6, y + thick / 2 + 4.5, short.format(p.y), { class: "value" }));
    }
    root.append(label(left + (width - left - right) / 2, height - 8, axis, { "text-anchor": "middle", class: "name" }));
  } else {
    const zero = lowest.y >= 0 && lowest.y < highest.y / 2;
    height = Math.round(Math.min(440, Math.max(260, width * 0.5)));
    const ticks = steps(zero ? 0 : lowest.y, highest.y, 5);
    if (ticks[0] > 0) notes.push(say("chart_axis", { from: exact.format(ticks[0]) }));
    const left = 14 + Math.max(...ticks.map((v) => breadth(short.format(v)))) * 7.4, right = 20, top = 30, bottom = height - 50;
    const up = (v) => bottom - ((v - ticks[0]) / (ticks.at(-1) - ticks[0])) * (bottom - top);
    for (const v of ticks) root.append(svg("line", { class: v === ticks[0] ? "axis" : "rule", x1: left, x2: width - right, y1: up(v), y2: up(v) }), label(left - 8, up(v) + 4.5, short.format(v), { "text-anchor": "end" }));
    const room = Math.max(2, Math.floor((width - left - right) / 80));
    let across;
    const tick = (x, s) => root.append(svg("line", { class: "axis", x1: x, x2: x, y1: bottom, y2: bottom + 5 }), label(x, bottom + 20, s, { "text-anchor": "middle" }));
    if (timeX || numberX) {
      let lo = Math.min(...flat.map((p) => p.x)), hi = Math.max(...flat.map((p) => p.x));
      if (timeX) {
        if (lo === hi) { lo -= 864e5; hi += 864e5; }
        const { list, show } = timeSteps(lo, hi, room);
        across = (v) => left + 8 + ((v - lo) / (hi - lo)) * (width - left - right - 16);
        for (const t of list) tick(across(t), show(t));
      } else {
        const whole = spec.x < 0 || isOrdinal(columns[spec.x], spec.x, rows);
        let list = steps(lo, hi, room);
        if (whole) list = list.filter((v) => Number.isInteger(v) && v >= lo && v <= hi);
        else { lo = list[0]; hi = list.at(-1); }
        if (lo === hi) { lo -= 1; hi += 1; }
        across = (v) => left + 8 + ((v - lo) / (hi - lo)) * (width - left - right - 16);
        for (const v of list) tick(across(v), whole ? String(v) : short.format(v));
      }
    } else {
      const categories = [...new Set(flat.map((p) => p.x))];
      const place = new Map(categories.map((c, i) => [c, i]));
      const gap = (width - left - right) / categories.length, every = Math.ceil(categories.length / room);
      across = (v) => left + (place.get(v) + 0.5) * gap;
      categories.forEach((c, i) => i % every === 0 && tick(across(c), clip(String(c), Math.max(6, Math.floor((gap * every) / 7.5)))));
    }
    if (spec.kind === "line") {
      [...series.values()].forEach((list, s) => {
        const sorted = timeX || numberX ? list.toSorted((a, b) => a.x - b.x) : list;
        root.append(svg("path", { class: `c${s} line`, d: sorted.map((p, i) => `${i ? "L" : "M"}${across(p.x).toFixed(1)} ${up(p.y).toFixed(1)}`).join("") }));
      });
    }
    if (spec.kind === "scatter" || flat.length <= 400) {
      const r = spec.kind === "scatter" ? (flat.length > 1000 ? 2 : 4) : 3;
      for (const p of flat) root.append(hint(svg("circle", { class: `c${p.s}${spec.kind === "scatter" ? " point" : ""}`, cx: across(p.x).toFixed(1), cy: up(p.y).toFixed(1), r }), p));
    }
    root.append(label(left, 14, axis, { class: "name" }), label(left + (width - left - right) / 2, height - 8, labelled(spec.x), { "text-anchor": "middle", class: "name" }));
  }
  root.setAttribute("height", height);
  root.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const summary = say("chart_summary", { n: exact.format(flat.length), low: saidPoint(lowest), high: saidPoint(highest) });
  root.prepend(svg("title", { id: "chart-title" }, heading), svg("desc", { id: "chart-desc" }, summary));
  const legend = document.createElement("ul");
  legend.className = "sql-legend";
  if (several) [...series.keys()].forEach((name, s) => {
    const item = document.createElement("li"), swatch = svg("svg", { width: 12, height: 12, "aria-hidden": "true" }, svg("rect", { class: `c${s}`, width: 12, height: 12, rx: 2 }));
    item.append(swatch, " ", name);
    legend.append(item);
  });
  parent.replaceChildren(...(several ? [legend] : []), root);
  return { notes, summary, heading };
}
