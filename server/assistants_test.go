package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"govdata/catalog"
)

// called is the answer to a tool call.
type called struct {
	Result struct {
		Content []struct{ Text string }
		IsError bool
		Problem struct {
			Problem struct {
				Status, Line, Column int
				Type, Hint           string
				RetryAfter           int `json:"retry_after"`
			}
		} `json:"_meta"`
		Structured struct {
			Rows                 any
			Returned             int64
			Total                *int64
			Truncated, Queryable bool
			Note, Permalink, URL string
			Release              any
		} `json:"structuredContent"`
	}
	Error *struct {
		Code    int
		Message string
	}
}

func callTool(t *testing.T, address, tool string, args any, headers ...string) called {
	t.Helper()
	var got called
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{"name": tool, "arguments": args}})
	if err != nil {
		t.Fatal(err)
	}
	p := &portal{url: address}
	answer, text := p.ask(t, "POST", "/mcp", string(body), append([]string{"Content-Type", "application/json", "Accept", "application/json, text/event-stream", "Mcp-Protocol-Version", "2025-11-25", "Accept-Language", "en"}, headers...)...)
	if answer.StatusCode != http.StatusOK || json.Unmarshal([]byte(text), &got) != nil {
		t.Fatalf("%s: %d %s", tool, answer.StatusCode, text)
	}
	if answer.Header.Get("Mcp-Session-Id") != "" {
		t.Errorf("%s: %v", tool, answer.Header)
	}
	return got
}

func TestAToolSaysWhetherItsAnswerIsWhole(t *testing.T) {
	p := newPortal(t)
	for _, c := range []struct {
		tool      string
		args      map[string]any
		returned  int64
		total     string
		truncated bool
	}{
		{"sql", map[string]any{"query": "SELECT * FROM things"}, 50, "null", true},
		{"sql", map[string]any{"query": "SELECT * FROM things", "max_rows": 100}, 100, "100", false},
		{"sql", map[string]any{"query": "SELECT * FROM things WHERE id <= ? ORDER BY id", "params": []any{7}}, 7, "7", false},
		{"sql", map[string]any{"query": "SELECT * FROM things WHERE id = $which", "named": map[string]any{"which": "7"}}, 1, "1", false},
		{"sql", map[string]any{"query": "SELECT id, repeat('x', 10000) FROM things ORDER BY id"}, 6, "null", true},
		{"sample", map[string]any{"dataset": "things"}, 10, "100", true},
		{"sample", map[string]any{"dataset": "things", "rows": 3}, 3, "100", true},
		{"search", map[string]any{}, 2, "2", false},
		{"search", map[string]any{"limit": 1}, 1, "2", true},
		{"search", map[string]any{"offset": 9}, 0, "2", false},
		{"search", map[string]any{"query": "zebra"}, 0, "0", false},
	} {
		got := callTool(t, p.url, c.tool, c.args).Result
		total, _ := json.Marshal(got.Structured.Total)
		if got.IsError || got.Structured.Returned != c.returned || string(total) != c.total || got.Structured.Truncated != c.truncated {
			t.Errorf("%s %v: %v: returned %d, total %s, truncated %v; want %+v", c.tool, c.args, got.IsError, got.Structured.Returned, total, got.Structured.Truncated, c)
		}
		if rows, _ := got.Structured.Rows.([]any); c.tool != "search" && int64(len(rows)) != c.returned {
			t.Errorf("%s %v: %d rows", c.tool, c.args, len(rows))
		}
	}
	cut := callTool(t, p.url, "sql", map[string]any{"query": "SELECT id, repeat('x', 10000) FROM things ORDER BY id"}).Result
	if !strings.Contains(cut.Structured.Note, "cut after 6 rows") || len(cut.Content[0].Text) > 100<<10 {
		t.Errorf("a large answer: %q, %d bytes", cut.Structured.Note, len(cut.Content[0].Text))
	}
}

func TestAToolsErrorSaysWhereAndWhatCouldBeMeant(t *testing.T) {
	p := newPortal(t)
	for _, c := range []struct {
		tool   string
		args   map[string]any
		status int
		want   string
	}{
		{"sql", map[string]any{"query": "SELECT\n nmae FROM things"}, 400, "line 2, column 2\nhint: did you mean \"name\"?"},
		{"sql", map[string]any{"query": "SELECT 1 FROM thigns"}, 404, "things"},
		{"sql", map[string]any{"query": "COPY things TO 'x'"}, 400, "SELECT"},
		{"sql", map[string]any{"query": " "}, 400, "no query"},
		{"sql", map[string]any{"query": "SELECT ?", "params": []any{1e300}}, 400, "beyond 2^53"},
		{"sql", map[string]any{"query": "SELECT ?", "params": []any{map[string]any{}}}, 400, "want a text"},
		{"sql", map[string]any{"query": "SELECT 1", "params": []any{1}, "named": map[string]any{"a": 1}}, 400, "not both"},
		{"sql", map[string]any{"query": "SELECT * FROM secrets"}, 403, "for research only"},
		{"profile", map[string]any{"dataset": "things"}, 404, "no profile"},
		{"profile", map[string]any{"dataset": "secrets"}, 403, "for research only"},
		{"describe", map[string]any{"dataset": "nothing"}, 404, "nothing"},
		{"describe", map[string]any{"dataset": "../private"}, 400, "want 2-63"},
		{"export_link", map[string]any{}, 400, "one of them"},
		{"export_link", map[string]any{"dataset": "secrets"}, 403, "for research only"},
		{"export_link", map[string]any{"dataset": "things", "where": "nope = 1"}, 400, "nope"},
		{"export_link", map[string]any{"query": "SELECT nope FROM things"}, 400, "nope"},
		{"export_link", map[string]any{"query": "SELECT * FROM secrets"}, 403, "for research only"},
		{"export_link", map[string]any{"query": "SELECT 1", "where": "true"}, 400, "go with dataset"},
		{"export_link", map[string]any{"query": "SELECT 1", "format": "csv.gz"}, 400, "dataset alone"},
	} {
		got := callTool(t, p.url, c.tool, c.args).Result
		if !got.IsError || got.Problem.Problem.Status != c.status || len(got.Content) != 1 || !strings.Contains(got.Content[0].Text, c.want) {
			t.Errorf("%s %v: %+v; want %d %q", c.tool, c.args, got, c.status, c.want)
		}
	}
	// What the schema does not know is refused by name.
	if got := callTool(t, p.url, "sql", map[string]any{"query": "SELECT 1", "maxrows": 3}).Result; !got.IsError || !strings.Contains(got.Content[0].Text, "maxrows") {
		t.Errorf("an unknown argument: %+v", got)
	}
}

func TestAToolReadsWhatTheKeyOpens(t *testing.T) {
	p := newPortal(t)
	secret, _, err := p.keys.Create(context.Background(), "somebody", []catalog.ID{"secrets"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	key := []string{"Authorization", "Bearer " + secret}
	if got := callTool(t, p.url, "sql", map[string]any{"query": "SELECT * FROM secrets"}, key...).Result; got.IsError || got.Structured.Returned != 3 || got.Structured.Permalink != "" {
		t.Errorf("with the key: %+v", got)
	}
	for _, with := range [][]string{nil, key} {
		if got := callTool(t, p.url, "describe", map[string]any{"dataset": "secrets"}, with...).Result; got.IsError || got.Structured.Queryable != (with != nil) {
			t.Errorf("described with %v: %+v", with, got)
		}
		if got := callTool(t, p.url, "sample", map[string]any{"dataset": "secrets", "rows": 20}, with...).Result; got.IsError || got.Structured.Returned != 3 || (got.Structured.Note == "") != (with != nil) {
			t.Errorf("a sample with %v: %+v", with, got)
		}
	}
	if got := callTool(t, p.url, "export_link", map[string]any{"dataset": "secrets"}, key...).Result; got.IsError || !strings.Contains(got.Structured.Note, "Authorization") {
		t.Errorf("a link with the key: %+v", got)
	}
	if answer, _ := p.ask(t, "POST", "/mcp", "{}", "Authorization", "Bearer nonsense"); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("a wrong key: %d", answer.StatusCode)
	}
}

// The links of the tools lead to what they say.
func TestAToolsLinksHoldWhatWasAsked(t *testing.T) {
	p := newPortal(t)
	for _, c := range []struct {
		args map[string]any
		rows int
	}{
		{map[string]any{"dataset": "things"}, 100},
		{map[string]any{"dataset": "things", "where": "id > 90", "select": "name, id", "order": "id desc"}, 10},
		{map[string]any{"query": "SELECT name FROM things WHERE id < ?", "params": []any{5}}, 4},
		{map[string]any{"query": "SELECT name, now() AS at FROM things"}, 100},
	} {
		got := callTool(t, p.url, "export_link", c.args).Result
		if got.IsError || !strings.HasPrefix(got.Structured.URL, p.url) {
			t.Errorf("%v: %+v", c.args, got)
			continue
		}
		answer, text := p.ask(t, "GET", strings.TrimPrefix(got.Structured.URL, p.url), "")
		if n := strings.Count(text, "thing "); answer.StatusCode != 200 || n != c.rows {
			t.Errorf("%v: %d, %d rows, want %d", c.args, answer.StatusCode, n, c.rows)
		}
	}
	got := callTool(t, p.url, "sql", map[string]any{"query": "SELECT id FROM things ORDER BY id DESC", "max_rows": 4}).Result.Structured
	if answer, text := p.ask(t, "GET", strings.TrimPrefix(got.Permalink, p.url), ""); answer.StatusCode != 200 || !strings.Contains(text, `"returned":4`) || !strings.Contains(text, `{"id":97}`) {
		t.Errorf("%s: %d %s", got.Permalink, answer.StatusCode, text)
	}
}

func TestAToolAsksAsTheUserOfItsRequest(t *testing.T) {
	engine := &noting{asked: map[string]int{}}
	address := "http://" + serveFile(t, 10, Options{Engine: engine, Rate: Rate{Address: 0.2, Burst: 10, KeyWeight: 4}, TrustedProxies: []string{"127.0.0.1"}})
	question := map[string]any{"query": "SELECT 1"}
	for range 2 {
		if got := callTool(t, address, "sql", question, "X-Forwarded-For", "192.0.2.1").Result.Problem.Problem; got.Status != http.StatusGatewayTimeout {
			t.Errorf("found %+v", got)
		}
	}
	if got := callTool(t, address, "sql", question, "X-Forwarded-For", "192.0.2.1").Result; got.Problem.Problem.Status != http.StatusTooManyRequests || got.Problem.Problem.RetryAfter != 5 || !strings.Contains(got.Content[0].Text, "retry after 5 seconds") {
		t.Errorf("too often: %+v", got)
	}
	callTool(t, address, "sql", question, "X-Forwarded-For", "192.0.2.2")
	if got := fmt.Sprint(engine.asked); got != "map[address 192.0.2.1:2 address 192.0.2.2:1]" {
		t.Errorf("asked %s", got)
	}
}

// A call has a goroutine of its own: a panic there would end the process.
func TestAPanicInAToolIsAnErrorWithoutInternals(t *testing.T) {
	address := "http://" + serveFile(t, 10, Options{Engine: broken{}})
	for range 2 {
		if got := callTool(t, address, "sql", map[string]any{"query": "SELECT 1"}); got.Error == nil || strings.Contains(got.Error.Message, "secret") {
			t.Errorf("found %+v", got)
		}
	}
}

func TestAClientThatLeavesEndsItsToolsCall(t *testing.T) {
	engine := stuck{freed: make(chan struct{})}
	address := serveFile(t, 10, Options{Engine: engine})
	ctx, leave := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer leave()
	r, err := http.NewRequestWithContext(ctx, "POST", "http://"+address+"/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"sql","arguments":{"query":"SELECT 1"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if answer, err := http.DefaultClient.Do(r); err == nil {
		answer.Body.Close()
		t.Errorf("answered with %d", answer.StatusCode)
	}
	select {
	case <-engine.freed:
	case <-time.After(5 * time.Second):
		t.Error("the question goes on without its client")
	}
}

func TestThereIsNothingToListenTo(t *testing.T) {
	p := newPortal(t)
	for _, method := range []string{"GET", "DELETE"} {
		if answer, _ := p.ask(t, method, "/mcp", "", "Accept", "text/event-stream"); answer.StatusCode != http.StatusMethodNotAllowed || answer.Header.Get("Allow") != "POST" {
			t.Errorf("%s: %d, Allow %q", method, answer.StatusCode, answer.Header.Get("Allow"))
		}
	}
	listen := `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`
	answer, text := p.ask(t, "POST", "/mcp", listen, "Content-Type", "application/json", "Accept", "application/json, text/event-stream", "Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "subscriptions/listen")
	if answer.StatusCode != http.StatusNotFound || !strings.Contains(text, "-32601") {
		t.Errorf("%d %s", answer.StatusCode, text)
	}
	if answer, text := p.ask(t, "POST", "/mcp", strings.Repeat(" ", 2<<20), "Content-Type", "application/json", "Accept", "application/json, text/event-stream"); answer.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a large body: %d %s", answer.StatusCode, text)
	}
}
