package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"context"

	"golang.org/x/text/encoding/simplifiedchinese"

	"govdata/ingest/decode/ole/oletest"
)

func TestDemoPublishesAllSixAndIsIdempotent(t *testing.T) {
	data := t.TempDir()
	must(t, exitDone, "demo", "--data", data)
	before := must(t, exitDone, "list", "--data", data)
	for _, id := range []string{"admin_permits", "admin_penalties", "fee_catalog", "budgets", "regions", "working_days"} {
		if !strings.Contains(before, id) {
			t.Errorf("%s is not published:\n%s", id, before)
		}
	}
	again := must(t, exitDone, "demo", "--data", data)
	if strings.Contains(again, "rejected") {
		t.Errorf("the second demo ingested something:\n%s", again)
	}
	if after := must(t, exitDone, "list", "--data", data); after != before {
		t.Errorf("the second demo changed what is published:\n%s\n%s", before, after)
	}
	must(t, exitDone, "verify", "--deep", "--data", data)
}

// Rows in are rows published, rejected and withheld, and every rejected row is
// listed with its line, its value and a reason.
func TestEveryRowIsAccountedFor(t *testing.T) {
	dir := t.TempDir()
	for _, format := range []string{"csv", "xlsx"} {
		file := filepath.Join(dir, "penalties."+format)
		must(t, exitDone, "generate", "admin_penalties", "--rows", "20000", "--broken", "0.01", "--charset", "gb18030", "--format", format, "-o", file)
		out := must(t, exitRejected, "ingest", "admin_penalties", file, "--mode", "replace", "--data", filepath.Join(dir, format), "--json")
		var report struct {
			Release          string
			RowsIn           int64 `json:"rows_in"`
			RowsPublished    int64 `json:"rows_published"`
			RowsRejected     int64 `json:"rows_rejected"`
			RowsWithheld     int64 `json:"rows_withheld"`
			Seconds          float64
			Skipped, Changes []any
			Faults           []struct{ Code string }
		}
		if err := json.Unmarshal([]byte(out), &report); err != nil {
			t.Fatal(err)
		}
		if report.RowsIn != 20000 || report.RowsPublished != 19800 || report.RowsRejected != 200 || report.RowsWithheld != 0 {
			t.Errorf("%s: found %+v, want 20000 = 19800 + 200 + 0", format, report)
		}
		rejects, err := os.ReadFile(filepath.Join(dir, format, "private", "records", "admin_penalties", report.Release, "rejects.csv"))
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(rejects, []byte("\n")); lines != 201 {
			t.Errorf("%s: %d lines of rejects, want a header and 200", format, lines)
		}
		for _, code := range []string{"bad_check_digit", "no_such_day", "missing", "not_in_list", "not_a_number", "duplicate_key"} {
			if !bytes.Contains(rejects, []byte(code)) {
				t.Errorf("%s: no reject says %s", format, code)
			}
		}
	}
}

func TestTheSameFileTwiceMakesNoNewRelease(t *testing.T) {
	data := t.TempDir()
	file := write(t, "permits.json", sample(t, "admin_permits/permits_export.json"))
	for _, mode := range []string{"replace", "upsert", "append"} {
		dir := filepath.Join(data, mode)
		must(t, exitRejected, "ingest", "admin_permits", file, "--mode", mode, "--data", dir)
		before := must(t, exitDone, "releases", "admin_permits", "--data", dir)
		if out := must(t, exitDone, "ingest", "admin_permits", file, "--mode", mode, "--data", dir); !strings.Contains(out, "nothing new") {
			t.Errorf("%s: found %q", mode, out)
		}
		if after := must(t, exitDone, "releases", "admin_permits", "--data", dir); after != before {
			t.Errorf("%s: there are new releases:\n%s", mode, after)
		}
	}
}

// A file that changes nothing may still have rows to mend: they are listed.
func TestRejectsAreListedWhereNothingIsNew(t *testing.T) {
	data := t.TempDir()
	head := "区划代码,名称,简称,级别\n620100,兰州市,兰州,市\n620200,嘉峪关市,嘉峪关,市\n"
	must(t, exitDone, "ingest", "regions", write(t, "a.csv", []byte(head)), "--data", data)
	d := write(t, "b.csv", []byte(head+"62O300,金昌市,金昌,市\n"))
	_, stderr, code := govdata(t, "ingest", "regions", d, "--data", data)
	if code != exitFailed || !strings.Contains(stderr, "not_a_region_code") {
		t.Errorf("regions takes no broken row: exit code %d, %s", code, stderr)
	}
	data = t.TempDir() // where a permit's region is not looked up among those two
	permits := sample(t, "admin_permits/permits_export.json")
	must(t, exitRejected, "ingest", "admin_permits", write(t, "p.json", permits), "--mode", "replace", "--data", data)
	out := must(t, exitRejected, "ingest", "admin_permits", write(t, "q.json", append(permits, ' ')), "--mode", "replace", "--data", data)
	if !strings.Contains(out, "nothing new") || !strings.Contains(out, "3 rows rejected") {
		t.Errorf("found %q", out)
	}
}

func TestAppendAddsUpsertReplacesAndRollbackGoesBack(t *testing.T) {
	data := t.TempDir()
	head := "区划代码,名称,简称,级别\n"
	first := write(t, "a.csv", []byte(head+"620100,兰州市,兰州,市\n620200,嘉峪关市,嘉峪关,市\n"))
	second := write(t, "b.csv", []byte(head+"620300,金昌市,金昌,市\n"))
	third := write(t, "c.csv", []byte(head+"620300,金昌市,镍都,市\n"))
	clash := write(t, "d.csv", []byte(head+"620300,金昌市,又一个,市\n"))
	must(t, exitDone, "ingest", "regions", first, "--data", data)
	must(t, exitDone, "ingest", "regions", second, "--mode", "append", "--data", data)
	if _, stderr, code := govdata(t, "ingest", "regions", clash, "--mode", "append", "--data", data); code != exitFailed || !strings.Contains(stderr, "key_exists") {
		t.Errorf("an appended key that is there already: exit code %d, %s", code, stderr)
	}
	must(t, exitDone, "ingest", "regions", third, "--mode", "upsert", "--data", data)
	query := func() string {
		return must(t, exitDone, "query", "SELECT string_agg(short_name, ' ' ORDER BY code) AS names FROM regions", "--format", "csv", "--data", data)
	}
	if got := query(); got != "names\n兰州 嘉峪关 镍都\n" {
		t.Errorf("found %q", got)
	}
	releases := strings.Fields(must(t, exitDone, "releases", "regions", "--data", data))
	var ids []string
	for _, f := range releases {
		if len(f) == 21 && f[8] == '-' {
			ids = append(ids, f)
		}
	}
	if len(ids) != 3 {
		t.Fatalf("found the releases %v, want three", ids)
	}
	must(t, exitDone, "rollback", "regions", ids[1], "--data", data)
	if got := query(); got != "names\n兰州 嘉峪关 金昌\n" {
		t.Errorf("after the rollback: found %q", got)
	}
	must(t, exitDone, "gc", "--keep", "1", "--data", data)
	must(t, exitDone, "verify", "--deep", "--data", data)
	if got := query(); got != "names\n兰州 嘉峪关 金昌\n" {
		t.Errorf("gc took what is current: found %q", got)
	}
}

func TestABreakingChangeNeedsItsName(t *testing.T) {
	data := t.TempDir()
	must(t, exitDone, "ingest", "regions", write(t, "all.csv", sample(t, "regions/regions_gansu_utf8bom.csv")), "--data", data)
	few := write(t, "few.csv", []byte("区划代码,名称,简称,级别\n620100,兰州市,兰州,市\n"))
	if _, stderr, code := govdata(t, "ingest", "regions", few, "--data", data); code != exitFailed || !strings.Contains(stderr, "--accept-change rows") {
		t.Errorf("the loss of 101 of 102 rows: exit code %d, %s", code, stderr)
	}
	must(t, exitDone, "ingest", "regions", few, "--accept-change", "rows,parent_code,pinyin,valid_from,valid_to,date_precision", "--data", data)
}

// Each broken file gets one clear message and exit code 1; the current release
// stays, and the raw file is kept.
func TestBrokenFilesAreRefusedAndNothingIsLost(t *testing.T) {
	data := t.TempDir()
	must(t, exitRejected, "ingest", "admin_penalties", write(t, "good.csv", sample(t, "admin_penalties/penalties_2018_codes_gb18030.csv")), "--data", data)
	pointer := filepath.Join(data, "public", "admin_penalties", "pointer.json")
	before, err := os.ReadFile(pointer)
	if err != nil {
		t.Fatal(err)
	}
	workbook := sample(t, "admin_penalties/penalties_lanzhou.xlsx")
	gb := sample(t, "admin_penalties/penalties_2018_codes_gb18030.csv")
	utf8, err := simplifiedchinese.GB18030.NewDecoder().Bytes(gb)
	if err != nil {
		t.Fatal(err)
	}
	var bomb, none bytes.Buffer
	z := zip.NewWriter(&bomb)
	w, _ := z.Create("data.csv")
	zeros := make([]byte, 1<<20)
	for range 200 {
		w.Write(zeros)
	}
	z.Close()
	zip.NewWriter(&none).Close()
	encrypted := oletest.File(oletest.Stream{Name: "EncryptionInfo", Data: make([]byte, 200)}, oletest.Stream{Name: "EncryptedPackage", Data: make([]byte, 8000)})
	for _, c := range []struct {
		name  string
		bytes []byte
		args  []string
		want  string
	}{
		{"truncated.xlsx", workbook[:len(workbook)*2/3], nil, "truncated or corrupt workbook"},
		{"wrong-charset.csv", gb[:len(gb)/2], []string{"--charset", "utf-8"}, "gb18030"},
		{"wrong-charset-big5.csv", gb[:len(gb)/2], []string{"--charset", "big5"}, "big5"},
		{"no-key-column.csv", bytes.Replace(utf8, []byte("CF_WSH"), []byte("CF_XYZ"), 1), nil, "行政处罚决定书文号"},
		{"empty.csv", nil, nil, "no bytes"},
		{"white.csv", []byte(" \r\n\r\n"), nil, "white space"},
		{"empty.zip", nil, nil, "no bytes"},
		{"nothing-in-it.zip", none.Bytes(), nil, "no file in it"},
		{"bomb.zip", bomb.Bytes(), nil, "unpacks to more than 300 times its size"},
		{"header-only.csv", utf8[:bytes.IndexByte(utf8, '\n')+1], nil, "no data row"},
		{"another.csv", []byte("a,b,c\n1,2,3\n4,5,6\n"), nil, "no known column in the first"},
		{"encrypted.xlsx", encrypted, nil, "password"},
		{"scan.pdf", []byte("%PDF-1.7\n%âãÏÓ\n1 0 obj"), nil, "PDF"},
		{"open-quote.csv", append([]byte(nil), append(utf8[:3000:3000], []byte("\r\n\"never closed, and so on\r\n")...)...), nil, "quote"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := write(t, c.name, c.bytes)
			stdout, stderr, code := govdata(t, append([]string{"ingest", "admin_penalties", file, "--data", data}, c.args...)...)
			var said []string
			for line := range strings.Lines(stderr) {
				if strings.HasPrefix(line, "govdata: ") {
					said = append(said, line)
				}
			}
			if code != exitFailed || len(said) != 1 || !strings.Contains(said[0], c.want) || !strings.Contains(said[0], c.name) && c.name != "header-only.csv" {
				t.Errorf("exit code %d and %q, want 1 and one message with %q\n%s", code, said, c.want, stdout)
			}
			t.Log(strings.TrimSpace(stderr))
			if after, err := os.ReadFile(pointer); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the current release changed: %v", err)
			}
		})
	}
	kept, _ := filepath.Glob(filepath.Join(data, "private", "archive", "*", "*"))
	if len(kept) < 10 {
		t.Errorf("%d raw files are kept, want every one that was sent", len(kept))
	}
	staged, _ := filepath.Glob(filepath.Join(data, "private", "staging", "*"))
	if len(staged) > 0 {
		t.Errorf("work was left behind: %v", staged)
	}
	must(t, exitDone, "verify", "--deep", "--data", data)
}

// A file over the reject limit is refused whole, and says why.
func TestTooManyRejectsRefuseTheFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "penalties.csv")
	must(t, exitDone, "generate", "admin_penalties", "--rows", "1000", "--broken", "0.2", "-o", file)
	_, stderr, code := govdata(t, "ingest", "admin_penalties", file, "--data", dir)
	if code != exitFailed || !strings.Contains(stderr, "200 of 1000 rows") || !strings.Contains(stderr, "refused-") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	refused, _ := filepath.Glob(filepath.Join(dir, "private", "records", "admin_penalties", "refused-*", "rejects.csv"))
	if len(refused) != 1 {
		t.Errorf("the rejects of the refused file are not kept: %v", refused)
	}
}

// Whenever an ingest is killed, the old release or the new one is served,
// everything verifies, and the next ingest works.
func TestAKilledIngestLeavesOneWholeRelease(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	var files [2]string
	for i := range files {
		files[i] = filepath.Join(dir, []string{"a.csv", "b.csv"}[i])
		must(t, exitDone, "generate", "admin_permits", "--rows", "3000", "--seed", []string{"1", "2"}[i], "-o", files[i])
	}
	began := time.Now()
	must(t, exitDone, "ingest", "admin_permits", files[0], "--mode", "replace", "--data", data)
	whole := time.Since(began)
	rng := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	rounds := 12
	switch {
	case testing.Short():
		rounds = 3
	case os.Getenv("GOVDATA_TEST_LONG") != "":
		rounds = 1000
	}
	killed := 0
	for round := range rounds {
		c := command(context.Background(), "ingest", "admin_permits", files[(round+1)%2], "--mode", "replace", "--data", data)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rng.Float64() * 1.1 * float64(whole)))
		c.Process.Signal(syscall.SIGKILL)
		if c.Wait() != nil {
			killed++
		}
		out := must(t, exitDone, "query", "SELECT count(*) AS n FROM admin_permits", "--format", "csv", "--data", data)
		if out != "n\n3000\n" {
			t.Fatalf("round %d: found %q", round, out)
		}
		must(t, exitDone, "verify", "--deep", "--data", data)
	}
	t.Logf("%d of %d ingests were killed on the way", killed, rounds)
	must(t, exitDone, "ingest", "admin_permits", files[1], "--mode", "replace", "--data", data)
	must(t, exitDone, "ingest", "admin_permits", files[0], "--mode", "replace", "--data", data)
	must(t, exitDone, "verify", "--deep", "--data", data)
}

func TestWrongUsageIsExitCode2(t *testing.T) {
	for _, args := range [][]string{
		{"ingest"}, {"ingest", "no_such_dataset", "x.csv"}, {"ingest", "regions", "x.csv", "--mode", "sideways"}, {"frobnicate"},
		{"serve", "--no-such-flag"}, {"export", "regions", "--format", "pdf"}, {"generate", "admin_permits", "--rows", "0"}, {"gc", "--keep", "0"},
	} {
		if _, stderr, code := govdata(t, args...); code != exitUsage || !strings.HasPrefix(stderr, "govdata: ") {
			t.Errorf("govdata %v: exit code %d, want 2; %s", args, code, stderr)
		}
	}
	t.Setenv("GOVDATA_KEEP", "many")
	if _, stderr, code := govdata(t, "gc"); code != exitUsage || !strings.Contains(stderr, "GOVDATA_KEEP") {
		t.Errorf("a variable that is no number: exit code %d, %s", code, stderr)
	}
}
