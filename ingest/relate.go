package ingest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/ingest/normalise"
)

// refer checks the references of the landed rows against the current releases
// of the datasets that they lead to. What leads nowhere is rejected, or counted
// where the definition keeps it.
func (r *run) refer(l *loader, rejects *rejectWriter, m *catalog.Manifest) error {
	for i, ref := range r.dataset.References {
		check := catalog.ReferenceCheck{Fields: ref.Fields, To: ref.To}
		target, err := r.cat.Current(ref.To)
		switch {
		case (errors.Is(err, catalog.ErrNotFound) || errors.Is(err, catalog.ErrCorrupt)) && ref.To != r.dataset.ID:
			m.References = append(m.References, check) // not checked: nothing there yet, or set aside
			continue
		case err != nil && !errors.Is(err, catalog.ErrNotFound):
			return err
		}
		known, err := r.targets(l, i, &ref, target)
		if err != nil {
			return err
		}
		if target != nil {
			check.Release = target.Release
		}
		missing := "FROM landed l ANTI JOIN (" + known + ") t ON "
		var filled, values []string
		for j, name := range ref.Fields {
			field := "l." + store.Ident(name)
			missing += []string{"", " AND "}[min(j, 1)] + field + "::VARCHAR = t." + store.Ident(ref.Key[j]) + "::VARCHAR"
			filled, values = append(filled, field+" IS NOT NULL"), append(values, field)
		}
		missing += " WHERE " + strings.Join(filled, " AND ")
		if err := l.conn.QueryRowContext(l.ctx, "SELECT count(*) "+missing).Scan(&check.Missing); err != nil {
			return err
		}
		m.References = append(m.References, check)
		if check.Missing == 0 || ref.Keep {
			continue
		}
		err = r.rejectFound(l, rejects, "SELECT _table, _line, _row, -1 AS other_table, 0::BIGINT AS other_line, concat_ws(' | ', "+strings.Join(values, ", ")+") AS value "+missing,
			fieldIndex(r.dataset, ref.Fields[0]), l.dangling(&ref, known, target == nil || target.Dataset.Queryable() || ref.To == r.dataset.ID))
		if err != nil {
			return err
		}
	}
	return nil
}

// targets selects the keys that a reference may lead to. A dataset that refers to
// itself may refer to rows of the same file.
func (r *run) targets(l *loader, i int, ref *catalog.Reference, target *catalog.Release) (string, error) {
	var parts []string
	if ref.To == r.dataset.ID {
		parts = append(parts, "SELECT "+idents(ref.Key)+" FROM landed")
	}
	if target != nil {
		for _, k := range ref.Key {
			if !slices.ContainsFunc(target.Dataset.Public(), func(f catalog.Field) bool { return f.Name == k }) {
				return "", fmt.Errorf("%s refers to %s of %s, which is not in release %s: %w", r.dataset.ID, k, ref.To, target.Release, catalog.ErrInvalid)
			}
		}
		name := fmt.Sprintf("reference_%d", i)
		if err := l.exec("ATTACH " + store.Literal(target.StorePath()) + " AS " + name + " (READ_ONLY)"); err != nil {
			return "", err
		}
		parts = append(parts, "SELECT "+idents(ref.Key)+" FROM "+name+"."+store.Table)
	}
	return strings.Join(parts, " UNION ALL "), nil
}

// suggestions are looked for while there are few mistakes: each costs a scan.
const suggestions = 50

// dangling says what a reference should have led to, with the key that is most
// like the value where suggest is set: the sender of the file may not be somebody
// who may see the keys of a dataset that is not open to everyone.
func (l *loader) dangling(ref *catalog.Reference, known string, suggest bool) func(int, int64, string) error {
	faults := map[string]error{}
	return func(_ int, _ int64, value string) error {
		if faults[value] != nil {
			return faults[value]
		}
		want := catalog.Text{
			Zh: fmt.Sprintf("数据集 %s 中已有的 %s", ref.To, strings.Join(ref.Key, "、")),
			En: fmt.Sprintf("a %s that dataset %s has", strings.Join(ref.Key, " and "), ref.To),
		}
		if suggest && len(ref.Key) == 1 && len(faults) < suggestions {
			var near string
			key := store.Ident(ref.Key[0])
			err := l.conn.QueryRowContext(l.ctx, "SELECT "+key+" FROM ("+known+") WHERE jaro_winkler_similarity("+key+"::VARCHAR, $1) > 0.8 ORDER BY jaro_winkler_similarity("+key+"::VARCHAR, $1) DESC, 1 LIMIT 1", value).Scan(&near)
			if err == nil {
				want.Zh += "；是否为“" + near + "”"
				want.En += "; is it " + near + "?"
			}
		}
		fault := &normalise.Fault{Code: "no_such_reference", Want: want}
		if len(faults) < 10_000 {
			faults[value] = fault
		}
		return fault
	}
}

// withhold keeps back what the definition says, each under an entry of the
// negative list that is in force, and records what and why.
func (r *run) withhold(l *loader, m *catalog.Manifest) error {
	if len(r.dataset.Withhold) == 0 {
		return nil
	}
	list, err := r.cat.Current(catalog.NegativeList)
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return err
	}
	for _, w := range r.dataset.Withhold {
		basis, err := r.basis(l, list, w.Entry)
		if err != nil {
			return err
		}
		for _, f := range w.Fields {
			m.Withheld = append(m.Withheld, catalog.Withholding{Entry: w.Entry, Field: f, Basis: basis})
		}
		if w.Rows == "" {
			continue
		}
		n, err := l.withhold(w.Rows)
		if err != nil {
			return fmt.Errorf("withhold %s: %w", w.Entry, err)
		}
		m.Counts.Withheld += n
		m.Withheld = append(m.Withheld, catalog.Withholding{Entry: w.Entry, Rows: n, Basis: basis})
	}
	return nil
}

// withhold moves the landed rows that meet a condition out of landed.
func (l *loader) withhold(condition string) (n int64, err error) {
	if !l.withheld {
		if err := l.exec("CREATE TEMP TABLE withheld AS SELECT * FROM landed LIMIT 0"); err != nil {
			return 0, err
		}
		l.withheld = true
	}
	if err := l.exec("INSERT INTO withheld SELECT * FROM landed WHERE (" + condition + ")"); err != nil {
		return 0, err
	}
	deleted, err := l.conn.ExecContext(l.ctx, "DELETE FROM landed WHERE ("+condition+")")
	if err != nil {
		return 0, err
	}
	return deleted.RowsAffected()
}

// stillOpen are the conditions under which a row of the previous release p may still
// be public, where columns are those of its fields that stay. A field that was
// never public is null there.
func (l *loader) stillOpen(columns []string) []string {
	var conditions []string
	for _, w := range l.dataset.Withhold {
		if w.Rows == "" {
			continue
		}
		fields := slices.Clone(columns)
		for _, f := range l.dataset.Fields {
			if !slices.Contains(columns, "p."+store.Ident(f.Name)) {
				fields = append(fields, "NULL::"+f.Type.SQL()+" AS "+store.Ident(f.Name))
			}
		}
		conditions = append(conditions, "NOT coalesce((SELECT ("+w.Rows+") FROM (SELECT "+strings.Join(fields, ", ")+")), false)")
	}
	return conditions
}

// basis is what an entry of the negative list says. Where the list has not been
// published, nothing can be said of the entry but its number.
func (r *run) basis(l *loader, list *catalog.Release, entry string) (catalog.Text, error) {
	if list == nil {
		return catalog.Text{Zh: "负面清单 " + entry + "（清单尚未发布）", En: "entry " + entry + " of the negative list, which is not published yet"}, nil
	}
	if err := l.exec("ATTACH IF NOT EXISTS " + store.Literal(list.StorePath()) + " AS negative_list (READ_ONLY)"); err != nil {
		return catalog.Text{}, err
	}
	var matter, reason, law string
	today := r.staging.Now().Format("2006-01-02")
	err := l.conn.QueryRowContext(l.ctx, `SELECT matter, reason, basis FROM negative_list.`+store.Table+`
		WHERE entry_no = $1 AND valid_from <= $2::DATE AND coalesce(valid_to >= $2::DATE, true) AND list_has_any(string_split(scope, '；'), ['*', $3])`,
		entry, today, string(r.dataset.ID)).Scan(&matter, &reason, &law)
	if err != nil {
		return catalog.Text{}, &Refused{Why: fmt.Sprintf("%s is to be withheld under entry %s, and release %s of %s has no such entry in force for it on %s: nothing is withheld without one",
			r.dataset.ID, entry, list.Release, catalog.NegativeList, today)}
	}
	return catalog.Text{Zh: fmt.Sprintf("负面清单 %s：%s。%s（%s）", entry, matter, reason, law),
		En: fmt.Sprintf("entry %s of the negative list: %s (%s)", entry, matter, law)}, nil
}
