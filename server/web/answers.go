package web

import (
	"encoding/json"
	"errors"
	"sync"

	"github.com/gin-gonic/gin"

	"govdata/catalog"
	"govdata/server/query"
)

// answers keeps small tables that pages show again and again. A release never
// changes, and so neither does what is asked of it.
type answers struct {
	mu   sync.Mutex
	kept map[string]*Table
}

const (
	keptAnswers = 512
	// keptRows is the largest table that is kept.
	keptRows = 400
)

func (a *answers) find(key string) *Table {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.kept[key]
}

func (a *answers) keep(key string, t *Table) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.kept == nil {
		a.kept = map[string]*Table{}
	}
	for other := range a.kept {
		if len(a.kept) < keptAnswers {
			break
		}
		delete(a.kept, other) // any one: what is asked for often comes back
	}
	a.kept[key] = t
}

// kept answers a question about pinned releases, all of which are open to
// everyone if r is, and keeps the answer.
func (p *Portal) kept(c *gin.Context, r *catalog.Release, q query.Request) (*Table, error) {
	if !r.Dataset.Queryable() {
		return p.table(c, q)
	}
	key, err := json.Marshal([]any{r.Ref().String(), q.SQL, q.Rows, q.MaxRows})
	if err != nil {
		return nil, err
	}
	if t := p.answers.find(string(key)); t != nil {
		return t, nil
	}
	t, err := p.table(c, q)
	if err == nil && len(t.Rows) <= keptRows {
		p.answers.keep(string(key), t)
	}
	return t, err
}

// region is an entry of the table of regions.
type region struct{ Code, Name, Short, Level string }

// regionsID is the table that region codes are looked up in.
const regionsID catalog.ID = "regions"

// regions are those of the site, by code; of several with one code the one
// that is in force. None, where the table is not published.
func (p *Portal) regions(c *gin.Context) ([]region, error) {
	r, err := p.Catalog.Current(regionsID)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	t, err := p.kept(c, r, query.Request{SQL: `SELECT code, arg_max(name, coalesce(valid_to, DATE '9999-12-31')), arg_max(short_name, coalesce(valid_to, DATE '9999-12-31')), any_value(level)
FROM "` + r.Ref().String() + `" GROUP BY code ORDER BY code`, MaxRows: 4000})
	if err != nil {
		return nil, err
	}
	var all []region
	for _, row := range t.Rows {
		all = append(all, region{row[0].Text, row[1].Text, row[2].Text, row[3].Text})
	}
	return all, nil
}
