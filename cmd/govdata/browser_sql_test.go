package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// visitor is somebody at a browser.
type visitor struct {
	t    *testing.T
	ctx  context.Context
	site site

	mu         sync.Mutex
	complaints []string
}

// visit opens a browser window of that size in a language.
func visit(t *testing.T, lang string, width, height int64) *visitor {
	t.Helper()
	var browser string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	optional(t, "Chromium", browser != "")
	s := demo(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.WindowSize(int(width), int(height)),
		chromedp.Flag("lang", lang), chromedp.Flag("accept-lang", lang), chromedp.Flag("no-proxy-server", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	v := &visitor{t: t, site: s}
	return v.in(ctx, width, height)
}

// in makes a visitor of a browser's tab.
func (v *visitor) in(ctx context.Context, width, height int64) *visitor {
	v.t.Helper()
	// The browser lives as long as the context of the first call.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height)); err != nil {
		v.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	v.t.Cleanup(cancel)
	tab := &visitor{t: v.t, site: v.site, ctx: ctx}
	go func() {
		for m, err := range chromedp.Console(ctx) {
			if err != nil {
				return
			}
			// That an answer has the status 400 is said on the page, too.
			if m.Source == "network" {
				continue
			}
			tab.mu.Lock()
			tab.complaints = append(tab.complaints, fmt.Sprint(m))
			tab.mu.Unlock()
		}
	}()
	return tab
}

// tab opens another window of the same browser.
func (v *visitor) tab(width, height int64) *visitor {
	v.t.Helper()
	ctx, cancel := chromedp.NewContext(v.ctx)
	v.t.Cleanup(cancel)
	return v.in(ctx, width, height)
}

func (v *visitor) do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, steps...); err != nil {
		v.t.Fatal(err)
	}
}

// open goes to an address of the site and waits until the workbench is ready.
func (v *visitor) open(path string) {
	v.t.Helper()
	v.do(chromedp.Navigate(v.site.url + path))
	v.wait("document.getElementById('workbench')?.dataset.ready === 'true'")
}

// say evaluates a script to a text, ask to a number.
func (v *visitor) say(script string) string {
	v.t.Helper()
	s, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](script))
	if err != nil {
		v.t.Fatalf("%s: %v", script, err)
	}
	return s
}

func (v *visitor) ask(script string) float64 {
	v.t.Helper()
	n, err := chromedp.Run(v.ctx, chromedp.Evaluate[float64](script))
	if err != nil {
		v.t.Fatalf("%s: %v", script, err)
	}
	return n
}

// wait is until a condition holds.
func (v *visitor) wait(condition string) {
	v.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(30 * time.Millisecond) {
		ok, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool]("!!("+condition+")"))
		if err == nil && ok {
			return
		} else if time.Now().After(end) {
			state, _ := chromedp.Run(v.ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.getElementById('main')?.innerText.slice(0, 1500)"))
			v.shot("failed")
			v.t.Fatalf("never: %s (%v)\n%s", condition, err, state)
		}
	}
}

// write types a text; a line break is the Enter key.
func (v *visitor) write(text string) {
	v.t.Helper()
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			v.press("Enter", 13)
		}
		v.do(chromedp.KeyEvent(line))
	}
}

// press strikes a key that types nothing.
func (v *visitor) press(key string, code int64, modifiers ...kb.Modifier) {
	v.t.Helper()
	var held kb.Modifier
	for _, m := range modifiers {
		held |= m
	}
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeRawKeyDown, input.DispatchKeyEventTypeKeyUp} {
		if _, err := chromedp.Call(v.ctx, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: kind, Key: key, Code: key, WindowsVirtualKeyCode: code, NativeVirtualKeyCode: code, Modifiers: int64(held)}); err != nil {
			v.t.Fatal(err)
		}
	}
}

func (v *visitor) run() { v.t.Helper(); v.press("Enter", 13, kb.ModifierCtrl) }

// fill puts a query into the empty editor as one would paste it.
func (v *visitor) fill(q string) {
	v.t.Helper()
	v.do(chromedp.Evaluate[chromedp.Void]("document.querySelector('.cm-content').focus()"))
	v.do(chromedp.KeyEvent("a", chromedp.KeyModifiers(kb.ModifierCtrl)))
	if _, err := chromedp.Call(v.ctx, input.InsertText, input.InsertTextParams{Text: q}); err != nil {
		v.t.Fatal(err)
	}
}

// follow takes a link or a button by keyboard.
func (v *visitor) follow(selector string) {
	v.t.Helper()
	v.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.querySelector(%q).focus()", selector)), chromedp.KeyEvent("\r"))
}

// shot keeps a picture of the page where GOVDATA_TEST_SHOTS names a folder.
func (v *visitor) shot(name string) {
	dir := os.Getenv("GOVDATA_TEST_SHOTS")
	if dir == "" {
		return
	}
	b, err := chromedp.Run(v.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), b, 0o600)
	}
	if err != nil {
		v.t.Log(err)
	}
}

// quiet holds that nothing was complained of on the console.
func (v *visitor) quiet() {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.complaints) > 0 {
		v.t.Errorf("the console says %q", v.complaints)
	}
}

const (
	editorText = "document.getElementById('sql').value"
	atResult   = "document.querySelector('#enhanced [role=tab]') && !document.getElementById('workbench').hasAttribute('aria-busy')"
)

// A join is written with completion, run, drawn and shared without a mouse;
// whoever opens the link sees the same chart.
func TestAJoinIsWrittenChartedAndSharedByKeyboard(t *testing.T) {
	v := visit(t, "zh-CN", 1440, 1100)
	v.open("/sql?lang=zh")
	v.do(chromedp.Evaluate[chromedp.Void]("document.querySelector('.cm-content').focus()"))
	// A function completes with its brackets and says what it takes.
	v.write("SELECT d.name AS region, coun")
	v.wait("document.querySelector('.cm-tooltip-autocomplete [aria-selected]')?.textContent.includes('count(arg)')")
	time.Sleep(150 * time.Millisecond) // a choice made sooner counts as typing
	v.press("Enter", 13)
	v.write("*) AS penalties\nFROM ")
	// A Chinese title completes to the name of its dataset.
	if _, err := chromedp.Call(v.ctx, input.InsertText, input.InsertTextParams{Text: "行政处罚"}); err != nil {
		t.Fatal(err)
	}
	v.wait("document.querySelector('.cm-tooltip-autocomplete [aria-selected]')?.textContent.includes('admin_penalties')")
	time.Sleep(150 * time.Millisecond)
	v.press("Enter", 13)
	v.wait(editorText + ".endsWith('FROM admin_penalties')")
	v.write(" p JOIN regi")
	v.wait("document.querySelector('.cm-tooltip-autocomplete [aria-selected]')?.textContent.startsWith('regions')")
	time.Sleep(150 * time.Millisecond)
	v.press("Enter", 13)
	v.write(" d ON p.reg")
	// Behind an alias the fields of its dataset alone are offered, with titles.
	v.wait("document.querySelector('.cm-tooltip-autocomplete [aria-selected]')?.textContent.includes('region_code行政区划代码')")
	v.shot("completion-zh")
	time.Sleep(150 * time.Millisecond)
	v.press("Enter", 13)
	v.write(" = d.code\nGROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 12")
	v.press("Escape", 27)
	v.run()
	v.wait(atResult)
	want := "SELECT d.name AS region, count(*) AS penalties\nFROM admin_penalties p JOIN regions d ON p.region_code = d.code\nGROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 12"
	if got := v.say(editorText); got != want {
		t.Fatalf("the editor holds\n%s\nwant\n%s", got, want)
	}
	var answer struct{ Rows [][]any }
	body, _ := v.site.get(t, 200, "/api/v1/sql", "q", want, "shape", "arrays")
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Rows) != 12 {
		t.Fatal(err, len(answer.Rows))
	}
	if got, want := v.say("[...document.querySelectorAll('.sql-grid tbody tr:first-child td')].map(e => e.textContent).join()"), fmt.Sprintf("%v,%v", answer.Rows[0][0], answer.Rows[0][1]); got != want {
		t.Errorf("the first row reads %s, want %s", got, want)
	}

	// Tab leaves the editor and reaches the chart.
	for range 60 {
		v.do(chromedp.KeyEvent(kb.Tab))
		if v.say("document.activeElement.id") == "tab-table" {
			break
		}
	}
	if at := v.say("document.activeElement.id"); at != "tab-table" {
		t.Fatalf("Tab does not lead from the editor to the result, but to %q", at)
	}
	v.do(chromedp.KeyEvent(kb.ArrowRight))
	v.wait("document.querySelectorAll('#panel-chart svg[role=img] rect[class=c0]').length === 12")
	if got := v.say("document.getElementById('chart-desc').textContent"); !strings.Contains(got, fmt.Sprintf("%v: %v", answer.Rows[0][0], answer.Rows[0][1])) {
		t.Errorf("in words the chart is %q", got)
	}
	v.shot("chart-zh")
	address := v.say("location.href")
	if q := parameters(t, address); q.Get("chart") != "bar" || q.Get("x") != "region" || q.Get("y") != "penalties" || q.Get("q") != want {
		t.Errorf("the address is %s", address)
	}
	// Without being told, years become a line and not a sum of years.
	for q, want := range map[string]string{
		"SELECT year(date) AS year, count(*) AS days FROM working_days GROUP BY 1 ORDER BY 1":                      "line x=year y=days by=",
		"SELECT kinds, count(*) AS n FROM admin_penalties GROUP BY 1 ORDER BY 2 DESC":                              "bar x=kinds y=n by=",
		"SELECT fine, working_days_late FROM admin_penalties":                                                      "scatter x=fine y=working_days_late by=",
		"SELECT date_trunc('month', decided_on) AS m, party_kind, count(*) AS n FROM admin_penalties GROUP BY ALL": "line x=m y=n by=party_kind",
	} {
		suggested := v.tab(1280, 900)
		suggested.open("/sql?lang=zh&q=" + url.QueryEscape(q))
		suggested.wait(atResult)
		suggested.follow("#tab-chart")
		suggested.wait("document.querySelector('#panel-chart svg[role=img]')")
		at := parameters(t, suggested.say("location.href"))
		if got := fmt.Sprintf("%s x=%s y=%s by=%s", at.Get("chart"), at.Get("x"), at.Get("y"), at.Get("by")); got != want {
			t.Errorf("%s: drawn is %s, want %s", q, got, want)
		}
		suggested.quiet()
	}

	drawn := v.say("document.querySelector('#panel-chart svg[role=img]').outerHTML")

	other := v.tab(1440, 1100)
	other.do(chromedp.Navigate(address))
	other.wait("document.querySelectorAll('#panel-chart svg[role=img] rect[class=c0]').length === 12")
	if got := other.say("document.querySelector('#panel-chart svg[role=img]').outerHTML"); got != drawn {
		t.Errorf("the shared link shows another chart:\n%.600s\nwant\n%.600s", got, drawn)
	}
	if got := other.say(editorText); got != want {
		t.Errorf("the shared link shows the query %q", got)
	}
	v.quiet()
	other.quiet()
}

func parameters(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// Something heavy is asked about first; once it runs it can be cancelled, and
// its worker is free at once.
func TestACancelledQueryFreesItsWorker(t *testing.T) {
	v := visit(t, "en", 1280, 900)
	v.open("/sql?lang=en")
	running := func() string {
		metrics, _ := v.site.get(t, 200, "/metrics")
		for line := range strings.Lines(string(metrics)) {
			if n, ok := strings.CutPrefix(line, `govdata_query_workers{state="running"} `); ok {
				return strings.TrimSpace(n)
			}
		}
		t.Fatal("no such metric")
		return ""
	}
	v.fill("SELECT sum(a.range * b.range) AS s FROM range(100000000) a, range(100000) b")
	v.run()
	v.wait("document.getElementById('heavy')")
	if got := v.say("document.getElementById('heavy').textContent"); !strings.Contains(got, "heavy") {
		t.Errorf("of a heavy query it says %q", got)
	}
	if n := running(); n != "0" {
		t.Errorf("%s workers run before it was agreed to", n)
	}
	v.shot("heavy-en")
	v.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(" ")) // from Not now to Run it anyway
	for end := time.Now().Add(10 * time.Second); running() != "1"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no worker runs the query")
		}
	}
	v.wait("!document.getElementById('progress').hidden && parseFloat(document.getElementById('elapsed').textContent) > 0")
	v.do(chromedp.KeyEvent(kb.Escape))
	cancelled := time.Now()
	v.wait("document.getElementById('status').textContent === 'Cancelled'")
	for running() != "0" {
		if time.Since(cancelled) > 2*time.Second {
			t.Fatal("the worker still runs 2 s after the query was cancelled")
		}
		time.Sleep(10 * time.Millisecond)
	}
	v.quiet()
}

// A fault is shown at its place in the text, in the reader's language.
func TestAFaultIsMarkedInTheText(t *testing.T) {
	for _, test := range []struct{ lang, message, hint string }{
		{"zh", "没有名为 \"agencyy\" 的列", "是否想写 \"agency\"？"},
		{"en", "there is no column \"agencyy\"", "did you mean \"agency\"?"},
	} {
		v := visit(t, test.lang, 1280, 900)
		v.open("/sql?lang=" + test.lang)
		v.fill("SELECT '处罚' AS kind,\n  agencyy\nFROM admin_penalties")
		v.run()
		v.wait("document.querySelector('.sql-fault')")
		if got := v.say("[...document.querySelectorAll('.sql-fault')].map(e => e.textContent).join('')"); got != "agencyy" {
			t.Errorf("marked is %q", got)
		}
		if got := v.say("document.getElementById('problem').textContent"); !strings.Contains(got, test.message) || !strings.Contains(got, test.hint) {
			t.Errorf("%s: the page says %q", test.lang, got)
		}
		v.shot("fault-" + test.lang)
		v.fill("SELECT agency FROM admin_penalties")
		v.run()
		v.wait(atResult)
		if n := v.ask("document.querySelectorAll('.sql-fault, #problem').length"); n != 0 {
			t.Errorf("%v marks are left behind a query that is right", n)
		}
		v.quiet()
	}
}

// 100,000 rows can be scrolled and sorted to the end, while the page stays small.
func TestAHundredThousandRowsAreScrolledToTheEnd(t *testing.T) {
	v := visit(t, "en", 1280, 900)
	v.open("/sql?lang=en&rows=100000")
	v.fill("SELECT range AS n, 'row ' || range AS name, CASE WHEN range % 2 = 0 THEN '' END AS gap FROM range(100001)")
	v.run()
	v.wait(atResult)
	if got := v.say("document.querySelector('.sql-more')?.textContent ?? ''"); !strings.Contains(got, "first 100,000 rows only") {
		t.Errorf("of the row that is left out it says %q", got)
	}
	elements := "document.querySelectorAll('.sql-grid *').length"
	if n := v.ask("document.querySelector('.sql-grid table').getAttribute('aria-rowcount')|0"); n != 100001 {
		t.Errorf("aria-rowcount is %v", n)
	}
	v.do(chromedp.Evaluate[chromedp.Void]("document.querySelector('.sql-grid table').focus()"))
	v.do(chromedp.KeyEvent(kb.End, chromedp.KeyModifiers(kb.ModifierCtrl)))
	v.wait("document.getElementById('grid-at')?.parentElement.textContent.includes('row 99999')")
	last := "document.getElementById('grid-at').getBoundingClientRect().bottom <= document.querySelector('.sql-grid').getBoundingClientRect().bottom ? 1 : 0"
	if v.ask(last) != 1 {
		t.Error("the last row is not in sight")
	}
	if got := v.say("document.getElementById('grid-at').parentElement.getAttribute('aria-rowindex')"); got != "100001" {
		t.Errorf("the last row has the index %s", got)
	}
	if got := v.say("document.getElementById('grid-at').textContent"); got != "NULL" { // 99,999 is odd
		t.Errorf("the last gap reads %q", got)
	}
	if n := v.ask(elements); n > 600 {
		t.Errorf("%v elements at the end", n)
	}
	v.shot("rows-en")
	// Through the middle, wherever the scroll bar is let go.
	v.do(chromedp.Evaluate[chromedp.Void]("document.querySelector('.sql-grid').scrollTop = 32 * 54321"))
	v.wait("[...document.querySelectorAll('.sql-grid tbody td')].some(e => e.textContent === 'row 54321')")
	// Sorted by the header, by keyboard: the largest first.
	v.do(chromedp.KeyEvent(kb.Home, chromedp.KeyModifiers(kb.ModifierCtrl)), chromedp.KeyEvent(kb.ArrowUp))
	v.press("Enter", 13)
	v.press("Enter", 13)
	v.wait("document.querySelector('.sql-grid th[aria-sort=descending]')?.id === 'grid-h-0'")
	v.do(chromedp.KeyEvent(kb.ArrowDown))
	v.wait("document.getElementById('grid-at')?.textContent === '99999'")
	v.press("Enter", 13)
	v.wait("document.getElementById('record').open")
	if got := v.say("document.getElementById('record-fields').textContent"); !strings.Contains(got, "row 99999") {
		t.Errorf("the whole row reads %q", got)
	}
	v.do(chromedp.KeyEvent(kb.Escape))
	v.wait("document.activeElement.getAttribute('role') === 'grid'")
	v.quiet()
}

// Without JavaScript the page answers as well: rows, faults, downloads.
func TestTheSQLPageWorksWithoutJavaScript(t *testing.T) {
	v := visit(t, "en", 1280, 900)
	if _, err := chromedp.Call(v.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	v.do(chromedp.Navigate(v.site.url+"/sql?lang=en"), chromedp.SendKeys("#sql", "SELECT count(*) AS n FROM regions"), chromedp.Click("#run"), chromedp.WaitVisible("#rendered td"))
	texts := func(selector string) string {
		t.Helper()
		s, err := chromedp.Run(v.ctx, chromedp.Text(selector))
		if err != nil {
			t.Fatal(selector, err)
		}
		return s
	}
	if got := texts("#rendered td"); got != "102" {
		t.Errorf("the answer is %q", got)
	}
	if got := texts("#downloads"); !strings.Contains(got, "csv xlsx parquet json jsonl arrow") {
		t.Errorf("downloads: %q", got)
	}
	v.shot("plain-en")
	v.do(chromedp.Navigate(v.site.url+"/sql?lang=en&q="+url.QueryEscape("SELECT\n namee FROM regions")), chromedp.WaitVisible("#problem"))
	if got := texts("#problem"); !strings.Contains(got, "line 2, column 2") || !strings.Contains(got, `did you mean "name"?`) {
		t.Errorf("the fault reads %q", got)
	}
	v.quiet()
}

// On a phone nothing is wider than the page, in either language and scheme.
func TestTheWorkbenchFitsAPhone(t *testing.T) {
	q := url.QueryEscape("SELECT d.name AS region, count(*) AS penalties, sum(p.fine) AS fines\nFROM admin_penalties p JOIN regions d ON p.region_code = d.code\nGROUP BY 1 ORDER BY 2 DESC LIMIT 15")
	for _, lang := range []string{"zh", "en"} {
		v := visit(t, lang, 360, 1400)
		for _, scheme := range []string{"light", "dark"} {
			v.do(chromedp.Navigate(v.site.url + "/sql?scheme=" + scheme))
			for _, view := range []string{"", "&chart=bar", "&chart=line&x=region&y=fines&by=penalties"} {
				v.open("/sql?lang=" + lang + "&q=" + q + view)
				v.wait(atResult)
				if n := v.ask("document.documentElement.scrollWidth"); n > 360 {
					t.Errorf("%s %s%s: %v pixels wide", lang, scheme, view, n)
				}
				kind, _, _ := strings.Cut(strings.TrimPrefix(view, "&chart="), "&")
				v.shot("phone-" + lang + "-" + scheme + "-" + kind)
			}
		}
		v.quiet()
	}
}

// What the reader can be told is told: too many queries, a server that is gone.
func TestTheWorkbenchTellsWhatFailed(t *testing.T) {
	v := visit(t, "en", 1280, 900)
	v.open("/sql?lang=en")
	fake := func(status int, header string) {
		v.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("window.fetch = async () => { if (%d === 0) throw new TypeError('gone'); return new Response('{}', { status: %d || 500, headers: { %s } }); }", status, status, header)))
	}
	v.fill("SELECT 1")
	for _, test := range []struct {
		status       int
		header, want string
	}{
		{429, "'Retry-After': '7'", "try again in 7 s"}, {503, "'Retry-After': '2'", "try again in 2 s"}, {504, "", "took longer"}, {413, "", "more memory"}, {0, "", "cannot be reached"}, {500, "", "The server failed (500)"},
	} {
		fake(test.status, test.header)
		v.run()
		v.wait(fmt.Sprintf("document.getElementById('problem')?.textContent.includes(%q)", test.want))
	}
	v.shot("failed-en")
	v.quiet()
}

// History, examples and the quick insert of a dataset fill the editor; the
// history stays on the device until it is cleared.
func TestExamplesTablesAndHistoryFillTheEditor(t *testing.T) {
	v := visit(t, "en", 1440, 1100)
	v.open("/sql?lang=en")
	v.follow(".sql-aside .examples a")
	v.wait(atResult)
	first := v.say(editorText)
	if !strings.Contains(first, "FROM admin_penalties") {
		t.Errorf("the first example reads %q", first)
	}
	v.do(chromedp.SendKeys("#table-find", "region_code"))
	v.wait("document.querySelectorAll('#table-list details:not([hidden])').length < document.querySelectorAll('#table-list details').length")
	v.do(chromedp.Evaluate[chromedp.Void]("document.querySelector('details[data-id=regions]').hidden = false"), chromedp.Evaluate[chromedp.Void]("document.querySelector('details[data-id=regions]').open = true"))
	v.follow("details[data-id=regions] a.sql-ask")
	v.wait("document.querySelector('.sql-grid table')?.getAttribute('aria-rowcount') === '101'")
	if got := v.say(editorText); got != "SELECT *\nFROM regions\nLIMIT 100" {
		t.Errorf("the quick insert reads %q", got)
	}
	v.follow(".sql-past li:nth-child(2) button")
	v.wait(fmt.Sprintf("%s === %q", editorText, first))
	v.do(chromedp.NavigateBack())
	v.wait(editorText + ".includes('FROM regions')")
	v.shot("desk-en")
	v.follow("#forget")
	v.wait("document.getElementById('past').hidden && localStorage.length === 0")
	v.quiet()
}

// The pictures of the workbench are not blank: charts have ink in both schemes.
func TestChartsHaveInk(t *testing.T) {
	v := visit(t, "zh-CN", 1440, 1100)
	for _, scheme := range []string{"light", "dark"} {
		v.do(chromedp.Navigate(v.site.url + "/sql?scheme=" + scheme))
		for kind, address := range map[string]string{
			"line":    "SELECT year(date) AS year, count(*) FILTER (is_working_day) AS working_days, count(*) AS days FROM working_days GROUP BY 1 ORDER BY 1|&chart=line&x=year&y=working_days&by=days",
			"scatter": "SELECT fine, working_days_late, kinds FROM admin_penalties WHERE kinds IN ('罚款', '警告')|&chart=scatter&x=fine&y=working_days_late&by=kinds",
			"time":    "SELECT date_trunc('month', decided_on) AS month, party_kind, sum(fine) AS fines FROM admin_penalties GROUP BY ALL ORDER BY 1|&chart=line",
			"bar":     "SELECT party_kind, sum(fine) AS fines, sum(confiscated) AS confiscated FROM admin_penalties GROUP BY 1|&chart=bar&x=party_kind&y=fines&by=confiscated",
		} {
			q, rest, _ := strings.Cut(address, "|")
			v.open("/sql?lang=zh&q=" + url.QueryEscape(q) + rest)
			v.wait("document.querySelector('#panel-chart svg[role=img]')")
			b, err := chromedp.Run(v.ctx, chromedp.Screenshot("#panel-chart svg[role=img]"))
			if err != nil {
				t.Fatal(err)
			}
			picture, err := png.Decode(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			colours := map[string]int{}
			for y := picture.Bounds().Min.Y; y < picture.Bounds().Max.Y; y++ {
				for x := picture.Bounds().Min.X; x < picture.Bounds().Max.X; x++ {
					r, g, b, _ := picture.At(x, y).RGBA()
					colours[fmt.Sprint(r>>8, g>>8, b>>8)]++
				}
			}
			wanted := []string{"44 128 115", "184 101 27"}
			if scheme == "dark" {
				wanted = []string{"85 179 162", "224 153 79"}
			}
			for _, c := range wanted {
				if kind != "scatter" && colours[c] < 40 { // points are translucent
					t.Errorf("%s %s: %d pixels have the colour %s", scheme, kind, colours[c], c)
				}
			}
			if len(colours) < 8 {
				t.Errorf("%s %s: only %d colours", scheme, kind, len(colours))
			}
			v.shot("chart-" + kind + "-" + scheme)
		}
	}
	v.quiet()
}
