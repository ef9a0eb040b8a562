package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/xuri/excelize/v2"
)

// reader looks at the portal in a real browser.
type reader struct {
	t    *testing.T
	ctx  context.Context
	site site

	mu         sync.Mutex
	complaints []string
}

// read opens a browser on a site, in a window of that size.
func read(t *testing.T, s site, width, height int64) *reader {
	t.Helper()
	var browser string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	optional(t, "Chromium", browser != "")
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.WindowSize(int(width), int(height)),
		chromedp.Flag("lang", "en-US"), chromedp.Flag("no-proxy-server", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	// The browser lives as long as the context of the first call.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancel)
	r := &reader{t: t, ctx: ctx, site: s}
	go func() {
		for m, err := range chromedp.Console(ctx) {
			if err != nil {
				return
			}
			if m.Source == "network" {
				continue // that an address answers 404 is said on the page, too
			}
			r.mu.Lock()
			r.complaints = append(r.complaints, fmt.Sprint(m))
			r.mu.Unlock()
		}
	}()
	return r
}

func (r *reader) do(steps ...chromedp.Action[chromedp.Void]) {
	r.t.Helper()
	if err := chromedp.Do(r.ctx, steps...); err != nil {
		r.t.Fatal(err)
	}
}

// open goes to an address of the site.
func (r *reader) open(path string) { r.t.Helper(); r.do(chromedp.Navigate(r.site.url + path)) }

// value evaluates a script to a text, count to a number.
func (r *reader) value(script string) string {
	r.t.Helper()
	s, err := chromedp.Run(r.ctx, chromedp.Evaluate[string]("String("+script+")"))
	if err != nil {
		r.t.Fatalf("%s: %v", script, err)
	}
	return s
}

func (r *reader) count(script string) int {
	r.t.Helper()
	n, err := chromedp.Run(r.ctx, chromedp.Evaluate[int](script))
	if err != nil {
		r.t.Fatalf("%s: %v", script, err)
	}
	return n
}

// until waits for a condition to hold on a whole page.
func (r *reader) until(condition string) {
	r.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		// Between two pages there is nothing to ask.
		n, err := chromedp.Run(r.ctx, chromedp.Evaluate[int]("document.readyState === 'complete' && ("+condition+") ? 1 : 0"))
		if err == nil && n == 1 {
			return
		} else if time.Now().After(end) {
			where, _ := chromedp.Run(r.ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.getElementById('main')?.innerText.slice(0, 1200)"))
			r.t.Fatalf("never: %s (%v)\n%s", condition, err, where)
		}
	}
}

// press strikes keys as they stand in kb, or types a text.
func (r *reader) press(keys string) { r.t.Helper(); r.do(chromedp.KeyEvent(keys)) }

// reach presses Tab until an element that fits the selector has the focus.
func (r *reader) reach(selector string) {
	r.t.Helper()
	for range 400 {
		r.press(kb.Tab)
		if r.count(fmt.Sprintf("document.activeElement?.matches(%q) ? 1 : 0", selector)) == 1 {
			if outline := r.value("getComputedStyle(document.activeElement).outlineStyle"); outline == "none" {
				r.t.Errorf("%s has the focus, and one cannot see it", selector)
			}
			return
		}
	}
	r.t.Fatalf("no number of tabs leads to %s at %s", selector, r.value("location.href"))
}

// quiet holds that nothing was complained of on the console.
func (r *reader) quiet() {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.complaints) > 0 {
		r.t.Errorf("the console says %q", r.complaints)
	}
}

// portalPages are the pages of the portal, each in a state that shows what it has.
func portalPages(t *testing.T, s site) map[string]string {
	t.Helper()
	var releases struct {
		Releases []struct {
			Release struct{ Release string }
		}
	}
	body, _ := s.get(t, 200, "/api/v1/datasets/admin_penalties/releases")
	if err := json.Unmarshal(body, &releases); err != nil || len(releases.Releases) < 2 {
		t.Fatalf("releases of admin_penalties: %s, %v", body, err)
	}
	return map[string]string{
		"home": "/", "catalog": "/datasets", "search": "/datasets?q=%E5%A4%84%E7%BD%9A&theme=%E5%B8%82%E5%9C%BA%E7%9B%91%E7%AE%A1", "nothing found": "/datasets?q=zzzzqqqq",
		"dataset": "/datasets/admin_penalties", "filtered": "/datasets/admin_penalties?in.region_code=620100&min.decided_on=2026-01-01&sort=-fine&col=party&col=fine&col=region_code&measure=sum.fine",
		"wrong filter": "/datasets/admin_penalties?min.decided_on=soon", "conditional": "/datasets/ppp_projects", "computed": "/datasets/department_scorecard", "reference": "/datasets/regions",
		"release": "/datasets/admin_penalties/releases/" + releases.Releases[1].Release.Release, "diff": "/datasets/admin_penalties/diff",
		"score card": "/scorecard", "department": "/scorecard?department=" + url.QueryEscape("甘肃省自然资源厅"), "developers": "/developers", "about": "/about",
		"SQL": "/sql", "SQL rows": "/sql?q=" + url.QueryEscape("SELECT kinds, fine, decided_on, remark FROM admin_penalties LIMIT 60"),
		"SQL chart": "/sql?chart=bar&q=" + url.QueryEscape("SELECT kinds, count(*) AS n FROM admin_penalties GROUP BY 1"), "nowhere": "/nowhere",
	}
}

// Every page fits a phone and a desk in both languages and in the dark, says
// nothing on the console, and has no finding of axe that is serious or critical.
func TestEveryPageIsAccessible(t *testing.T) {
	modules := os.Getenv("GOVDATA_TEST_NODE_MODULES")
	optional(t, "GOVDATA_TEST_NODE_MODULES, the packages that .ci/node.txt lists,", modules != "")
	axe, err := os.ReadFile(filepath.Join(modules, "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	s := demo(t)
	r := read(t, s, 1440, 900)
	pages := portalPages(t, s)
	checked := 0
	for _, look := range []struct {
		width        int64
		lang, scheme string
	}{{1440, "zh", "light"}, {1440, "en", "light"}, {1440, "zh", "dark"}, {1440, "en", "dark"}, {360, "zh", "light"}, {360, "en", "light"}} {
		r.do(chromedp.EmulateViewport(look.width, 800))
		r.open("/about?scheme=" + look.scheme)
		for name, path := range pages {
			join := "?"
			if strings.Contains(path, "?") {
				join = "&"
			}
			at := fmt.Sprintf("%s, %s, %d px, %s", name, look.lang, look.width, look.scheme)
			r.open(path + join + "lang=" + look.lang)
			r.until("true")
			if lang, scheme := r.value("document.documentElement.lang"), r.value("document.documentElement.dataset.scheme"); !strings.HasPrefix(lang, look.lang) || scheme != look.scheme {
				t.Errorf("%s: the page is in %s and %s", at, lang, scheme)
			}
			if wide := r.count("document.documentElement.scrollWidth"); int64(wide) > look.width {
				t.Errorf("%s: the page is %d px wide", at, wide)
			}
			if n := r.count("[document.querySelectorAll('h1').length, document.querySelectorAll('main').length].filter((n) => n !== 1).length"); n != 0 {
				t.Errorf("%s: want one h1 and one main", at)
			}
			if r.value("document.body.innerText.includes('示例') || document.body.innerText.includes('ynthetic')") != "true" {
				t.Errorf("%s: nothing says that rows are made up", at)
			}
			found := r.findings(string(axe))
			if found != "[]" {
				t.Errorf("%s: %s", at, found)
			}
			checked++
		}
	}
	// A page without a language has a finding: axe does look.
	r.do(chromedp.Evaluate[chromedp.Void]("document.documentElement.removeAttribute('lang')"))
	if found := r.findings(string(axe)); !strings.Contains(found, "html-has-lang") {
		t.Errorf("a page without a language: %s", found)
	}
	if checked != 6*len(pages) {
		t.Errorf("%d pages were checked, want %d", checked, 6*len(pages))
	}
	r.quiet()
}

// findings are what axe finds on the page that is serious or critical, as JSON.
func (r *reader) findings(axe string) string {
	r.t.Helper()
	r.do(chromedp.Evaluate[chromedp.Void](axe + ";undefined"))
	found, err := chromedp.Run(r.ctx, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"]}).then((r) => JSON.stringify(r.violations.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.target.join(" ") + " " + n.failureSummary).join(" | "))))`,
		chromedp.EvalAwaitPromise))
	if err != nil {
		r.t.Fatalf("%s: %v", r.value("location.href"), err)
	}
	return found
}

// answers are the rows of an SQL answer.
func answers(t *testing.T, s site, q string) []map[string]any {
	t.Helper()
	body, _ := s.get(t, 200, "/api/v1/sql", "q", q)
	var a struct{ Rows []map[string]any }
	if err := json.Unmarshal(body, &a); err != nil {
		t.Fatal(err)
	}
	return a.Rows
}

// Penalties in Lanzhou in 2026 are found, looked at by kind and taken as a
// workbook, by keyboard alone.
func TestPenaltiesInLanzhouAreFoundByKeyboard(t *testing.T) {
	s := demo(t)
	r := read(t, s, 1440, 900)
	r.open("/?lang=zh")
	r.reach("#q")
	r.press("处罚\r")
	r.until("location.pathname === '/datasets' && document.querySelector('.card')")
	r.reach(`.card a[href^="/datasets/admin_penalties"]`)
	r.press(kb.Enter)
	r.until("location.pathname === '/datasets/admin_penalties' && document.querySelector('#matching')")
	r.reach(".filters > summary")
	r.press(kb.Enter)
	r.reach(`[name="min.decided_on"]`)
	r.press("01012026") // as the browser of an English reader asks for it
	r.reach(`[name="max.decided_on"]`)
	r.press("12312026")
	r.reach(`[name="in.region_code"]`)
	for range 10 {
		if r.value("document.activeElement.selectedOptions[0].textContent") == "兰州市" {
			break
		}
		r.press(kb.ArrowDown)
	}
	r.reach(".filters button[type=submit]")
	r.press(kb.Enter)
	r.until("location.search.includes('in.region_code=620100') && document.querySelector('#groups')")
	const where = "region_code LIKE '6201%' AND decided_on BETWEEN DATE '2026-01-01' AND DATE '2026-12-31'"
	if r.value("new URLSearchParams(location.search).get('min.decided_on') + new URLSearchParams(location.search).get('max.decided_on')") != "2026-01-012026-12-31" {
		t.Errorf("the address is %s", r.value("location.href"))
	}
	want := answers(t, s, "SELECT count(*) AS n FROM admin_penalties WHERE "+where)[0]["n"]
	if said := r.value("document.querySelector('#matching strong').textContent"); said != fmt.Sprint(want, " 行") {
		t.Errorf("the page says %q, want %v rows", said, want)
	}
	var shown, counted []string
	if err := json.Unmarshal([]byte(r.value("JSON.stringify([...document.querySelectorAll('#groups tbody tr')].map((row) => row.cells[0].textContent + ' ' + row.cells[2].textContent))")), &shown); err != nil {
		t.Fatal(err)
	}
	for _, row := range answers(t, s, "SELECT kind, count(*) AS n FROM (SELECT unnest(string_split(kinds, '；')) AS kind FROM admin_penalties WHERE "+where+") GROUP BY 1") {
		counted = append(counted, fmt.Sprint(row["kind"], " ", row["n"]))
	}
	slices.Sort(shown)
	slices.Sort(counted)
	if len(counted) < 3 || !slices.Equal(shown, counted) {
		t.Errorf("by kind the page shows %q, want %q", shown, counted)
	}
	r.reach("#view-xlsx")
	address, err := url.Parse(r.value("document.activeElement.href"))
	if err != nil {
		t.Fatal(err)
	}
	book, _ := s.get(t, 200, address.RequestURI())
	f, err := excelize.OpenReader(strings.NewReader(string(book)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetName(0))
	if err != nil {
		t.Fatal(err)
	}
	// The fields are told by their names; a title row may stand above or below.
	at := map[string]int{}
	var heads int
	for i, row := range rows[:3] {
		for j, cell := range row {
			for _, name := range []string{"行政区划代码", "处罚决定日期"} {
				if cell == name {
					at[name], heads = j, i
				}
			}
		}
	}
	if len(at) != 2 {
		t.Fatalf("the workbook begins with %q", rows[:2])
	}
	data := 0
	for _, row := range rows[heads+1:] {
		if len(row) <= max(at["行政区划代码"], at["处罚决定日期"]) || !strings.HasPrefix(row[at["行政区划代码"]], "62") {
			continue
		}
		data++
		if !strings.HasPrefix(row[at["行政区划代码"]], "6201") || !strings.Contains(row[at["处罚决定日期"]], "26") {
			t.Errorf("the workbook has %q", row)
		}
	}
	if fmt.Sprint(data) != fmt.Sprint(want) {
		t.Errorf("the workbook has %d rows, want %v", data, want)
	}
	r.quiet()
}

// Two releases of the catalogue of fees are compared: a fee that rose, one that
// went and one that came.
func TestTwoReleasesOfTheFeeCatalogueAreCompared(t *testing.T) {
	dir := t.TempDir()
	first := sample(t, "fee_catalog/fee_catalog_2026.xlsx")
	must(t, 3, "ingest", "fee_catalog", write(t, "fees.xlsx", first), "--data", dir)
	f, err := excelize.OpenReader(strings.NewReader(string(first)))
	if err != nil {
		t.Fatal(err)
	}
	sheet := f.GetSheetName(0)
	rows, err := f.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	var head, code, lowest int
	for i, row := range rows {
		for j, cell := range row {
			switch {
			case strings.Contains(cell, "编码"):
				head, code = i, j
			case strings.Contains(cell, "下限"):
				lowest = j
			}
		}
	}
	good := func(i int) bool {
		return i > head && len(rows[i]) > max(code, lowest) && len(rows[i][code]) == 6 && strings.Trim(rows[i][code], "0123456789") == "" && rows[i][lowest] != ""
	}
	var kept []int
	for i := range rows {
		if good(i) {
			kept = append(kept, i)
		}
	}
	if len(kept) < 10 {
		t.Fatalf("the sample has %d rows with a code and a rate; it begins with %q", len(kept), rows[:6])
	}
	cell := func(column, row int) string {
		name, err := excelize.CoordinatesToCellName(column+1, row+1)
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	rose, went := kept[3], kept[len(kept)-2]
	if err := f.SetCellValue(sheet, cell(lowest, rose), 1.5); err != nil {
		t.Fatal(err)
	}
	// A row that has another code is one that went and one that came.
	if err := f.SetCellValue(sheet, cell(code, went), "990001"); err != nil {
		t.Fatal(err)
	}
	second := filepath.Join(t.TempDir(), "fees2.xlsx")
	if err := f.SaveAs(second); err != nil {
		t.Fatal(err)
	}
	must(t, 3, "ingest", "fee_catalog", second, "--data", dir)
	s, err := start(dir, "--address-rate", "0")
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	r := read(t, s, 1440, 900)
	r.open("/datasets/fee_catalog?lang=zh")
	r.until("document.querySelectorAll('#releases').length === 1")
	r.reach(`a[href*="/diff?"]`)
	r.press(kb.Enter)
	r.until("location.pathname.endsWith('/diff') && document.querySelector('#changed')")
	for id, want := range map[string]string{"added": "1", "removed": "1", "changed": "1"} {
		if got := r.value("document.getElementById('" + id + "').textContent"); got != want {
			t.Errorf("%s: the page says %s, want %s", id, got, want)
		}
	}
	if was, is := r.value("document.querySelector('tr.changed del').textContent"), r.value("document.querySelector('tr.changed ins').textContent"); strings.TrimSuffix(was, ".00") != strings.ReplaceAll(rows[rose][lowest], ",", "") || is != "1.50" {
		t.Errorf("the lowest rate was %s and is %s, want %s and 1.50", was, is, rows[rose][lowest])
	}
	if text := r.value("document.querySelector('tr.added').textContent"); !strings.Contains(text, "990001") {
		t.Errorf("what was added is %q", text)
	}
	if text := r.value("document.querySelector('tr.removed').textContent"); !strings.Contains(text, rows[went][code]) {
		t.Errorf("what was removed is %q, want %s", text, rows[went][code])
	}
	address, err := url.Parse(r.value("document.getElementById('diff-csv').href"))
	if err != nil {
		t.Fatal(err)
	}
	changes, _ := s.get(t, 200, address.RequestURI())
	if n := strings.Count(strings.TrimSpace(string(changes)), "\n"); n < 4 || !strings.Contains(string(changes), "990001") {
		t.Errorf("the file of changes has %d rows: %s", n, changes)
	}
	r.quiet()
}

// The head of a department finds it on the score card, sees what was late, and
// goes to the very record, by keyboard alone.
func TestADepartmentHeadSeesWhereItIsLate(t *testing.T) {
	s := demo(t)
	late := answers(t, s, "SELECT department, sum(late) AS late FROM disclosure_timeliness GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1")[0]
	department := late["department"].(string)
	r := read(t, s, 1440, 900)
	r.open("/?lang=zh")
	r.reach(`nav a[href^="/scorecard"]`)
	r.press(kb.Enter)
	r.until("location.pathname === '/scorecard' && document.querySelector('#cards')")
	r.reach("#department-name")
	r.press(department + "\r")
	r.until("location.search.includes('q=') && document.querySelectorAll('#cards tbody tr').length === 1")
	r.reach("#cards tbody a")
	r.press(kb.Enter)
	r.until("location.search.includes('department=') && document.querySelector('#late-records')")
	if heading := r.value("document.querySelector('h1').textContent"); !strings.Contains(heading, department) {
		t.Errorf("the page is of %q, want %s", heading, department)
	}
	if n, said := r.count("document.querySelectorAll('#late-records tbody tr').length"), r.value("document.getElementById('late-count').textContent"); fmt.Sprint(n) != fmt.Sprint(late["late"]) || said != fmt.Sprint(late["late"]) {
		t.Errorf("the page lists %d late records and says %s, want %v", n, said, late["late"])
	}
	record, days := r.value("document.querySelector('#late-records tbody th').textContent"), r.value("document.querySelector('#late-records tbody td:last-child').textContent")
	r.reach("#late-records tbody a")
	r.press(kb.Enter)
	r.until("location.pathname.startsWith('/datasets/') && document.querySelector('#matching')")
	if rows := r.value("[...document.querySelectorAll('.data tbody tr')].map((row) => row.textContent).join('\\n')"); strings.Count(rows, "\n") != 0 || !strings.Contains(rows, record) || !strings.Contains(rows, "逾期") || !strings.Contains(rows, days) {
		t.Errorf("the record %s, %s days late, leads to %q", record, days, rows)
	}
	r.quiet()
}

// What pages promise without a script they keep: search, facets, filters,
// columns, charts, colours and language.
func TestThePortalWorksWithoutJavaScript(t *testing.T) {
	s := demo(t)
	r := read(t, s, 360, 740)
	if _, err := chromedp.Call(r.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	r.open("/?lang=zh")
	r.reach("#q")
	r.press("处罚\r")
	r.until("location.pathname === '/datasets' && document.querySelector('.card')")
	if r.count("document.documentElement.classList.contains('js') ? 1 : 0") != 0 {
		t.Fatal("scripts run")
	}
	before := r.count("document.querySelectorAll('.card').length")
	r.do(chromedp.Click(`.facets a[href*="theme="]`))
	r.until("location.search.includes('theme=')")
	if after := r.count("document.querySelectorAll('.card').length"); after == 0 || after > before {
		t.Errorf("a theme leaves %d of %d datasets", after, before)
	}
	r.open("/datasets/admin_penalties?lang=zh")
	r.do(chromedp.Click(".filters > summary"))
	r.do(chromedp.SetValue(`[name="is.kinds"]`, "警告"), chromedp.Click(".filters button[type=submit]"))
	r.until("location.search.includes('is.kinds')")
	// The form sends every field; the server leads to the address that says only what was chosen.
	if q := r.value("decodeURIComponent(location.search)"); strings.Count(q, "&") > 4 || strings.Contains(q, "=&") {
		t.Errorf("the address is %s", q)
	}
	want := answers(t, s, "SELECT count(*) AS n FROM admin_penalties WHERE list_contains(string_split(kinds, '；'), '警告')")[0]["n"]
	if said := r.value("document.querySelector('#matching strong').textContent"); said != fmt.Sprint(want, " 行") {
		t.Errorf("the page says %q, want %v rows", said, want)
	}
	first := r.value("document.querySelector('.data tbody tr').textContent")
	// Not by the mouse: a page that is still scrolling to #data is under it no more.
	r.do(chromedp.Focus("#next"), chromedp.KeyEvent(kb.Enter))
	r.until("location.search.includes('after=')")
	if second := r.value("document.querySelector('.data tbody tr').textContent"); second == first {
		t.Errorf("the next page begins with %q, too", second)
	}
	r.do(chromedp.Click("#scheme"))
	r.until("document.documentElement.dataset.scheme === 'dark'")
	r.do(chromedp.Click("#language"))
	r.until("document.documentElement.lang === 'en'")
	if at := r.value("location.pathname + location.search"); !strings.HasPrefix(at, "/datasets/admin_penalties") || !strings.Contains(at, "is.kinds") || r.value("document.documentElement.dataset.scheme") != "dark" {
		t.Errorf("the other language is at %s", at)
	}
}

// The catalog is searched as one types, the focus stays, and the address is
// that of the same list; colours change at once and stay.
func TestTheCatalogAnswersAsOneTypes(t *testing.T) {
	s := demo(t)
	r := read(t, s, 1440, 900)
	r.open("/datasets?lang=en")
	all := r.count("document.querySelectorAll('.card').length")
	r.reach("#q")
	r.press("penalties")
	r.until(fmt.Sprintf("location.search.includes('q=penalties') && document.querySelectorAll('.card').length < %d", all))
	if r.value("document.activeElement.id") != "q" {
		t.Errorf("the focus is on %s", r.value("document.activeElement.outerHTML"))
	}
	live := r.value("[...document.querySelectorAll('.card h3')].map((x) => x.innerText).join('|')")
	r.open(strings.TrimPrefix(r.value("location.href"), s.url))
	if again := r.value("[...document.querySelectorAll('.card h3')].map((x) => x.innerText).join('|')"); again != live || live == "" {
		t.Errorf("typed: %q, loaded: %q", live, again)
	}
	r.reach("#scheme")
	r.press(kb.Enter)
	r.until("document.documentElement.dataset.scheme === 'dark' && getComputedStyle(document.body).colorScheme === 'dark'")
	r.open("/about?lang=en")
	if html, _ := chromedp.Run(r.ctx, chromedp.OuterHTML("html")); !strings.Contains(html[:80], `data-scheme="dark"`) {
		t.Errorf("the next page begins with %.80s", html)
	}
	r.quiet()
}
