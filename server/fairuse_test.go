package server

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"govdata/catalog"
	"govdata/server/query"
)

// noting refuses every question and remembers who asked.
type noting struct {
	mu    sync.Mutex
	asked map[string]int
}

func (n *noting) Query(_ context.Context, r query.Request) (query.Result, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked[r.User]++
	return nil, catalog.ErrTimeout
}

func TestWhoAsksTooOftenIsToldToWait(t *testing.T) {
	engine := &noting{asked: map[string]int{}}
	address := serveFile(t, 10, Options{Engine: engine, Rate: Rate{Address: 0.2, Burst: 25, KeyWeight: 4}, TrustedProxies: []string{"127.0.0.1"}})
	ask := func(path, from string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if from != "" {
			r.Header.Set("X-Forwarded-For", from)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer
	}
	question := "/api/v1/sql?q=SELECT+1"
	for i := range 5 {
		if got := ask(question, "192.0.2.1").StatusCode; got != http.StatusGatewayTimeout {
			t.Fatalf("question %d: %d", i+1, got)
		}
	}
	refused := ask(question, "192.0.2.1")
	seconds, err := strconv.Atoi(refused.Header.Get("Retry-After"))
	if refused.StatusCode != http.StatusTooManyRequests || err != nil || seconds != 5 {
		t.Errorf("got %d, Retry-After %q; want 429 and 5", refused.StatusCode, refused.Header.Get("Retry-After"))
	}
	for name, from := range map[string]string{"another address": "192.0.2.2", "no proxy": ""} {
		if got := ask(question, from).StatusCode; got != http.StatusGatewayTimeout {
			t.Errorf("%s: %d", name, got)
		}
	}
	if got := ask("/api/v1/datasets", "192.0.2.1").StatusCode; got != http.StatusOK {
		t.Errorf("metadata: %d", got)
	}
	// All addresses of an IPv6 network are one user.
	for i := range 5 {
		ask(question, "2001:db8:1:2::"+strconv.Itoa(i+1))
	}
	if got := ask(question, "2001:db8:1:2:ffff::1").StatusCode; got != http.StatusTooManyRequests {
		t.Errorf("another address of the same network: %d", got)
	}
	want := map[string]int{"address 192.0.2.1": 5, "address 192.0.2.2": 1, "address 127.0.0.1": 1, "address 2001:db8:1:2::/64": 5}
	for user, n := range want {
		if engine.asked[user] != n {
			t.Errorf("%s asked %d questions, want %d", user, engine.asked[user], n)
		}
	}
}

func TestAStrangersForwardedAddressIsNotBelieved(t *testing.T) {
	engine := &noting{asked: map[string]int{}}
	address := serveFile(t, 10, Options{Engine: engine, TrustedProxies: []string{"192.0.2.0/24"}})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/api/v1/sql?q=SELECT+1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if len(engine.asked) != 1 || engine.asked["address 127.0.0.1"] != 1 {
		t.Errorf("asked: %v", engine.asked)
	}
}

func TestLimitsTellOfFairUse(t *testing.T) {
	p := newPortal(t)
	var said struct {
		Rate    Rate           `json:"rate"`
		Workers query.Fairness `json:"workers"`
	}
	answer, err := http.Get(p.url + "/api/v1/limits")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&said); err != nil {
		t.Fatal(err)
	}
	if said.Rate != DefaultRate || said.Workers.Workers < 1 || said.Workers.Queue < 1 || said.Workers.UserQueue < 1 || said.Workers.WaitSeconds <= 0 {
		t.Errorf("%+v", said)
	}
}
