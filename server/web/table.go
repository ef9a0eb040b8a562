package web

import (
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/gin-gonic/gin"

	"govdata/export"
	"govdata/server/query"
)

// Table is a small result, as text.
type Table struct {
	Columns   []Column
	Rows      [][]Cell
	Truncated bool
	// Total is the number of all rows, -1 where it is not known.
	Total   int64
	Elapsed time.Duration
	// Next is where the next page begins, nil behind the last one.
	Next []any
}

// Column is a column of a Table. Type is DuckDB's name of it; Title and Unit
// are those of the field, where it is one.
type Column struct {
	Name, Type, Title, Unit string
}

// Numeric reports whether the column is set flush right.
func (c Column) Numeric() bool {
	for _, p := range []string{"BIGINT", "INTEGER", "DECIMAL", "DOUBLE", "SMALLINT", "HUGEINT", "FLOAT"} {
		if strings.HasPrefix(c.Type, p) {
			return true
		}
	}
	return false
}

// Cell is one value of a Table.
type Cell struct {
	Text string
	Null bool
}

// table asks a question of the request's user and reads its whole answer.
func (p *Portal) table(c *gin.Context, r query.Request) (*Table, error) {
	began := time.Now()
	result, err := p.Ask(c, r)
	if err != nil {
		return nil, err
	}
	t, err := ReadTable(result, p.TypeName)
	if err == nil {
		t.Elapsed = time.Since(began)
	}
	return t, err
}

// ReadTable reads an answer to its end and closes it.
func ReadTable(result query.Result, typeName func(arrow.DataType) string) (*Table, error) {
	defer result.Close()
	t := &Table{Total: -1}
	for _, f := range result.Schema().Fields() {
		t.Columns = append(t.Columns, Column{Name: f.Name, Type: typeName(f.Type)})
	}
	for result.Next() {
		batch := result.RecordBatch()
		cells := export.Texts(batch)
		for i := range int(batch.NumRows()) {
			row := make([]Cell, len(t.Columns))
			for j := range row {
				row[j].Text, row[j].Null = cells(i, j)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	if err := result.Err(); err != nil {
		return nil, err
	}
	t.Truncated, t.Next = result.Truncated(), result.NextAfter()
	if total := result.Total(); total != nil {
		t.Total = *total
	} else if !t.Truncated {
		t.Total = int64(len(t.Rows))
	}
	return t, nil
}
