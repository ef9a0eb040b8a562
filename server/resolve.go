package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"govdata/catalog"
	"govdata/catalog/tables"
	"govdata/server/query"
)

// Names says what the table names of one question stand for. A dataset
// means one release throughout, even if another is published meanwhile.
type Names struct {
	catalog *catalog.Catalog
	lang    string
	access  access
	// alias is query.Request.Alias.
	alias func(string) (string, arrow.RecordBatch)

	mu       sync.Mutex
	releases map[string]*catalog.Release // by name as asked
	// living is true once a table was asked for that is no release.
	living bool
}

// NewNames begins a question. lang is that of error messages.
func NewNames(c *catalog.Catalog, lang string) *Names { return newNames(c, lang, access{}) }

func newNames(c *catalog.Catalog, lang string, a access) *Names {
	return &Names{catalog: c, lang: lang, access: a, releases: map[string]*catalog.Release{}}
}

// Resolve is the engine's query.Request.Resolve.
func (n *Names) Resolve(ctx context.Context, name string) (query.Source, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.alias != nil {
		other, inline := n.alias(name)
		if inline != nil {
			n.living = true
			return query.Source{Inline: inline}, nil
		}
		name = other
	}
	if table, ok := strings.CutPrefix(name, "catalog."); ok {
		n.living = true
		batch, err := tables.Make(n.catalog, table)
		return query.Source{Inline: batch}, err
	}
	r := n.releases[name]
	if r == nil {
		ref, err := catalog.ParseRef(name)
		if err != nil {
			return query.Source{}, fmt.Errorf("table %q: %w", name, catalog.ErrNotFound)
		}
		if r, err = n.catalog.Resolve(ref); err != nil {
			if gone := (*catalog.Withdrawn)(nil); errors.As(err, &gone) {
				err = withdrawnTable{gone}
			}
			return query.Source{}, err
		}
		n.releases[name] = r
	}
	if err := n.access.opens(r, n.lang); err != nil {
		return query.Source{}, err
	}
	if err := n.catalog.Usable(ctx, r, r.Store); err != nil {
		return query.Source{}, err
	}
	return query.Source{Path: r.StorePath(), Pinned: r.Ref().String()}, nil
}

// withdrawnTable is the error of a table that was withdrawn: to a question that is
// gone, and not a name that nobody knows.
type withdrawnTable struct{ gone *catalog.Withdrawn }

func (e withdrawnTable) Error() string { return e.gone.Error() }
func (e withdrawnTable) Unwrap() error { return catalog.ErrGone }

// As finds what was withdrawn.
func (e withdrawnTable) As(target any) bool {
	to, ok := target.(**catalog.Withdrawn)
	if ok {
		*to = e.gone
	}
	return ok
}

// Known lists the names that could have been meant.
func (n *Names) Known() []string {
	var names []string
	for _, name := range tables.Names {
		names = append(names, "catalog."+name)
	}
	ids, err := n.catalog.IDs()
	if err != nil {
		return names
	}
	for _, id := range ids {
		names = append(names, string(id))
	}
	return names
}

// private reports whether the answer is not for everyone.
func (n *Names) private() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range n.releases {
		if !r.Dataset.Queryable() {
			return true
		}
	}
	return false
}

// used says which release each dataset of the question was read in. Where a
// dataset was asked for in several ways, each has an entry of its own.
func (n *Names) used() map[string]catalog.ReleaseID {
	n.mu.Lock()
	defer n.mu.Unlock()
	names := map[catalog.ID]int{}
	for _, r := range n.releases {
		names[r.Dataset.ID]++
	}
	m := map[string]catalog.ReleaseID{}
	for name, r := range n.releases {
		if names[r.Dataset.ID] == 1 {
			name = string(r.Dataset.ID)
		}
		m[name] = r.Release
	}
	return m
}
