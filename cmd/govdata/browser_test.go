package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// A visitor finds a dataset, sees its files, and asks a question, in a real
// browser, without an error on the console.
func TestAVisitorInABrowser(t *testing.T) {
	var browser string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	optional(t, "Chromium", browser != "")
	s := demo(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.WindowSize(1280, 900),
		chromedp.Flag("lang", "zh-CN"), chromedp.Flag("no-proxy-server", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	// The browser lives as long as the context of the first call.
	if err := chromedp.Do(ctx, chromedp.Navigate(s.url+"/?lang=zh")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	var complaints []string
	var mu sync.Mutex
	go func() {
		for m, err := range chromedp.Console(ctx) {
			if err != nil {
				return
			}
			mu.Lock()
			complaints = append(complaints, fmt.Sprint(m))
			mu.Unlock()
		}
	}()
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	text := func(selector string) string {
		t.Helper()
		v, err := chromedp.Run(ctx, chromedp.Text(selector))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	number := func(script string) int {
		t.Helper()
		v, err := chromedp.Run(ctx, chromedp.Evaluate[int](script))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	// A page that is being left still answers: arrived waits for the next one
	// to be whole, at the address that the last step leads to.
	arrived := func(address, selector string) {
		t.Helper()
		here := fmt.Sprintf("location.href.includes(%q) && document.readyState === 'complete' && document.querySelector(%q) ? 1 : 0", address, selector)
		for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			// Between two pages there is nothing to ask.
			if there, err := chromedp.Run(ctx, chromedp.Evaluate[int](here)); err == nil && there == 1 {
				return
			} else if time.Now().After(end) {
				t.Fatalf("no %s at %s: %v", selector, address, err)
			}
		}
	}
	do(chromedp.SendKeys("#q", "处罚\r"))
	arrived("/datasets?", ".cards .card")
	do(chromedp.Click(`a[href^="/datasets/admin_penalties"]`))
	arrived("/datasets/admin_penalties", "#downloads")
	heading, files := text("h1"), number("document.querySelectorAll('.files tbody tr').length")
	do(chromedp.Navigate(s.url + "/sql?lang=zh"))
	arrived("/sql", ".examples a")
	do(chromedp.Click(".examples a"))
	arrived("/sql?", ".sql-grid")
	do(chromedp.Navigate(s.url + "/sql?lang=zh&q=SELECT+count(*)+AS+n+FROM+regions"))
	arrived("AS+n+FROM+regions", ".sql-grid tbody td")
	result := text(".sql-grid tbody td")
	do(chromedp.EmulateViewport(360, 740), chromedp.Navigate(s.url+"/datasets/admin_penalties?lang=en"))
	arrived("/datasets/admin_penalties?lang=en", "#fields")
	english, wide := text("h1"), number("document.documentElement.scrollWidth")
	if !strings.Contains(heading, "行政处罚") || !strings.Contains(heading, "示例数据") || files != 7 {
		t.Errorf("the dataset page says %q and lists %d files", heading, files)
	}
	if result != "102" {
		t.Errorf("the SQL page answers %q, want 102", result)
	}
	if !strings.Contains(english, "Administrative penalties") || wide > 360 {
		t.Errorf("at 360 pixels: %q, %d pixels wide", english, wide)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(complaints) > 0 {
		t.Errorf("the console says %q", complaints)
	}
}
