import "./styles.js";
import { autocompletion, closeBrackets, closeBracketsKeymap, closeCompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { SQLDialect } from "@codemirror/lang-sql";
import { bracketMatching, syntaxHighlighting, syntaxTree } from "@codemirror/language";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { completer } from "./names.js";

// DuckDB's own lists (duckdb_keywords), without statements that are no SELECT
// and without words that are rather names of fields.
const duckdb = SQLDialect.define({
  keywords: "all and any anti array as asc asof asymmetric between both by case cast collate columns cross cube current desc describe distinct else end escape except exclude exists extract false fetch filter following for from full glob group grouping having ilike in inner intersect interval into is isnull join lambda lateral left like limit map materialized natural not notnull null nulls offset on only or order outer over overlaps partition pivot placing preceding qualify recursive respect right rollup row rows select semi sets similar some struct summarize symmetric table tablesample then to true try_cast unbounded union unpivot using values when where window with within",
  types: "bigint bit blob bool boolean char date datetime decimal double float hugeint int int2 int4 int8 integer interval json numeric real smallint text time timestamp timestamptz tinyint ubigint uhugeint uint8 uinteger usmallint utinyint uuid varchar",
  doubleDollarQuotedStrings: true,
  operatorChars: "+-*/<>=~!@%^&|?:",
  specialVar: "$",
  caseInsensitiveIdentifiers: true,
});

const setFault = StateEffect.define();
const fault = StateField.define({
  create: () => Decoration.none,
  update(marks, tr) {
    marks = marks.map(tr.changes);
    for (const e of tr.effects) {
      if (e.is(setFault)) marks = e.value ? Decoration.set([Decoration.mark({ class: "sql-fault", attributes: { "aria-invalid": "true" } }).range(e.value.from, e.value.to)]) : Decoration.none;
    }
    return marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const inside = (context) => {
  const node = syntaxTree(context.state).resolveInner(context.pos, -1).name;
  return /Comment/.test(node) ? "comment" : node === "String" ? "string" : "";
};

// What is typed over a selection is put in here. Left to the browser, it would keep
// the looks of the text it replaces in an inline style, which the portal's
// Content-Security-Policy forbids.
const overSelection = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to, empty } = view.state.selection.main;
    if (event.inputType !== "insertText" || event.data === null || event.isComposing || view.composing || empty) return false;
    const insert = () => view.state.update(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
    if (!view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, event.data, insert))) view.dispatch(insert());
    return true;
  },
});

// The portal's colours, which follow its scheme.
const looks = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", fontSize: ".95rem", lineHeight: "1.6" },
  ".cm-content": { caretColor: "var(--ink)", padding: "8px 0" },
  ".cm-gutters": { backgroundColor: "var(--sunk)", color: "var(--soft)", border: "0", borderInlineEnd: "1px solid var(--line)" },
  ".cm-placeholder": { color: "var(--soft)" },
  "&.cm-focused .cm-matchingBracket, .cm-matchingBracket": { backgroundColor: "var(--brand-soft)", outline: "1px solid var(--edge)" },
  "&.cm-focused .cm-nonmatchingBracket, .cm-nonmatchingBracket": { backgroundColor: "var(--bad-soft)" },
  ".cm-tooltip": { backgroundColor: "var(--surface)", color: "var(--ink)", border: "1px solid var(--edge)", borderRadius: "var(--round)", boxShadow: "var(--shadow)", overflow: "hidden" },
  ".cm-tooltip.cm-tooltip-autocomplete": { overflow: "visible" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", fontSize: ".9rem", maxWidth: "min(36rem, calc(100vw - 32px))", maxHeight: "16rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 10px", lineHeight: "1.5" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--brand)", color: "var(--brand-ink)" },
  ".cm-completionIcon": { opacity: ".7", paddingInlineEnd: ".9em" },
  ".cm-completionDetail": { fontFamily: "var(--sans)", fontStyle: "normal", marginInlineStart: "1em", opacity: ".8" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-tooltip.cm-completionInfo": { padding: "6px 10px", fontSize: ".88rem", maxWidth: "22rem", whiteSpace: "pre-line", fontFamily: "var(--sans)" },
});

// make puts an editor into parent.
//   names: what can be completed; lang: zh or en; label: its name for screen readers;
//   describedBy: the id of the text that says how it is used;
//   phrases: CodeMirror's texts in the reader's language; run, change: called then.
export function make({ parent, text, names, lang, label, describedBy, hint, phrases, run, change }) {
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        keymap.of([{ key: "Mod-Enter", run: (v) => (closeCompletion(v), run(), true) }]),
        lineNumbers(),
        history(),
        duckdb.extension,
        syntaxHighlighting(classHighlighter),
        bracketMatching(),
        closeBrackets(),
        autocompletion({ override: [completer(names, lang, inside)], icons: true, maxRenderedOptions: 60 }),
        // Tab is not bound: it leaves the editor, as everywhere on the page.
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
        EditorView.lineWrapping,
        placeholder(hint),
        EditorState.phrases.of(phrases),
        EditorView.contentAttributes.of({ "aria-label": label, "aria-describedby": describedBy, spellcheck: "false", autocapitalize: "off" }),
        EditorView.updateListener.of((u) => u.docChanged && change(u.state.doc.toString())),
        overSelection,
        looks,
        fault,
      ],
    }),
  });
  return {
    get text() { return view.state.doc.toString(); },
    set text(text) { view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: text.length } }); },
    insert(text) { view.dispatch(view.state.replaceSelection(text), { userEvent: "input" }); view.focus(); },
    focus() { view.focus(); },
    // mark underlines the word at a place, both in characters from 1, and goes there.
    mark(line, column) {
      const at = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
      let from = Math.min(at.from + [...at.text].slice(0, column - 1).join("").length, view.state.doc.length);
      const word = at.text.slice(from - at.from).match(/^(?:[\p{L}\p{N}_.]+|"[^"]*"?|'[^']*'?|\S)/u)?.[0] ?? "";
      if (word === "") from = Math.max(0, from - 1);
      const to = Math.min(view.state.doc.length, from + Math.max(1, word.length));
      if (from < to) view.dispatch({ effects: [setFault.of({ from, to }), EditorView.scrollIntoView(from)], selection: { anchor: from } });
    },
    unmark() { view.dispatch({ effects: setFault.of(null) }); },
  };
}
