package ingest

import (
	"fmt"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/ingest/calendar"
)

// firstPublished is the day on which row p of a release was first published, as
// far as that release knows.
func firstPublished(previous *catalog.Release) string {
	if previous.Dataset.Deadline != nil {
		return "p." + store.Ident(catalog.PublishedOn)
	}
	return "DATE " + store.Literal(previous.PublishedAt.Format(time.DateOnly))
}

// computed adds to rows the fields that follow from the dataset's rules: the
// deadline, by the official calendar, and the length of a public notice.
func (l *loader) computed(r *run, rows string) string {
	d := l.dataset
	if rule := d.Deadline; rule != nil {
		today := "DATE " + store.Literal(r.staging.Now().Format(time.DateOnly))
		shown := today
		if rule.Published != "" {
			shown = "least(" + today + ", coalesce(s." + store.Ident(rule.Published) + ", " + today + "))"
		}
		// days counts working days: due is the first day with Days more of them.
		rows = fmt.Sprintf(`SELECT s.*, due.day AS %[1]s, s._shown AS %[2]s,
			CASE WHEN due.day IS NULL OR shown.day IS NULL THEN %[3]s WHEN s._shown <= due.day THEN %[4]s ELSE %[5]s END AS %[6]s,
			CASE WHEN due.day IS NOT NULL AND shown.day IS NOT NULL THEN greatest(shown.n - due.n, 0) END AS %[7]s
			FROM (SELECT s.*, least(coalesce(s._first, DATE '9999-12-31'), %[8]s) AS _shown FROM (%[9]s) s) s
			LEFT JOIN days began ON began.day = s.%[10]s LEFT JOIN days due ON due.n = began.n + %[11]d AND due.working LEFT JOIN days shown ON shown.day = s._shown`,
			catalog.DueOn, catalog.PublishedOn, store.Literal(catalog.Unknown), store.Literal(catalog.OnTime), store.Literal(catalog.Late), catalog.Timeliness, catalog.WorkingDaysLate,
			shown, rows, store.Ident(rule.From), rule.Days)
	}
	if rule := d.Notice; rule != nil {
		length := "s." + store.Ident(rule.To) + " - s." + store.Ident(rule.From) + " + 1"
		if rule.Working {
			length = "upto.n - since.n + since.working::BIGINT"
		}
		rows = fmt.Sprintf("SELECT s.*, (%s)::BIGINT AS %s FROM (%s) s LEFT JOIN days since ON since.day = s.%s LEFT JOIN days upto ON upto.day = s.%s",
			length, catalog.NoticeDays, rows, store.Ident(rule.From), store.Ident(rule.To))
	}
	return rows
}

// calendar makes, where a rule of the dataset needs it, table days of all days
// that the official calendar knows: n is the number of working days up to and
// with that day.
func (l *loader) calendar() error {
	if l.dataset.Deadline == nil && l.dataset.Notice == nil {
		return nil
	}
	if err := l.exec("CREATE TEMP TABLE days (day DATE, n BIGINT, working BOOLEAN)"); err != nil {
		return err
	}
	return l.conn.Raw(func(c any) error {
		appender, err := duckdb.NewAppender(c.(*duckdb.Conn), "temp", "main", "days")
		if err != nil {
			return err
		}
		n := int64(0)
		for d := range calendar.Default().Days() {
			if d.Working {
				n++
			}
			if err := appender.AppendRow(d.Date, n, d.Working); err != nil {
				appender.Close()
				return err
			}
		}
		return appender.Close()
	})
}

// timeliness counts the rows of the release by whether they came in time.
func (l *loader) timeliness() (*catalog.TimelinessCounts, error) {
	if l.dataset.Deadline == nil {
		return nil, nil
	}
	t := new(catalog.TimelinessCounts)
	err := l.conn.QueryRowContext(l.ctx, fmt.Sprintf("SELECT count(*) FILTER (%[1]s = %[2]s), count(*) FILTER (%[1]s = %[3]s), count(*) FILTER (%[1]s = %[4]s) FROM release.%[5]s",
		catalog.Timeliness, store.Literal(catalog.OnTime), store.Literal(catalog.Late), store.Literal(catalog.Unknown), store.Table)).Scan(&t.OnTime, &t.Late, &t.Unknown)
	return t, err
}
