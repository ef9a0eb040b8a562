// The SQL workbench. The page works without this: then the form asks for a page
// with the first rows. The address holds the whole state (q, rows, chart, x, y,
// by), so whoever opens it sees the same query, result and chart.
import { grid, isNumber, text } from "./sql-grid.js";
import { chart, fits, kinds, suggest } from "./sql-chart.js";

const $ = (id) => document.getElementById(id);
const page = $("workbench"), area = $("sql");
const lang = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
const locale = lang === "zh" ? "zh-CN" : "en";
const count = new Intl.NumberFormat(locale);
const texts = JSON.parse($("sql-texts").textContent);
const say = (id, values = {}) => (texts[id] ?? id).replace(/\{(\w+)\}/g, (_, name) => values[name]);
const seconds = (ms) => (ms / 1000).toLocaleString(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

const size = (bytes) => {
  let n = bytes, unit = 0;
  while (n >= 1024 && unit < 4) { n /= 1024; unit++; }
  return n.toLocaleString(locale, { maximumFractionDigits: unit ? 1 : 0 }) + " " + ["B", "KB", "MB", "GB", "TB"][unit];
};

const make = (tag, attributes = {}, ...children) => {
  const e = document.createElement(tag);
  for (const [name, v] of Object.entries(attributes)) if (v !== undefined && v !== false) e.setAttribute(name, v === true ? "" : v);
  e.append(...children);
  return e;
};
const button = (label, click, attributes = {}) => {
  const b = make("button", { type: "button", class: "plain", ...attributes }, label);
  b.addEventListener("click", click);
  return b;
};

// ---- the address

const defaultRows = 10000;
const read = () => {
  const v = new URLSearchParams(location.search);
  const rows = Number(v.get("rows"));
  return {
    q: (v.get("q") ?? "").trim(), rows: [...$("limit").options].some((o) => Number(o.value) === rows) ? rows : defaultRows,
    chart: v.has("chart") ? { kind: v.get("chart"), x: v.get("x"), y: v.get("y"), by: v.get("by") } : null,
  };
};
let state = read();

function address(path = "/sql") {
  const v = new URLSearchParams(), asked = new URLSearchParams(location.search).get("lang");
  v.set("q", state.q);
  if (asked) v.set("lang", asked);
  if (state.rows !== defaultRows) v.set("rows", state.rows);
  if (state.chart) {
    v.set("chart", state.chart.kind);
    for (const name of ["x", "y", "by"]) if (state.chart[name] != null) v.set(name, state.chart[name]);
  }
  return path + "?" + v;
}
function remember(push) {
  history[push && address() !== location.pathname + location.search ? "pushState" : "replaceState"](null, "", address());
  // The page's other links to itself lead to what it shows now.
  for (const [id, name, v] of [["language", "lang", lang === "zh" ? "en" : "zh"], ["scheme", "scheme", null]]) {
    const a = $(id);
    if (!a) continue;
    const to = new URL(location.href);
    to.searchParams.set(name, v ?? new URL(a.href).searchParams.get(name));
    a.href = to.pathname + to.search;
  }
}

// ---- the editor

// Until the editor is there, and where it cannot be loaded, the text box is it.
let editor = {
  get text() { return area.value; },
  set text(s) { area.value = s; },
  insert(s) { area.setRangeText(s, area.selectionStart, area.selectionEnd, "end"); area.focus(); },
  focus() { area.focus(); },
  mark(line, column) {
    const lines = area.value.split("\n");
    const before = lines.slice(0, line - 1).reduce((n, l) => n + l.length + 1, 0) + [...(lines[line - 1] ?? "")].slice(0, column - 1).join("").length;
    area.focus();
    area.setSelectionRange(before, before + 1);
    area.setAttribute("aria-invalid", "true");
  },
  unmark() { area.removeAttribute("aria-invalid"); },
};
area.addEventListener("keydown", (e) => {
  if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) { e.preventDefault(); run(); }
});

let names = { datasets: [], functions: [] };
const ready = (async () => {
  const [module, known] = await Promise.all([
    import(page.dataset.editor),
    fetch(page.dataset.names).then((r) => (r.ok ? r.json() : names)).catch(() => names),
  ]);
  names = known;
  for (const d of names.datasets) d.fields ??= [];
  const focused = document.activeElement === area;
  const parent = $("editor");
  parent.hidden = false;
  editor = module.make({
    parent, text: area.value, names, lang, label: $("sql-label").textContent, describedBy: "sql-help", hint: say("hint"),
    phrases: { Completions: say("completions"), "Control character": say("control") },
    run: () => run(), change: (s) => { area.value = s; },
  });
  area.hidden = true;
  $("sql-label").addEventListener("click", () => editor.focus());
  if (focused) editor.focus();
  const problem = $("problem");
  if (problem?.dataset.line) editor.mark(Number(problem.dataset.line), Number(problem.dataset.column));
  page.dataset.ready = "true";
})().catch((e) => {
  $("status").textContent = say("editor_failed");
  page.dataset.ready = "failed";
  throw e;
});

// ---- asking

class Problem extends Error {
  constructor(status, body, after) {
    super(body.detail ?? body.title);
    Object.assign(this, { status, body, after });
  }
}

// ask puts a question to the API. heard is told how much of the answer is there.
async function ask(values, signal, heard = () => {}) {
  const v = new URLSearchParams(values);
  v.set("lang", lang);
  // Addresses of 8 KB pass every proxy; longer questions go in a body.
  const long = v.toString().length > 8000;
  let r;
  try {
    r = await fetch(long ? "/api/v1/sql.json?lang=" + lang : "/api/v1/sql.json?" + v, {
      signal, headers: { Accept: "application/json" },
      ...(long ? { method: "POST", body: (v.delete("lang"), v) } : {}),
    });
  } catch (e) {
    if (e.name === "AbortError") throw e;
    throw new Problem(0, {});
  }
  if (!r.ok) {
    const body = await r.json().catch(() => ({}));
    throw new Problem(r.status, body, Number(r.headers.get("Retry-After")) || 0);
  }
  const pieces = [], reader = r.body.getReader();
  let bytes = 0, rows = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      pieces.push(value);
      bytes += value.length;
      for (let i = value.indexOf(10); i >= 0; i = value.indexOf(10, i + 1)) rows++; // each row ends a line
      heard(rows, bytes);
    }
    return JSON.parse(await new Blob(pieces).text());
  } catch (e) {
    if (e.name === "AbortError") throw e;
    throw new Problem(-1, {});
  }
}

let running = null; // the AbortController of the question under way
let limits = { interactive_seconds: 10 };
fetch("/api/v1/limits").then((r) => r.json()).then((l) => { limits = l; }).catch(() => {});

const status = (...nodes) => $("status").replaceChildren(...nodes);

function begin(message) {
  running?.abort();
  const mine = (running = new AbortController()), began = performance.now();
  editor.unmark();
  $("fault").replaceChildren();
  status(message);
  $("progress").hidden = $("cancel").hidden = false;
  $("received").textContent = "";
  const tick = () => { $("elapsed").textContent = say("elapsed", { s: seconds(performance.now() - began) }); };
  tick();
  const timer = setInterval(tick, 100);
  page.setAttribute("aria-busy", "true");
  return {
    signal: mine.signal,
    end() {
      clearInterval(timer);
      if (running !== mine) return;
      running = null;
      page.removeAttribute("aria-busy");
      $("progress").hidden = $("cancel").hidden = true;
    },
  };
}

const estimated = (rows) => {
  const [e] = rows;
  return { ...e, said: say("estimated", { read: count.format(e.rows_read), rows: count.format(e.rows), size: size(e.bytes), cost: say("cost_" + e.cost) }) };
};

// run asks for what is in the editor: first what it would cost, then the rows.
async function run({ push = true, keepChart = false, sure = false } = {}) {
  await ready.catch(() => {});
  const q = editor.text.trim();
  if (q === "") { status(say("empty")); editor.focus(); return; }
  if (editor.text !== q) editor.text = q; // places of faults count from its beginning
  if (q !== state.q && !keepChart) state.chart = null;
  state.q = q;
  state.rows = Number($("limit").value);
  if (push) remember(true);
  let known = "";
  const under = begin(say("estimating"));
  try {
    if (!sure) {
      const e = estimated((await ask({ q, estimate: 1 }, under.signal)).rows);
      known = e.said;
      if (e.cost === "heavy") { under.end(); await warn(e.said); return; }
    }
    status(known ? known + " " : "", say("running"));
    const answer = await ask({ q, shape: "arrays", limit: state.rows, cite: 1 }, under.signal, (rows, bytes) => {
      $("received").textContent = say("received", { rows: count.format(Math.max(0, rows - 1)), size: size(bytes) });
    });
    under.end();
    keep(q, answer.returned, answer.truncated);
    show(answer);
    status(say("done", { rows: count.format(answer.returned), ms: count.format(answer.elapsed_ms) }));
  } catch (e) {
    under.end();
    fail(e);
  }
}

// warn asks before something heavy is run.
function warn(said) {
  status();
  return new Promise((decided) => {
    const choose = (yes) => { $("fault").replaceChildren(); decided(); if (yes) run({ push: false, keepChart: true, sure: true }); else editor.focus(); };
    const go = button(say("run_anyway"), () => choose(true)), stay = button(say("not_now"), () => choose(false));
    $("fault").replaceChildren(make("div", { class: "notice", role: "alertdialog", "aria-labelledby": "heavy", id: "heavy-box" }, make("p", { id: "heavy" }, say("heavy", { s: limits.interactive_seconds }), " ", said), make("p", { class: "sql-bar" }, stay, go)));
    stay.focus();
  });
}

function fail(e) {
  if (e.name === "AbortError") { status(say("cancelled")); return; }
  status();
  if (!(e instanceof Problem)) throw e;
  const { body } = e, box = make("div", { class: "problem", role: "alert", id: "problem" });
  const tell = { 0: "offline", [-1]: "broken", 413: "too_large", 429: "too_many", 503: "busy", 504: "timeout" }[e.status];
  if (tell) {
    let left = e.after;
    const words = make("strong", {}, say(tell, { s: left }));
    const again = button(say("retry"), () => run({ push: false, keepChart: true }), { disabled: left > 0 });
    box.append(words, make("p", {}, again));
    const timer = left > 0 && setInterval(() => {
      left--;
      if (!box.isConnected || left <= 0) { clearInterval(timer); again.disabled = false; }
      words.textContent = say(tell, { s: Math.max(0, left) });
    }, 1000);
  } else if (e.status >= 500) {
    box.append(make("strong", {}, say("failed", { status: e.status })), make("p", {}, button(say("retry"), () => run({ push: false, keepChart: true }))));
  } else {
    const heading = make("strong", {}, e.status === 400 || !body.title ? say("error") : body.title);
    if (body.line) heading.append(" ", make("span", { class: "sql-place" }, say("place", body)));
    box.append(heading, make("p", {}, body.detail ?? body.title ?? ""));
    if (body.hint) box.append(make("p", { class: "sql-hint" }, body.hint));
    const at = body.line ? body : named(body.detail ?? "");
    if (at) {
      editor.mark(at.line, at.column);
      box.append(make("p", {}, button(say("go"), () => { editor.mark(at.line, at.column); editor.focus(); })));
    }
  }
  $("fault").replaceChildren(box);
  $("fault").scrollIntoView({ block: "nearest" });
}

// named finds the place of a fault of which only a name is told: where that name
// stands, if it stands once.
function named(detail) {
  const name = [...detail.matchAll(/"([^"\s]+)"/g)].at(-1)?.[1];
  if (!name) return null;
  const lines = editor.text.split("\n"), found = [];
  const word = new RegExp(`(?<![\\w\\p{L}])${name.replace(/[^\w\p{L}]/gu, "\\$&")}(?![\\w\\p{L}])`, "giu");
  lines.forEach((l, i) => { for (const m of l.matchAll(word)) found.push({ line: i + 1, column: [...l.slice(0, m.index)].length + 1 }); });
  return found.length === 1 ? found[0] : null;
}

// ---- the result

// meanings finds title and unit of the columns of a result: those of the field
// that a column is, or whose unit its expression keeps.
function meanings(columns, q, release) {
  const used = names.datasets.filter((d) => release === undefined || d.id in release);
  const field = (name) => {
    const found = used.flatMap((d) => d.fields.filter((f) => f.name === name.toLowerCase()));
    return found.length && found.every((f) => f.unit === found[0].unit && f.zh === found[0].zh) ? found[0] : null;
  };
  return columns.map((c) => {
    const from = expression(q, c.name) ?? c.name;
    const bare = from.match(/^(?:"?\w+"?\.)?"?([a-z_]\w*)"?$/i);
    if (bare) {
      const f = field(bare[1]);
      // Whoever gives a column a name of their own reads it under that name.
      return f ? { ...c, title: c.name.toLowerCase() === f.name ? (lang === "zh" ? f.zh || f.en : f.en || f.zh) || "" : "", unit: f.unit ?? "" } : c;
    }
    const words = from.match(/[a-z_]\w*(?:\.[a-z_]\w*)?\s*\(?/gi) ?? [];
    const calls = words.filter((w) => w.endsWith("(")).map((w) => w.slice(0, -1).trim().toLowerCase()), others = words.filter((w) => !w.endsWith("("));
    const kept = calls.every((f) => ["sum", "avg", "min", "max", "median", "mean", "round", "abs", "any_value", "first", "last", "coalesce", "quantile_cont", "mode"].includes(f));
    if (!kept || others.length !== 1 || !/^[\w\s.(),]*$/.test(from)) return c;
    const f = field(others[0].trim().split(".").at(-1));
    return f?.unit ? { ...c, unit: f.unit } : c;
  });
}

// expression is what stands before AS name in a statement, or null.
function expression(q, name) {
  const m = new RegExp(`\\s+as\\s+"?${name.replace(/[^\w\p{L}]/gu, "\\$&")}"?(?![\\w\\p{L}])`, "iu").exec(q);
  if (!m) return null;
  let depth = 0, i = m.index;
  for (; i > 0; i--) {
    const c = q[i - 1];
    if (c === ")") depth++;
    else if (c === "(" && --depth < 0) break;
    else if (c === "," && depth === 0) break;
    else if (depth === 0 && /\b(select|distinct)\s$/i.test(q.slice(Math.max(0, i - 9), i))) break;
  }
  return q.slice(i, m.index).trim();
}

let result = null; // { columns, rows, truncated }
let table = null;

// show puts an answer in the place of the one before.
function show(answer) {
  const { rows } = answer;
  const columns = meanings(answer.columns, state.q, answer.release);
  result = { columns, rows, truncated: answer.truncated };
  $("rendered")?.remove();
  $("answer").hidden = false;
  const place = $("enhanced");
  place.replaceChildren();

  if (answer.truncated) {
    const more = Number($("limit").options[$("limit").options.length - 1].value);
    const notice = make("div", { class: "notice sql-more", role: "note" }, make("strong", {}, say("truncated", { rows: count.format(rows.length) })), " ");
    if (state.rows < more) notice.append(button(say("load_more", { rows: count.format(more) }), () => { $("limit").value = String(more); run({ keepChart: true }); }), " ");
    notice.append(say("truncated_all"));
    place.append(notice);
  }

  const panels = { table: make("div", { role: "tabpanel", id: "panel-table", "aria-labelledby": "tab-table" }), chart: make("div", { role: "tabpanel", id: "panel-chart", "aria-labelledby": "tab-chart" }) };
  const tabs = Object.keys(panels).map((name) => make("button", { type: "button", role: "tab", id: "tab-" + name, "aria-controls": "panel-" + name }, say(name)));
  const choose = (name, focus) => {
    tabs.forEach((t) => { const on = t.id === "tab-" + name; t.setAttribute("aria-selected", on); t.tabIndex = on ? 0 : -1; if (on && focus) t.focus(); });
    for (const [n, panel] of Object.entries(panels)) panel.hidden = n !== name;
    if (name === "table") { state.chart = null; if (!table) drawTable(panels.table); } else drawChart(panels.chart);
    remember(false);
  };
  tabs.forEach((t, i) => {
    t.addEventListener("click", () => choose(t.id.slice(4)));
    t.addEventListener("keydown", (e) => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 }[e.key];
      if (to === undefined) return;
      e.preventDefault();
      choose(tabs.at(to % tabs.length).id.slice(4), true);
    });
  });
  const share = button(say("share"), async () => { await copy(location.origin + address()); status(say("shared")); }, { id: "share" });
  place.append(make("div", { class: "sql-tabs" }, make("div", { role: "tablist", "aria-label": say("views") }, ...tabs), share), panels.table, panels.chart);
  table = null;

  for (const a of $("downloads").querySelectorAll("a")) a.href = download(a.dataset.ext);
  $("cite").hidden = !answer.citation?.text || answer.citation.datasets?.length === 0;
  const pinned = answer.citation?.query;
  $("permalink").hidden = !answer.permalink || !pinned;
  if (answer.permalink && pinned) $("permalink").href = "/sql?" + new URLSearchParams({ q: pinned, ...(new URLSearchParams(location.search).has("lang") ? { lang } : {}) });
  if (answer.citation) {
    // The link of a citation is for people: to the page, not to the rows as JSON.
    let said = answer.citation.text;
    if (answer.permalink) said = said.replace(answer.permalink, $("permalink").href);
    $("citation").textContent = said;
  }
  copyCitation();

  const wanted = state.chart && spec(state.chart, columns);
  choose(wanted ? "chart" : "table");
}

function copyCitation() {
  if (!$("copy-citation")) $("citation").after(make("p", {}, button(say("copy_citation"), async () => { await copy($("citation").textContent); status(say("copied_citation")); }, { id: "copy-citation" })));
}

const download = (ext) => "/api/v1/sql." + ext + "?" + new URLSearchParams({ q: state.q, ...(ext === "json" ? { limit: 100000 } : {}) });

async function copy(s) {
  try {
    await navigator.clipboard.writeText(s);
  } catch { // no permission, or not https
    const box = make("textarea", { class: "hide" }), back = document.activeElement;
    box.value = s;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
    back?.focus();
  }
}

function drawTable(panel) {
  const { columns, rows } = result;
  panel.replaceChildren();
  if (rows.length === 0) { panel.append(make("p", {}, say("no_rows"))); table = {}; return; }
  const holder = make("div");
  const said = (n) => status(say("copied", { rows: count.format(n) }));
  panel.append(holder, make("p", { class: "sql-bar" },
    button(say("show_row"), () => table.open()),
    button(say("copy_tsv"), async () => { await table.copyTSV(); said(rows.length); }),
    button(say("copy_markdown"), async () => { await table.copyMarkdown(); said(rows.length); }),
    make("span", { class: "meta", id: "grid-help" }, say("grid_help"))));
  table = grid(holder, { columns, rows, lang: locale, say, label: say("grid"), opened: record,
    told: (order, column) => status(say("sorted_" + order, { column: column.title || column.name })) });
}

// record shows one row, field by field.
function record(n, fields, closed) {
  const box = $("record");
  $("record-title").textContent = say("record", { n });
  $("record-fields").replaceChildren(...fields.flatMap(({ column, text }) => [
    make("dt", {}, column.title ? column.title + " " : "", make("code", {}, column.name)),
    make("dd", { class: text === null ? "sql-null" : false }, text === null ? "NULL" : text + (column.unit ? " " + column.unit : "")),
  ]));
  box.addEventListener("close", closed, { once: true });
  box.showModal();
}
$("record-close").addEventListener("click", () => $("record").close());

// ---- the chart

// spec reads a chart by the names of its columns; null where it cannot be drawn.
function spec(named, columns) {
  const at = (name) => (name == null || name === "" ? -1 : columns.findIndex((c) => c.name === name));
  const s = { kind: named.kind, x: at(named.x), y: at(named.y), by: at(named.by) };
  if (s.y < 0) { // a link that says no more than the kind
    const best = suggest(columns, result.rows);
    if (!best) return null;
    return { ...best, kind: kinds.includes(named.kind) ? named.kind : best.kind };
  }
  return fits(s, columns, result.rows) ? s : null;
}

function drawChart(panel) {
  const { columns, rows, truncated } = result;
  let s = (state.chart && spec(state.chart, columns)) ?? suggest(columns, rows);
  panel.replaceChildren();
  if (!s) { panel.append(make("p", {}, say("chart_none"))); state.chart = null; return; }
  const label = (j) => columns[j].title ? `${columns[j].title} (${columns[j].name})` : columns[j].name;
  const all = columns.map((_, j) => j);
  const select = (id, options, value, groups) => {
    const e = make("select", { id: "chart-" + id });
    for (const [v, t, g] of options) {
      const o = make("option", { value: v }, t);
      if (!g) e.append(o);
      else {
        let group = [...e.children].find((c) => c.label === g);
        if (!group) e.append((group = make("optgroup", { label: g })));
        group.append(o);
      }
    }
    e.value = String(value);
    e.addEventListener("change", changed);
    return e;
  };
  const controls = make("div", { class: "sql-bar sql-chart-choice" });
  const picture = make("div", { class: "sql-picture" });
  const caption = make("figcaption", { class: "meta" });
  const figure = make("figure", {}, picture, caption);
  const notes = make("div", { role: "status" });
  panel.append(controls, notes, figure);

  function choices() {
    const xs = s.kind === "scatter" ? all.filter((j) => isNumber(columns[j]) || /^(DATE|TIMESTAMP)/.test(columns[j].type)) : all;
    const ys = all.filter((j) => isNumber(columns[j]));
    const numbersToo = s.kind !== "scatter" ? ys.filter((j) => j !== s.y && j !== s.x) : [];
    const texts = all.filter((j) => !isNumber(columns[j]) && j !== s.x);
    const field = (id, name, e) => make("label", { for: "chart-" + id }, name, " ", e);
    const focus = document.activeElement?.id;
    controls.replaceChildren(
      field("kind", say("kind"), select("kind", kinds.map((k) => [k, say("chart_" + k)]), s.kind)),
      field("x", say(s.kind === "bar" ? "x_bar" : "x"), select("x", [[-1, say("row_number")], ...xs.map((j) => [j, label(j)])], s.x)),
      field("y", say("y"), select("y", ys.map((j) => [j, label(j)]), s.y)),
      field("by", say("by"), select("by", [[-1, say("one_series")], ...texts.map((j) => [j, label(j), say("by_groups")]), ...numbersToo.map((j) => [j, label(j), say("by_columns")])], s.by)));
    if (focus?.startsWith("chart-")) $(focus)?.focus();
  }
  function changed() {
    s = { kind: $("chart-kind").value, x: Number($("chart-x").value), y: Number($("chart-y").value), by: Number($("chart-by").value) };
    if (!fits(s, columns, rows)) s.x = -1;
    if (s.by === s.x || s.by === s.y) s.by = -1;
    draw();
    remember(false);
  }
  function draw() {
    state.chart = { kind: s.kind, x: s.x < 0 ? "" : columns[s.x].name, y: columns[s.y].name, by: s.by < 0 ? null : columns[s.by].name };
    choices();
    paint();
  }
  function paint() {
    const drawn = chart(picture, { columns, rows, spec: s, lang: locale, say });
    caption.textContent = [drawn.heading, drawn.summary].filter(Boolean).join(lang === "zh" ? "。" : ". ");
    const said = truncated ? [say("chart_partial", { rows: count.format(rows.length) }), ...drawn.notes] : drawn.notes;
    notes.replaceChildren(...said.map((n) => make("p", { class: "notice calm" }, n)));
  }
  draw();
  let width = picture.clientWidth;
  new ResizeObserver(() => {
    if (!picture.isConnected || picture.clientWidth === 0 || Math.abs(picture.clientWidth - width) < 2) return;
    width = picture.clientWidth;
    paint();
  }).observe(picture);
}

// ---- history, on this device alone

const store = "govdata.sql.history";
const past = () => { try { return JSON.parse(localStorage.getItem(store)) ?? []; } catch { return []; } };
function keep(q, rows, truncated) {
  const list = [{ q, rows, truncated, at: Date.now() }, ...past().filter((e) => e.q !== q)].slice(0, 50);
  try { localStorage.setItem(store, JSON.stringify(list)); } catch { return; }
  showPast();
}
function showPast() {
  const list = past();
  $("past").hidden = list.length === 0;
  $("past-list").replaceChildren(...list.map((e) => {
    const b = button(e.q.replace(/\s+/g, " ").slice(0, 160), () => { load(e.q); }, { class: "sql-again", title: e.q });
    const when = new Date(e.at).toLocaleString(locale, { dateStyle: "short", timeStyle: "short" });
    return make("li", {}, b, make("span", { class: "meta" }, `${when} · ${say("past_rows", { rows: count.format(e.rows) + (e.truncated ? "+" : "") })}`));
  }));
}
$("forget").addEventListener("click", () => { localStorage.removeItem(store); showPast(); editor.focus(); });
showPast();

// ---- examples and tables

// load puts a query into the editor, runs it and leads to the result.
async function load(q) {
  editor.text = q;
  window.scrollTo({ top: 0 });
  await run();
  if (!$("fault").hasChildNodes()) $("result").focus({ preventScroll: true });
}
page.addEventListener("click", (e) => {
  const a = e.target.closest("a.sql-ask");
  if (!a || e.ctrlKey || e.metaKey || e.shiftKey || e.button !== 0) return;
  e.preventDefault();
  load(new URL(a.href).searchParams.get("q"));
});
// Names of fields become buttons once they are seen.
$("table-list").addEventListener("toggle", (e) => {
  const d = e.target;
  if (!d.open || d.dataset.made) return;
  d.dataset.made = "true";
  for (const code of d.querySelectorAll(".sql-fields code")) {
    const name = code.textContent;
    code.replaceWith(button(make("code", {}, name), () => editor.insert(name), { class: "sql-field", "aria-label": say("insert", { name }) }));
  }
}, true);
$("table-find").addEventListener("input", () => {
  const words = $("table-find").value.trim().toLowerCase();
  let n = 0;
  for (const d of $("table-list").children) {
    const there = words === "" || (d.dataset.words + " " + d.querySelector(".sql-fields").textContent).toLowerCase().includes(words);
    d.hidden = !there;
    if (there) n++;
  }
  $("found").textContent = words === "" ? "" : say("found", { n: count.format(n) });
});

// ---- the page

$("ask").addEventListener("submit", (e) => { e.preventDefault(); run(); });
$("cancel").addEventListener("click", () => { running?.abort(); editor.focus(); });
document.addEventListener("keydown", (e) => {
  if (e.key === "Escape" && running && !e.defaultPrevented && !$("record").open) { running.abort(); }
});
$("estimate").addEventListener("click", async () => {
  const q = editor.text.trim();
  if (q === "") { status(say("empty")); return; }
  if (editor.text !== q) editor.text = q;
  const under = begin(say("estimating"));
  try {
    const e = estimated((await ask({ q, estimate: 1 }, under.signal)).rows);
    under.end();
    status(e.said);
  } catch (e) {
    under.end();
    fail(e);
  }
});
for (const e of [$("estimate"), page.querySelector(".sql-limit"), page.querySelector(".sql-find"), $("sql-help")]) e.hidden = false;
$("limit").value = String(state.rows);

addEventListener("popstate", () => {
  const now = read();
  if (JSON.stringify(now) === JSON.stringify(state)) return; // a jump within the page
  running?.abort();
  state = now;
  $("limit").value = String(state.rows);
  editor.text = state.q;
  if (state.q) run({ push: false, keepChart: true });
  else { $("answer").hidden = true; $("fault").replaceChildren(); status(); }
});

// The server has answered already; what it shows whole need not be asked again.
function rendered() {
  const box = $("rendered"), head = [...box.querySelectorAll("thead th")];
  const cell = (td, type) => (td.classList.contains("sql-null") ? null : type === "BOOLEAN" ? td.textContent === "true" : td.textContent);
  const columns = head.map((th) => ({ name: th.dataset.name, type: th.dataset.type }));
  const rows = [...box.querySelectorAll("tbody tr")].map((tr) => [...tr.children].map((td, j) => cell(td, columns[j].type)));
  const permalink = $("permalink");
  return {
    columns, rows, truncated: false, returned: rows.length, elapsed_ms: Number(box.dataset.elapsed),
    permalink: permalink.hidden ? null : permalink.href, release: undefined,
    citation: { text: $("citation").textContent, query: permalink.hidden ? null : new URL(permalink.href).searchParams.get("q") },
  };
}
await ready.catch(() => {});
if ($("rendered")?.dataset.whole === "true") {
  const answer = rendered();
  const used = new Set(state.q.toLowerCase().match(/[a-z_][\w.]*/g));
  answer.release = Object.fromEntries(names.datasets.filter((d) => used.has(d.id)).map((d) => [d.id, ""]));
  keep(state.q, answer.returned, false);
  show(answer);
  status(say("done", { rows: count.format(answer.returned), ms: count.format(answer.elapsed_ms) }));
} else if ($("rendered")) {
  run({ push: false, keepChart: true });
} else if (matchMedia("(pointer: fine)").matches && !state.q) {
  editor.focus();
}
