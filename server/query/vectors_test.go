package query

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
)

// columnsOfEveryForm are expressions over i, with values at the edges of their
// types.
var columnsOfEveryForm = []string{
	"i % 3 = 0", "(i % 256 - 128)::TINYINT", "(i * 7 % 65536 - 32768)::SMALLINT", "(i * 65537 % 4294967296 - 2147483648)::INTEGER",
	"CASE i % 3 WHEN 0 THEN -9223372036854775808 WHEN 1 THEN 9223372036854775807 ELSE i END::BIGINT",
	"(i % 256)::UTINYINT", "(i % 65536)::USMALLINT", "(i * 65537 % 4294967296)::UINTEGER", "18446744073709551615::UBIGINT - i::UBIGINT",
	"(CASE WHEN i % 2 = 0 THEN -1 ELSE 1 END * 170141183460469231731687303715884105727::HUGEINT) // (i + 1)",
	"(CASE i % 4 WHEN 0 THEN 'NaN' WHEN 1 THEN '-Infinity' WHEN 2 THEN '-0.0' ELSE '0.1' END)::FLOAT",
	"(CASE i % 4 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' WHEN 2 THEN '1e-300' ELSE '0.1' END)::DOUBLE",
	"DATE '1899-12-30' + (i * 37 % 100000)::INTEGER", "TIMESTAMP '1600-01-01' + to_microseconds(i * 123456789)", "TIMESTAMPTZ '2026-01-01 00:00:00+08' + to_seconds(i)",
	"((i % 19999 - 9999) / 10.0)::DECIMAL(4,1)", "(i * 31 % 999999999)::DECIMAL(9,0)", "(-i * 99991)::DECIMAL(18,7)", "i::DECIMAL(38,12) * 7 - 0.000000000001",
	"repeat('兰', i % 9)", "substr('罚款🏛️,\"x\"\n', 1, i % 11)", "'twelve bytes'", "'thirteen byte'", "'e' || i", "''",
}

// What is gathered of DuckDB's chunks is what DuckDB itself makes of them.
func TestGatheredBatchesAreThoseOfDuckDB(t *testing.T) {
	d, err := openDuck(map[string]string{"threads": "2"})
	if err != nil {
		t.Fatal(err)
	}
	read := func(sql string, own bool) (text string, batches int) {
		c, err := d.open(sql, nil)
		if err != nil {
			t.Fatal(err, sql)
		}
		defer c.close()
		if c.forms == nil {
			t.Fatalf("a column has no form: %v", c.schema)
		}
		if !own {
			c.forms = nil
		}
		var b strings.Builder
		for {
			batch, err := c.next(1 << 40)
			if err != nil {
				t.Fatal(err)
			}
			if batch == nil {
				return b.String(), batches
			}
			batches++
			for row := range int(batch.NumRows()) {
				for i, column := range batch.Columns() {
					if column.IsNull(row) {
						fmt.Fprintf(&b, "%d null ", i)
					} else {
						fmt.Fprintf(&b, "%q ", column.ValueStr(row))
					}
				}
				b.WriteByte('\n')
			}
			for _, column := range batch.Columns() {
				nulls := 0
				for row := range column.Len() {
					if column.IsNull(row) {
						nulls++
					}
				}
				if column.NullN() != nulls {
					t.Errorf("a column of %s says that %d values are missing, of %d", column.DataType(), column.NullN(), nulls)
				}
			}
			batch.Release()
		}
	}
	all := func(expression string) (columns []string) {
		for i, c := range columnsOfEveryForm {
			columns = append(columns, strings.ReplaceAll(expression, "VALUE", c)+fmt.Sprintf(" AS c%d", i))
		}
		return columns
	}
	r := rand.New(rand.NewPCG(1, 2))
	for name, q := range map[string]string{
		"whole":            "SELECT " + strings.Join(all("VALUE"), ", ") + " FROM range(10000) t(i)",
		"some are missing": "SELECT " + strings.Join(all(fmt.Sprintf("CASE WHEN hash(i + %d) %% 5 > 0 THEN VALUE END", r.IntN(1000))), ", ") + " FROM range(10000) t(i)",
		"few of many":      "SELECT " + strings.Join(all("CASE WHEN i % 7 > 0 THEN VALUE END"), ", ") + " FROM range(100000) t(i) WHERE hash(i) % 23 = 0",
		"all are missing":  "SELECT " + strings.Join(all("CASE WHEN i < 0 THEN VALUE END"), ", ") + " FROM range(3000) t(i)",
		"missing at last":  "SELECT " + strings.Join(all("CASE WHEN i < 5000 THEN VALUE END"), ", ") + " FROM range(7001) t(i)",
		"no rows":          "SELECT " + strings.Join(all("VALUE"), ", ") + " FROM range(0) t(i)",
		"long texts":       "SELECT repeat('兰州', (i * i % 60000)::INTEGER) AS a, i AS b FROM range(700) t(i)",
	} {
		want, single := read(q, false)
		got, gathered := read(q, true)
		if got != want {
			at := 0
			for at < len(got) && at < len(want) && got[at] == want[at] {
				at++
			}
			t.Errorf("%s: differs at byte %d: got %.200q, want %.200q", name, at, got[at:], want[at:])
		}
		if name == "few of many" && gathered*2 > single {
			t.Errorf("%s: %d batches were made of %d", name, gathered, single)
		}
	}
}

// Memory that is used again never changes what somebody still holds.
func TestABatchIsWholeUntilItIsReleased(t *testing.T) {
	d, err := openDuck(map[string]string{"threads": "2"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.open("SELECT i, 'number ' || i AS text, CASE WHEN i % 2 = 0 THEN i END AS even FROM range(100000) t(i)", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	var held []arrow.RecordBatch
	next := int64(0)
	for {
		batch, err := c.next(1 << 40)
		if err != nil {
			t.Fatal(err)
		}
		if batch == nil {
			break
		}
		part := batch.NewSlice(1, batch.NumRows())
		batch.Release()
		if len(held)%3 == 0 { // others go at once, and their memory comes back
			held = append(held, part)
		} else {
			part.Release()
			held = append(held, nil)
		}
	}
	for _, batch := range held {
		if batch == nil {
			continue
		}
		first := batch.Column(0).ValueStr(0)
		for row := range int(batch.NumRows()) {
			n := batch.Column(0).ValueStr(row)
			if batch.Column(1).ValueStr(row) != "number "+n || batch.Column(2).IsNull(row) == strings.ContainsAny(n[len(n)-1:], "02468") {
				t.Fatalf("row %d of the batch that begins with %s: %s, %s", row, first, n, batch.Column(1).ValueStr(row))
			}
			next++
		}
		batch.Release()
	}
	if next < 20000 {
		t.Errorf("only %d rows were held", next)
	}
}

// Chunks of few rows are as large as full ones, and batches of long texts are
// larger: neither takes a worker its memory.
func TestManySmallChunksAndLongTextsFit(t *testing.T) {
	s := newSite(t, func(o *PoolOptions) { o.Limits.MemoryMB = 1024 })
	var columns []string
	for i := range 40 {
		columns = append(columns, fmt.Sprintf("(i + 0)::VARCHAR AS c%d", i))
	}
	for name, sql := range map[string]string{
		"small chunks": "SELECT " + strings.Join(columns, ", ") + " FROM (SELECT unnest(CASE WHEN i % 700 = 0 THEN [i, i + 1] ELSE [] END) AS i FROM range(3000000) t(i))",
		"long texts":   "SELECT repeat('x', (i * 30000 // 12000)::INTEGER) AS a FROM range(12000) t(i)",
	} {
		r := s.request(sql)
		r.Text, r.Deadline, r.MaxBytes = &Text{Format: "csv"}, 30*time.Second, 1<<30
		q, err := s.pool.Query(t.Context(), r)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		n, err := io.Copy(io.Discard, q)
		if err != nil {
			t.Errorf("%s: after %d bytes: %v", name, n, err)
		}
		q.Close()
	}
}
