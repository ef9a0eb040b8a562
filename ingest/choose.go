package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"govdata/catalog"
	"govdata/ingest/layout"
)

// Definition is what somebody settles of a dataset that is made of a file.
type Definition struct {
	// ID and Title may be empty: they are told from the file's name.
	ID    catalog.ID
	Title string
	// Licence is an SPDX identifier; empty: none was stated.
	Licence string
	// Personal decides what becomes of columns with personal data.
	Personal Decisions
	// Table counts as Inspection.Tables does, from 1; 0: the tables of the same
	// columns that have the most rows together.
	Table int
}

// OriginTitle is the title of the column that says which sheet, member or
// heading a row stands under.
const OriginTitle = "来源"

// Define makes a definition of the tables of a file that have the same columns.
// The options read the file by it as it was inspected. It returns an error that
// wraps catalog.ErrInvalid where there is no such table, and an *Undecided one where a
// column holds personal data of which nobody has decided.
func (in *Inspection) Define(ctx context.Context, d Definition) (*catalog.Dataset, Options, error) {
	chosen, err := in.choose(d.Table)
	if err != nil {
		return nil, Options{}, err
	}
	for _, t := range chosen {
		if all := doubts(in.Name, t.Plan); len(all) > 0 {
			return nil, Options{}, &Refused{Why: hideText(strings.Join(all, ". "))}
		}
	}
	first := chosen[0]
	l := in.layout
	if first.Block > 1 {
		l.Header = catalog.Lines{First: first.Header[0], Last: first.Header[len(first.Header)-1]}
	}
	sections := 0
	for _, t := range chosen {
		sections = max(sections, len(t.Sections))
	}
	if l.Origin == "" && (len(chosen) > 1 || sections > 1) {
		l.Origin = in.originTitle(first)
	}
	if len(chosen) > 1 || l.Origin != in.layout.Origin {
		if first, err = in.together(ctx, chosen, l); err != nil {
			return nil, Options{}, err
		}
	}
	dataset, err := first.Define(in.Name, l, d)
	if err != nil {
		return nil, Options{}, err
	}
	o := Options{Inferred: true, Tables: map[string]*layout.Plan{}, Decisions: in.Decided}
	for _, t := range chosen {
		var found *layout.Plan
		if t.Block == 1 && !in.Info.Headed() {
			found = t.Plan
		}
		o.Tables[nameOf(t.Plan)] = found
	}
	return dataset, o, nil
}

// choose returns the tables of the same columns that have the most rows, or the
// one that is asked for.
func (in *Inspection) choose(table int) ([]*InspectedTable, error) {
	if table > 0 {
		t := in.Tables[table-1]
		return []*InspectedTable{t}, t.usable()
	}
	var best []*InspectedTable
	most := int64(-1)
	var unusable error
	taken := map[*InspectedTable]bool{}
	for i, t := range in.Tables {
		if err := t.usable(); err != nil {
			if unusable == nil {
				unusable = err
			}
			continue
		}
		if taken[t] {
			continue
		}
		group, rows := []*InspectedTable{t}, t.Rows
		for _, o := range in.Tables[i+1:] {
			if o.usable() == nil && t.sameColumns(o) {
				group, rows, taken[o] = append(group, o), rows+o.Rows, true
			}
		}
		if rows > most {
			best, most = group, rows
		}
	}
	switch {
	case best != nil:
		return best, nil
	case unusable != nil:
		return nil, unusable
	}
	return nil, fmt.Errorf("%s has no table: %w", in.Name, catalog.ErrInvalid)
}

func (t *InspectedTable) usable() error {
	switch {
	case t.Unreadable != "":
		return fmt.Errorf("%s: %w", t.Unreadable, catalog.ErrInvalid)
	case t.Rows == 0:
		return fmt.Errorf("%s: there is a header and no data row under it: %w", nameOf(t.Plan), catalog.ErrInvalid)
	}
	return nil
}

// keys are the columns of a table, by what their headers mean, in order.
func (t *InspectedTable) keys() []string {
	var keys []string
	for i := range t.Columns {
		if c := &t.Columns[i]; c.Header != "" && !c.Index {
			keys = append(keys, layout.Key(c.Header))
		}
	}
	return keys
}

// sameColumns reports whether two tables have the same columns, in any order.
// Without headers their types tell.
func (t *InspectedTable) sameColumns(o *InspectedTable) bool {
	if len(t.Header) == 0 || len(o.Header) == 0 {
		return len(t.Header) == len(o.Header) && slices.EqualFunc(t.Columns, o.Columns, func(a, b InspectedColumn) bool { return a.Type == b.Type })
	}
	a, b := t.keys(), o.keys()
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// originTitle is a title that no column of the table has.
func (in *Inspection) originTitle(t *InspectedTable) string {
	title := OriginTitle
	for n := 2; slices.ContainsFunc(t.Columns, func(c InspectedColumn) bool { return layout.Key(c.Header) == layout.Key(title) }); n++ {
		title = fmt.Sprintf("%s %d", OriginTitle, n)
	}
	return title
}

// together reads the chosen tables once more as one table.
func (in *Inspection) together(ctx context.Context, chosen []*InspectedTable, l catalog.Layout) (*InspectedTable, error) {
	s, err := open(in.path, in.Name, decodeOptions(l))
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", hideError(err))
	}
	defer s.Close()
	info := s.Info()
	var all *InspectedTable
	var g *gathered
	for _, from := range s.Tables() {
		sheet := layout.Open(from, layoutOptions(in.Name, l, &info))
		for {
			block, err := sheet.Next()
			if errors.Is(err, io.EOF) || err != nil && leftOut(err) {
				break
			} else if err != nil {
				return nil, err
			}
			plan := block.Plan()
			if !slices.ContainsFunc(chosen, func(t *InspectedTable) bool { return t.Table == plan.Table && slices.Equal(t.Header, plan.Header) }) {
				continue
			}
			if all == nil {
				all, g = &InspectedTable{Plan: plan}, gather(plan)
			}
			if err := g.read(ctx, block, all.places(plan)); err != nil {
				return nil, err
			}
		}
	}
	if all == nil {
		return nil, fmt.Errorf("%s has no table: %w", in.Name, catalog.ErrInvalid)
	}
	all.settle(g)
	return all, nil
}

// places says where the columns of the table stand in another plan.
func (t *InspectedTable) places(plan *layout.Plan) []int {
	order := make([]int, len(t.Plan.Columns))
	for i, c := range t.Plan.Columns {
		order[i] = i
		if key := layout.Key(c.Header); key != "" {
			if at := slices.IndexFunc(plan.Columns, func(o layout.Column) bool { return layout.Key(o.Header) == key }); at >= 0 {
				order[i] = at
			}
		}
	}
	return order
}
