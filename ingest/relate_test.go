package ingest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"govdata/catalog"
	"govdata/catalog/store"
	"govdata/ingest"
)

// shelf is a catalog into which files are ingested one after the other.
type shelf struct {
	*testing.T
	cat *catalog.Catalog
	n   int
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	cat, err := catalog.Open(t.TempDir(), catalog.Options{Location: zone})
	if err != nil {
		t.Fatal(err)
	}
	return &shelf{T: t, cat: cat}
}

// try publishes a file of text as a release without download files.
func (s *shelf) try(d *catalog.Dataset, text string, mode catalog.Mode) (*catalog.Release, *ingest.Report, error) {
	s.Helper()
	s.n++
	file := filepath.Join(s.TempDir(), fmt.Sprintf("%d.csv", s.n))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
	return s.file(d, file, ingest.Options{Mode: mode})
}

func (s *shelf) file(d *catalog.Dataset, file string, o ingest.Options) (*catalog.Release, *ingest.Report, error) {
	s.Helper()
	st, err := s.cat.Stage(d.ID)
	if err != nil {
		s.Fatal(err)
	}
	defer st.Discard()
	built, err := ingest.Run(context.Background(), s.cat, st, d, []ingest.File{{Path: file, Name: filepath.Base(file)}}, o)
	if err != nil {
		return nil, nil, err
	}
	m := built.Manifest
	m.PublishedAt, m.Content = st.Now(), m.Store.SHA256
	m.Release = catalog.NewReleaseID(m.PublishedAt, m.Content)
	r, err := st.Publish(context.Background(), m)
	if err != nil {
		s.Fatal(err)
	}
	return r, built.Report, nil
}

func (s *shelf) publish(d *catalog.Dataset, text string) (*catalog.Release, *ingest.Report) {
	s.Helper()
	r, report, err := s.try(d, text, "")
	if err != nil {
		s.Fatal(err)
	}
	return r, report
}

// rows returns what a query over table data of a release gives, a line each.
func (s *shelf) rows(r *catalog.Release, query string) string {
	s.Helper()
	db, err := sql.Open("duckdb", r.StorePath()+"?access_mode=read_only")
	if err != nil {
		s.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT concat_ws(' ', *COLUMNS(*)) FROM (" + query + ")")
	if err != nil {
		s.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			s.Fatal(err)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// open is what the definitions of these tests are.
var open = catalog.Openness{Attribute: catalog.OpenUnconditional}

func field(name string, t catalog.Type, required bool) catalog.Field {
	return catalog.Field{Name: name, Title: catalog.Text{Zh: "列" + name, En: "Column " + name}, Type: t, Required: required}
}

func decisions(days int) *catalog.Dataset {
	return &catalog.Dataset{ID: "decisions", Openness: open, Key: []string{"no"}, Mode: catalog.Upsert, RejectLimit: 1,
		Fields:   []catalog.Field{field("no", "text", true), field("decided", "date", true), field("shown", "date", false)},
		Deadline: &catalog.Deadline{Days: days, From: "decided", Published: "shown", Basis: catalog.Text{Zh: "七日", En: "seven days"}}}
}

// The vectors of DOMAIN.md, section 2, and what follows from them.
func TestDeadlinesAreCountedInWorkingDays(t *testing.T) {
	s := newShelf(t)
	r, _ := s.publish(decisions(7), `no,decided,shown
a,2016-02-03,2016-02-17
b,2016-03-01,2016-03-11
c,2016-09-30,2016-10-14
d,2026-02-12,2026-03-03
e,1999-05-05,1999-05-06
f,2016-02-03,2016-02-18
g,2016-03-01,
`)
	have := s.rows(r, "SELECT no, due_on, timeliness, working_days_late FROM data WHERE no <> 'g' ORDER BY no")
	want := `a 2016-02-17 按时 0
b 2016-03-10 逾期 1
c 2016-10-14 按时 0
d 2026-02-28 逾期 2
e 未知
f 2016-02-17 逾期 1`
	if have != want {
		t.Errorf("found\n%s\nwant\n%s", have, want)
	}
	today := time.Now().In(time.FixedZone("", 8*3600)).Format(time.DateOnly)
	if have := s.rows(r, "SELECT published_on, timeliness FROM data WHERE no = 'g'"); !strings.HasPrefix(have, today) {
		t.Errorf("a row without a date of its own was first published %s, want %s, the day of the release", have, today)
	}
	if c := r.Timeliness; c == nil || c.OnTime != 2 || c.Late != 4 || c.Unknown != 1 {
		t.Errorf("counts %+v", c)
	}
	three := decisions(3)
	three.ID = "three"
	r, _ = s.publish(three, "no,decided,shown\na,2026-09-29,2026-10-09\nb,2026-09-29,2026-10-10\n")
	if have := s.rows(r, "SELECT no, due_on, working_days_late FROM data"); have != "a 2026-10-09 0\nb 2026-10-09 1" {
		t.Errorf("three working days over the National Day holiday: %q", have)
	}
}

// What was public once keeps its day, whatever later files say of the row.
func TestFirstPublicationOutlivesReleases(t *testing.T) {
	s := newShelf(t)
	d := decisions(7)
	s.publish(d, "no,decided,shown\na,2026-03-02,2026-03-05\nb,2026-03-02,2026-04-01\n")
	for _, mode := range []catalog.Mode{catalog.Upsert, catalog.Replace} {
		r, _, err := s.try(d, "no,decided,shown\na,2026-03-03,\nb,2026-03-02,2026-03-20\nc,2026-03-02,2026-03-04\n"+string(mode)+",2026-03-02,2026-03-04\n", mode)
		if err != nil {
			t.Fatal(err)
		}
		if have := s.rows(r, "SELECT no, published_on FROM data WHERE no IN ('a', 'b') ORDER BY no"); have != "a 2026-03-05\nb 2026-03-20" {
			t.Errorf("%s: found %q", mode, have)
		}
	}
	r, _, err := s.try(d, "no,decided,shown\nz,2026-03-02,\n", catalog.Append)
	if err != nil {
		t.Fatal(err)
	}
	if have := s.rows(r, "SELECT no, published_on FROM data WHERE no IN ('a', 'b') ORDER BY no"); have != "a 2026-03-05\nb 2026-03-20" {
		t.Errorf("append: found %q", have)
	}
}

// A dataset that gets its deadline later knows that older rows were public by
// the day of the release that holds them.
func TestADeadlineMayComeLater(t *testing.T) {
	s := newShelf(t)
	d := decisions(7)
	d.Deadline = nil
	before, _ := s.publish(d, "no,decided,shown\na,2026-03-02,\n")
	r, _, err := s.try(decisions(7), "no,decided,shown\nb,2026-03-02,2026-03-03\n", catalog.Upsert)
	if err != nil {
		t.Fatal(err)
	}
	want := "a " + before.PublishedAt.Format(time.DateOnly) + " 逾期\nb 2026-03-03 按时"
	if have := s.rows(r, "SELECT no, published_on, timeliness FROM data ORDER BY no"); have != want {
		t.Errorf("found %q, want %q", have, want)
	}
}

func TestNoticePeriodsAreCounted(t *testing.T) {
	s := newShelf(t)
	d := &catalog.Dataset{ID: "notices", Openness: open, Key: []string{"no"}, Mode: catalog.Replace, RejectLimit: 1,
		Fields: []catalog.Field{field("no", "text", true), field("since", "date", false), field("upto", "date", false)},
		Notice: &catalog.Notice{From: "since", To: "upto", Days: 7, Basis: catalog.Text{Zh: "公示", En: "notice"}}}
	text := "no,since,upto\na,2026-02-12,2026-02-28\nb,2026-03-02,2026-03-02\nc,2026-03-02,\n"
	r, _ := s.publish(d, text)
	if have := s.rows(r, "SELECT no, notice_days FROM data ORDER BY no"); have != "a 17\nb 1\nc" {
		t.Errorf("calendar days: %q", have)
	}
	d.ID, d.Notice.Working = "workdays", true
	r, _ = s.publish(d, text)
	if have := s.rows(r, "SELECT no, notice_days FROM data ORDER BY no"); have != "a 8\nb 1\nc" {
		t.Errorf("working days: %q", have)
	}
}

func TestReferencesAreLookedUp(t *testing.T) {
	s := newShelf(t)
	towns := &catalog.Dataset{ID: "towns", Openness: open, Key: []string{"code"}, Mode: catalog.Replace, RejectLimit: 1,
		Fields:     []catalog.Field{field("code", "text", true), field("name", "text", true), field("parent", "text", false)},
		References: []catalog.Reference{{Fields: []string{"parent"}, To: "towns", Key: []string{"code"}}}}
	d := &catalog.Dataset{ID: "schools", Openness: open, Key: []string{"no"}, Mode: catalog.Replace, RejectLimit: 1,
		Fields:     []catalog.Field{field("no", "text", true), field("town", "text", false), field("second", "text", false)},
		References: []catalog.Reference{{Fields: []string{"town"}, To: "towns", Key: []string{"name"}}, {Fields: []string{"second"}, To: "towns", Key: []string{"name"}, Keep: true}}}
	text := "no,town,second\n1,兰州市城关区,\n2,兰州市城关,无此地\n3,,兰州市城关区\n"
	r, _ := s.publish(d, text)
	if r.Rows != 3 || len(r.References) != 2 || r.References[0].Release != "" {
		t.Errorf("with nothing to look up in: %d rows, %+v", r.Rows, r.References)
	}
	target, report := s.publish(towns, "code,name,parent\n1,兰州市,\n2,兰州市城关区,1\n3,天水市秦州区,9\n")
	if target.Rows != 2 || report.Rejects[0].Code != "no_such_reference" || report.Rejects[0].Value != "9" {
		t.Errorf("a reference to rows of the same file: %d rows, %+v", target.Rows, report.Rejects)
	}
	r, report, err := s.try(d, text+"4,,\n", "")
	if err != nil {
		t.Fatal(err)
	}
	if r.Rows != 3 || report.Rejected != 1 || report.Rejects[0].Line != 3 || !strings.Contains(report.Rejects[0].Reason.Zh, "是否为“兰州市城关区”") {
		t.Errorf("%d rows, rejects %+v", r.Rows, report.Rejects)
	}
	// Who sends a file learns no key of a dataset that is not open to everyone.
	closed := *towns
	closed.Openness = catalog.Openness{Attribute: catalog.OpenConditional}
	if _, _, err := s.try(&closed, "code,name,parent\n1,兰州市,\n2,兰州市城关区,1\n", ""); err != nil {
		t.Fatal(err)
	}
	_, report, err = s.try(d, text+"5,,\n", "")
	if err != nil {
		t.Fatal(err)
	}
	if report.Rejected != 1 || strings.Contains(report.Rejects[0].Reason.Zh+report.Rejects[0].Reason.En, "城关区") {
		t.Errorf("rejects %+v", report.Rejects)
	}
	if r.References[0].Release != target.Release || r.References[0].Missing != 1 || r.References[1].Missing != 0 {
		t.Errorf("references %+v", r.References)
	}
}

func negativeEntries(t *testing.T, s *shelf, rows string) {
	t.Helper()
	list := &catalog.Dataset{ID: catalog.NegativeList, Openness: open, Key: []string{"entry_no"}, Mode: catalog.Replace, RejectLimit: 1}
	for _, name := range []string{"entry_no", "matter", "scope", "reason", "basis"} {
		list.Fields = append(list.Fields, field(name, "text", true))
	}
	list.Fields = append(list.Fields, field("valid_from", "date", true), field("valid_to", "date", false))
	s.publish(list, "entry_no,matter,scope,reason,basis,valid_from,valid_to\n"+rows)
}

// Rows in = published + rejected + withheld, and nothing is withheld without
// an entry of the negative list that is in force.
func TestRowsAreWithheldUnderAnEntryAlone(t *testing.T) {
	s := newShelf(t)
	d := &catalog.Dataset{ID: "cases", Openness: open, Key: []string{"no"}, Mode: catalog.Upsert, RejectLimit: 1,
		Fields:   []catalog.Field{field("no", "text", true), field("minor", "text", false), field("id", "text", false), field("amount", "integer", false)},
		Withhold: []catalog.Withhold{{Entry: "FM-001", Fields: []string{"id", "minor"}}, {Entry: "FM-004", Rows: "minor = '是'"}}}
	d.Fields[1].Privacy, d.Fields[2].Privacy = catalog.PrivacyDrop, catalog.PrivacyDrop
	text := "no,minor,id,amount\n1,否,x,5\n2,是,y,6\n3,,z,7\n4,否,v,many\n"
	r, _ := s.publish(d, text)
	if c := r.Counts; c.In != 4 || c.Published != 2 || c.Rejected != 1 || c.Withheld != 1 || !c.Balanced() {
		t.Errorf("counts %+v", c)
	}
	if have := s.rows(r, "SELECT column_name FROM (DESCRIBE data)"); have != "no\namount" {
		t.Errorf("the release has the columns %q", have)
	}

	negativeEntries(t, s, "FM-001,号码,*,隐私,法,2020-01-01,2099-12-31\nFM-004,未成年人,cases；others,保护,未保法,2020-01-01,\n")
	// What was public is so no more when a later file says that it may not be.
	r, _, err := s.try(d, "no,minor,id,amount\n1,是,x,5\n5,否,w,8\n", catalog.Upsert)
	if err != nil {
		t.Fatal(err)
	}
	if have := s.rows(r, "SELECT no FROM data ORDER BY no"); have != "3\n5" {
		t.Errorf("published are %q", have)
	}
	last := r.Withheld[len(r.Withheld)-1]
	if r.Counts.Withheld != 1 || last.Entry != "FM-004" || last.Rows != 1 || !strings.Contains(last.Basis.Zh, "未成年人。保护（未保法）") {
		t.Errorf("withheld %+v", r.Withheld)
	}
	// The same holds for a condition that is new.
	d.Withhold = append(d.Withhold, catalog.Withhold{Entry: "FM-001", Rows: "amount > 7"})
	if r, _, err = s.try(d, "no,minor,id,amount\n6,,u,1\n", catalog.Append); err != nil {
		t.Fatal(err)
	}
	if have := s.rows(r, "SELECT no FROM data ORDER BY no"); have != "3\n6" {
		t.Errorf("published are %q", have)
	}

	for why, rows := range map[string]string{
		"expired":   "FM-001,号码,*,隐私,法,2020-01-01,2099-12-31\nFM-004,未成年人,cases,保护,法,2020-01-01,2021-01-01\n",
		"to come":   "FM-001,号码,*,隐私,法,2020-01-01,2099-12-31\nFM-004,未成年人,cases,保护,法,2120-01-01,\n",
		"elsewhere": "FM-001,号码,*,隐私,法,2020-01-01,2099-12-31\nFM-004,未成年人,case,保护,法,2020-01-01,\n",
	} {
		negativeEntries(t, s, rows)
		if _, _, err := s.try(d, "no,minor,id,amount\n7,"+why+",u,1\n", ""); !errors.As(err, new(*ingest.Refused)) || !strings.Contains(err.Error(), "FM-004") {
			t.Errorf("an entry that is %s: %v, want a refusal", why, err)
		}
	}
}

// The release file is all that a query can reach: what is dropped is not in it.
func TestDroppedFieldsAreNotInTheStore(t *testing.T) {
	s := newShelf(t)
	d := &catalog.Dataset{ID: "cases", Openness: open, Mode: catalog.Replace, Fields: []catalog.Field{field("no", "text", true), field("id", "text", false)},
		Withhold: []catalog.Withhold{{Entry: "FM-001", Fields: []string{"id"}}, {Entry: "FM-004", Rows: "id = 'none'"}}}
	d.Fields[1].Privacy = catalog.PrivacyDrop
	secret := "SECRET-62999919900101"
	var text strings.Builder
	text.WriteString("no,id\n")
	for i := range 3000 {
		fmt.Fprintf(&text, "%d,%s%04d\n", i, secret, i)
	}
	r, _ := s.publish(d, text.String())
	data, err := os.ReadFile(r.StorePath())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), secret) || strings.Contains(string(data), store.Ident("id")) {
		t.Error("the store has the dropped column")
	}
}

// A name that is masked in its own column is masked in the free text beside it.
func TestNamesAreHiddenInTheTextOfTheirRow(t *testing.T) {
	s := newShelf(t)
	d := &catalog.Dataset{ID: "cases", Openness: open, Mode: catalog.Replace, Key: []string{"no"}, Fields: []catalog.Field{field("no", "text", true), field("party", "text", false), field("owner", "text", false), field("facts", "text", false), field("id", "text", false)},
		Withhold: []catalog.Withhold{{Entry: "FM-001", Fields: []string{"id"}}}}
	d.Fields[1].Privacy, d.Fields[2].Privacy, d.Fields[3].Privacy, d.Fields[4].Privacy = catalog.PrivacyParty, catalog.PrivacyName, catalog.PrivacyFree, catalog.PrivacyDrop
	d.Fields[4].Semantic = catalog.PersonName
	r, _ := s.publish(d, "no,party,owner,facts,id\n"+
		"1,王秀英,,当事人王秀英、电话13800138000，与李四,\n2,兰州金桥商贸有限公司,赵建国,赵建国代表兰州金桥商贸有限公司签收,\n3,张三面馆,,张三面馆未公示,\n4,兰州金桥商贸有限公司,,孙志强签收,孙志强\n")
	want := "1 王** 当事人王**、电话138****8000，与李四\n2 兰州金桥商贸有限公司 赵** 赵**代表兰州金桥商贸有限公司签收\n3 张三面馆 张三面馆未公示\n4 兰州金桥商贸有限公司 孙**签收"
	if have := s.rows(r, "SELECT * FROM data ORDER BY no"); have != want {
		t.Errorf("found\n%s\nwant\n%s", have, want)
	}
}
