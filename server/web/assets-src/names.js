// What can be completed in a statement, and where. Names come from the server:
// { datasets: [{ id, zh, en, fields: [{ name, zh, en, type, unit, enum }] }], functions: [{ name, kind, forms }] }.

import { insertBracket } from "@codemirror/autocomplete";

const keywords = `SELECT;FROM;WHERE;GROUP BY;GROUP BY ALL;ORDER BY;ORDER BY ALL;HAVING;QUALIFY;LIMIT;OFFSET;JOIN;LEFT JOIN;RIGHT JOIN;FULL JOIN;INNER JOIN;CROSS JOIN;ASOF JOIN;SEMI JOIN;ANTI JOIN;ON;USING;AS;AND;OR;NOT;IN;IS NULL;IS NOT NULL;LIKE;ILIKE;BETWEEN;CASE;WHEN;THEN;ELSE;END;DISTINCT;UNION;UNION ALL;INTERSECT;EXCEPT;WITH;RECURSIVE;OVER;PARTITION BY;FILTER;DESC;ASC;NULLS FIRST;NULLS LAST;EXCLUDE;REPLACE;CAST;TRY_CAST;INTERVAL;DATE;TIMESTAMP;TRUE;FALSE;NULL;EXISTS;LATERAL;VALUES`.split(";");
const reserved = new Set(keywords.flatMap((k) => k.toLowerCase().split(" ")));
const chinese = /\p{Script=Han}/u;

// tablesOf finds the datasets that a statement names, by the names under which
// their fields can be called, and the names that the statement gives itself.
export function tablesOf(text, datasets) {
  const used = new Map(); // name or alias -> dataset
  const own = new Set();
  for (const m of text.matchAll(/(?<![\w.])([a-z_][\w.]*)(?:@[\w-]+)?"?(?=(?:\s+(?:as\s+)?([a-z_]\w*))?)/gi)) {
    const d = datasets.get(m[1].toLowerCase());
    if (!d) continue;
    used.set(m[1].toLowerCase(), d);
    if (m[2] && !reserved.has(m[2].toLowerCase())) used.set(m[2].toLowerCase(), d);
  }
  for (const m of text.matchAll(/(?:\bwith(?:\s+recursive)?|,)\s*([a-z_]\w*)\s+as\s+(?:(?:not\s+)?materialized\s*)?\(/gi)) own.add(m[1]);
  for (const m of text.matchAll(/\bas\s+([a-z_]\w*)/gi)) if (!reserved.has(m[1].toLowerCase()) && !used.has(m[1].toLowerCase())) own.add(m[1]);
  return { used, own };
}

// completer makes the completion source of an editor.
export function completer(names, lang, inside) {
  const datasets = new Map(names.datasets.map((d) => [d.id.toLowerCase(), d]));
  const title = (x) => (lang === "zh" ? x.zh || x.en : x.en || x.zh);

  // A name is found by itself and, where Chinese is typed, by its title.
  const both = (option, x) => [option, ...(x.zh && chinese.test(x.zh) ? [{ ...option, label: x.zh, displayLabel: `${x.zh} ${option.label}`, detail: undefined, apply: option.apply ?? option.label, byTitle: true }] : [])];
  const fieldOption = (f, d, boost) => ({
    label: f.name, detail: title(f), type: "property", boost,
    info: [f.type, f.unit, d && `${d.id} · ${title(d)}`].filter(Boolean).join(" · "),
  });
  const datasetOption = (d, boost) => ({ label: d.id, detail: title(d), type: "class", boost, info: d.fields.length ? d.fields.map((f) => f.name).join(", ") : undefined });
  // A function is put in with its brackets, and the cursor where arguments go.
  // insertBracket lets whoever types the closing one pass over it.
  const call = ({ name, forms }) => (view, _, from, to) => {
    const open = view.state.sliceDoc(to, to + 1) === "(", none = forms?.length === 1 && forms[0].endsWith("()");
    const put = none && !open ? name + "()" : name;
    view.dispatch({ changes: { from, to, insert: put }, selection: { anchor: from + put.length + (open ? 1 : 0) }, userEvent: "input.complete" });
    if (!none && !open) view.dispatch(insertBracket(view.state, "(") ?? view.state.replaceSelection("("));
  };
  const functions = names.functions.map((f) => ({ label: f.name, type: "function", detail: f.forms?.at(-1).slice(f.name.length) ?? f.kind, info: f.forms?.length > 1 ? f.forms.join("\n") : undefined, apply: call(f), boost: -10 }));
  const words = keywords.map((k) => ({ label: k, type: "keyword", boost: -5 }));

  const fieldsOf = (list, boost) => {
    const seen = new Set();
    return list.flatMap((d) => d.fields.filter((f) => !seen.has(f.name) && seen.add(f.name)).flatMap((f) => both(fieldOption(f, d, boost), f)));
  };
  const answer = (from, options) => ({ from, options, validFor: /^[\w\p{Script=Han}]*$/u });

  return (context) => {
    const text = context.state.doc.toString();
    const before = text.slice(0, context.pos);
    const { used, own } = tablesOf(text, datasets);
    switch (inside(context)) {
      case "comment":
        return null;
      case "string": {
        // field = '...' and field IN ('...', '...': the values that the field can have.
        const m = before.match(/([a-z_]\w*)\s*(?:=|<>|!=|\bin\s*\((?:\s*'[^']*'\s*,)*)\s*'([^'\n]*)$/i);
        if (!m) return null;
        const field = [...used.values()].flatMap((d) => d.fields).find((f) => f.name === m[1].toLowerCase() && f.enum);
        return field ? { from: context.pos - m[2].length, options: field.enum.map((v) => ({ label: v, type: "enum", apply: v.replaceAll("'", "''") })), validFor: /^[^']*$/ } : null;
      }
    }
    const dotted = before.match(/([a-z_]\w*)"?\.([\w\p{Script=Han}]*)$/iu);
    if (dotted) {
      const from = context.pos - dotted[2].length;
      const d = used.get(dotted[1].toLowerCase());
      if (d) return answer(from, fieldsOf([d], 0));
      const schema = names.datasets.filter((d) => d.id.startsWith(dotted[1].toLowerCase() + "."));
      return schema.length ? answer(from, schema.map((d) => ({ ...datasetOption(d, 0), label: d.id.slice(dotted[1].length + 1) }))) : null;
    }
    const word = before.match(/[\w\p{Script=Han}]*$/u)[0];
    const from = context.pos - word.length;
    const wantsTable = /\b(?:from|join)\s+[\w\p{Script=Han}]*$/iu.test(before);
    // One letter is as often an alias as the beginning of a name.
    if (!context.explicit && (word === "" || /^\d/.test(word) || (word.length < 2 && !wantsTable && !chinese.test(word)))) return null;
    const tables = names.datasets.flatMap((d) => both(datasetOption(d, wantsTable ? 50 : 0), d));
    const mine = [...own].map((name) => ({ label: name, type: "variable", boost: 20 }));
    if (wantsTable) return answer(from, [...mine, ...tables]);
    const known = new Set(used.values());
    let options = [...mine, ...fieldsOf([...known], 30), ...tables, ...words, ...functions];
    // Before FROM is written nothing says which dataset is meant: offer the fields of all.
    if (known.size === 0 && word.length > 1) options = options.concat(fieldsOf(names.datasets, -30));
    return answer(from, chinese.test(word) ? options.filter((o) => o.byTitle) : options.filter((o) => !o.byTitle));
  };
}
