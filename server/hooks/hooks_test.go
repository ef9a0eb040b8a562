package hooks

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"govdata/catalog"
)

// publish makes a release with that content.
func publish(t *testing.T, cat *catalog.Catalog, id catalog.ID, open, content string) *catalog.Release {
	t.Helper()
	st, err := cat.Stage(id)
	if err != nil {
		t.Fatal(err)
	}
	m := catalog.Manifest{PublishedAt: st.Now(), Rows: 1, Counts: catalog.Counts{In: 1, Published: 1},
		Dataset: catalog.Dataset{ID: id, Title: catalog.Text{Zh: "某物", En: "Things"}, Openness: catalog.Openness{Attribute: open}}}
	a := catalog.Artefact{Format: "csv", File: "data", Rows: 1}
	path := filepath.Join(st.Dir(), a.File)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if a.SHA256, a.Bytes, err = catalog.HashFile(path); err != nil {
		t.Fatal(err)
	}
	m.Store, m.Artefacts, m.Release = a, []catalog.Artefact{a}, catalog.NewReleaseID(m.PublishedAt, a.SHA256)
	r, err := st.Publish(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// receiver answers as it is told and remembers what it got.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	answer func(n int, w http.ResponseWriter, r *http.Request) // n from 1
}

type received struct {
	id, signature, timestamp string
	body                     []byte
}

func newReceiver(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		r.mu.Lock()
		r.got = append(r.got, received{request.Header.Get("webhook-id"), request.Header.Get("webhook-signature"), request.Header.Get("webhook-timestamp"), body})
		n := len(r.got)
		r.mu.Unlock()
		if answer != nil {
			answer(n, w, request)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.got...)
}

// bench is a catalog with a store of hooks.
type bench struct {
	cat  *catalog.Catalog
	path string
	*Store
}

func newBench(t *testing.T) *bench {
	t.Helper()
	cat, err := catalog.Open(t.TempDir(), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{cat: cat, path: filepath.Join(t.TempDir(), "hooks.sqlite")}
	b.reopen(t)
	return b
}

// reopen opens the file as a process that has just begun would.
func (b *bench) reopen(t *testing.T) {
	t.Helper()
	store, err := Open(b.path)
	if err != nil {
		t.Fatal(err)
	}
	b.Store = store
	t.Cleanup(func() { store.Close() })
}

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func (b *bench) hook(t *testing.T, h Hook) Hook {
	t.Helper()
	h, err := b.Add(t.Context(), b.cat, h, secret)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

var quiet = slog.New(slog.DiscardHandler)

// run delivers until stop is called, or the test ends.
func (b *bench) run(t *testing.T, o DelivererOptions) (stop func()) {
	t.Helper()
	o.Catalog, o.Log, o.Base, o.Every = b.cat, quiet, "https://data.example", 5*time.Millisecond
	if o.Backoff == nil {
		o.Backoff = []time.Duration{10 * time.Millisecond, 10 * time.Millisecond, 10 * time.Millisecond}
	}
	d := NewDeliverer(b.Store, o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { d.Run(ctx); close(done) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return stop
}

// settled waits until n messages are there and none is pending.
func (b *bench) settled(t *testing.T, n int) []Delivery {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		all, err := b.Log(t.Context(), "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		pending := 0
		for _, d := range all {
			if d.State == Pending {
				pending++
			}
		}
		if len(all) == n && pending == 0 {
			return all
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d messages, want %d settled: %+v", len(all), n, all)
		}
	}
}

// The vector of the Standard Webhooks specification.
func TestTheSignatureIsThatOfTheSpecification(t *testing.T) {
	key, err := parseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	if got := sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`)); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("found %s", got)
	}
	if _, err := parseSecret(NewSecret()); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!!", "whsec_" + strings.Repeat("A", 100)} {
		if _, err := parseSecret(bad); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestAnAddressThatCannotBeMeantIsRefused(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		url           string
		open, private bool
	}{
		{"https://example.org/hook?x=1", true, true},
		{"http://example.org/hook", false, true},
		{"ftp://example.org", false, false},
		{"https://user:word@example.org", false, false},
		{"https://example.org/#x", false, false},
		{"https:///x", false, false},
		{"https://:443/", false, false},
		{"example.org", false, false},
		{"", false, false},
	} {
		for private, want := range map[bool]bool{false: c.open, true: c.private} {
			if _, err := b.Add(t.Context(), b.cat, Hook{URL: c.url, Private: private}, secret); (err == nil) != want || err != nil && !errors.Is(err, catalog.ErrInvalid) {
				t.Errorf("%q, private %v: %v", c.url, private, err)
			}
		}
	}
}

func TestPrivateAddressesAreTold(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "223.5.5.5": true, "2400:3200::1": true, "172.32.0.1": true, "100.128.0.1": true,
		"127.0.0.1": false, "127.8.9.10": false, "10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "169.254.169.254": false, "0.0.0.0": false, "0.1.2.3": false,
		"100.64.0.1": false, "192.0.0.1": false, "198.18.0.1": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false, "192.0.2.1": false,
		"::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd12::1": false, "ff02::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:db8::1": false, "2001::1": false, "fec0::1": false,
	} {
		if got := isPublic(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: public %v, want %v", address, got, want)
		}
	}
}

// A hook that is not allowed to never reaches a private address, by whatever name.
func TestAHookDoesNotReachThisMachine(t *testing.T) {
	b := newBench(t)
	r := newReceiver(t, nil)
	port := r.URL[strings.LastIndex(r.URL, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"} {
		b.hook(t, Hook{URL: "https://" + host + port})
	}
	b.run(t, DelivererOptions{})
	publish(t, b.cat, "things", catalog.OpenUnconditional, "1")
	for _, d := range b.settled(t, 4) {
		if d.State != Failed || d.Attempts != 4 || !strings.Contains(d.Answer, "private address") {
			t.Errorf("%+v", d)
		}
	}
	if got := r.all(); len(got) > 0 {
		t.Errorf("it was reached: %+v", got)
	}
}

func TestAReleaseIsToldOnceToWhoWantsIt(t *testing.T) {
	b := newBench(t)
	first := publish(t, b.cat, "things", catalog.OpenUnconditional, "1")
	r, other := newReceiver(t, nil), newReceiver(t, nil)
	b.hook(t, Hook{URL: r.URL, Private: true})
	b.hook(t, Hook{URL: other.URL, Private: true, Datasets: []catalog.ID{"secrets"}})
	stop := b.run(t, DelivererOptions{})
	second := publish(t, b.cat, "things", catalog.OpenUnconditional, "2")
	b.settled(t, 1)
	if _, err := b.cat.Rollback("things", first.Release); err != nil {
		t.Fatal(err)
	}
	b.settled(t, 2)
	// What happens while nobody serves is told afterwards.
	stop()
	b.reopen(t)
	secret := publish(t, b.cat, "secrets", catalog.OpenConditional, "3")
	b.run(t, DelivererOptions{})
	b.settled(t, 4)
	time.Sleep(50 * time.Millisecond)
	got := r.all()
	if len(got) != 3 || len(other.all()) != 1 {
		t.Fatalf("%d and %d messages", len(got), len(other.all()))
	}
	ids := map[string]bool{}
	for i, want := range []struct {
		kind              string
		release, previous catalog.ReleaseID
		files             bool
	}{{Published, second.Release, first.Release, true}, {RolledBack, first.Release, second.Release, true}, {Published, secret.Release, "", false}} {
		var m message
		if err := json.Unmarshal(got[i].body, &m); err != nil {
			t.Fatal(err)
		}
		n := m.Data
		if m.ID != got[i].id || m.Type != want.kind || n.Release != want.release || n.Previous != want.previous || n.Rows == nil || *n.Rows != 1 || n.Counts.Published != 1 || n.Title.En != "Things" ||
			(n.URLs["csv"] == fmt.Sprintf("https://data.example/d/things@%s.csv", want.release)) != want.files || (n.URLs["manifest"] != "") != want.files {
			t.Errorf("message %d: %s", i, got[i].body)
		}
		ids[m.ID] = true
	}
	if len(ids) != 3 || ids[other.all()[0].id] {
		t.Errorf("ids %v", ids)
	}
}

// A message that fails is tried again under its id, also by the next process, and
// what was taken is not sent again.
func TestAMessageIsTriedUntilItIsTaken(t *testing.T) {
	b := newBench(t)
	failed := make(chan struct{}, 10)
	r := newReceiver(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n < 4 {
			failed <- struct{}{}
			http.Error(w, "not\tnow", http.StatusInternalServerError)
		}
	})
	b.hook(t, Hook{URL: r.URL, Private: true})
	publish(t, b.cat, "things", catalog.OpenUnconditional, "1")
	for range 3 {
		stop := b.run(t, DelivererOptions{})
		<-failed
		stop()
		b.reopen(t)
	}
	b.run(t, DelivererOptions{})
	if d := b.settled(t, 1)[0]; d.State != Delivered || d.Answer != "200 OK" || d.Done.IsZero() || !d.Next.IsZero() {
		t.Errorf("%+v", d)
	}
	got := r.all()
	if len(got) != 4 {
		t.Fatalf("%d attempts", len(got))
	}
	for _, one := range got[1:] {
		if one.id != got[0].id || !bytes.Equal(one.body, got[0].body) || one.id == "" {
			t.Errorf("another message: %+v", one)
		}
	}
}

func TestAMessageIsGivenUpAtLast(t *testing.T) {
	b := newBench(t)
	r := newReceiver(t, func(_ int, w http.ResponseWriter, _ *http.Request) { http.Error(w, "never", http.StatusBadRequest) })
	h := b.hook(t, Hook{URL: r.URL, Private: true})
	publish(t, b.cat, "things", catalog.OpenUnconditional, "1")
	b.run(t, DelivererOptions{})
	if d := b.settled(t, 1)[0]; d.State != Failed || d.Attempts != 4 || d.Answer != "400 Bad Request: never" || len(r.all()) != 4 {
		t.Errorf("%+v, %d attempts", d, len(r.all()))
	}
	// The hook itself goes on.
	publish(t, b.cat, "things", catalog.OpenUnconditional, "2")
	b.settled(t, 2)
	if err := b.Remove(t.Context(), h.ID); err != nil {
		t.Fatal(err)
	}
	if err := b.Remove(t.Context(), h.ID); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
	if all, err := b.Log(t.Context(), "", 10); err != nil || len(all) != 0 {
		t.Errorf("the log of a removed hook: %+v %v", all, err)
	}
}

func TestRedirectsAreNotFollowedAndGoneEndsAHook(t *testing.T) {
	b := newBench(t)
	elsewhere := newReceiver(t, nil)
	moved := newReceiver(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	gone := newReceiver(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
	b.hook(t, Hook{URL: moved.URL, Private: true})
	b.hook(t, Hook{URL: gone.URL, Private: true})
	b.run(t, DelivererOptions{})
	publish(t, b.cat, "things", catalog.OpenUnconditional, "1")
	b.settled(t, 2)
	publish(t, b.cat, "things", catalog.OpenUnconditional, "2")
	b.settled(t, 3)
	if len(elsewhere.all()) != 0 || len(moved.all()) != 8 || len(gone.all()) != 1 {
		t.Errorf("elsewhere %d, moved %d, gone %d", len(elsewhere.all()), len(moved.all()), len(gone.all()))
	}
	// Both were made in the same millisecond, perhaps, and stand in any order then.
	all, err := b.List(t.Context())
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v %v", all, err)
	}
	for _, h := range all {
		if ended := !h.Ended.IsZero(); ended != (h.URL == gone.URL) {
			t.Errorf("%+v", h)
		}
	}
}

func TestAReceiverSaysWhenToComeBack(t *testing.T) {
	b := newBench(t)
	r := newReceiver(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	b.hook(t, Hook{URL: r.URL, Private: true})
	publish(t, b.cat, "things", catalog.OpenUnconditional, "1")
	stop := b.run(t, DelivererOptions{})
	var d Delivery
	for deadline := time.Now().Add(10 * time.Second); d.Answer == "" && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		all, err := b.Log(t.Context(), "", 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) > 0 {
			d = all[0]
		}
	}
	stop()
	if wait := time.Until(d.Next); d.State != Pending || wait < 50*time.Minute || wait > time.Hour || len(r.all()) != 1 {
		t.Errorf("%+v: again in %v, %d attempts", d, wait, len(r.all()))
	}
}

// A receiver that takes its time holds up neither the others nor a shutdown, and
// what a shutdown broke off is no attempt.
func TestASlowReceiverHoldsUpNobody(t *testing.T) {
	b := newBench(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	slow := newReceiver(t, func(_ int, _ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	quick := newReceiver(t, nil)
	b.hook(t, Hook{URL: slow.URL, Private: true})
	b.hook(t, Hook{URL: quick.URL, Private: true})
	stop := b.run(t, DelivererOptions{Timeout: time.Minute})
	for i := range 5 {
		publish(t, b.cat, "things", catalog.OpenUnconditional, fmt.Sprint(i))
	}
	for deadline := time.Now().Add(10 * time.Second); (len(quick.all()) < 5 || len(slow.all()) < 1) && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	if len(quick.all()) != 5 || len(slow.all()) != 1 {
		t.Fatalf("quick %d, slow %d", len(quick.all()), len(slow.all()))
	}
	began := time.Now()
	stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the shutdown took %v", took)
	}
	all, err := b.Log(t.Context(), "", 10)
	if err != nil {
		t.Fatal(err)
	}
	attempts := 0
	for _, d := range all {
		if d.State == Pending {
			attempts += d.Attempts
		}
	}
	if attempts != 0 {
		t.Errorf("%d attempts that were broken off count", attempts)
	}
	// The time of an attempt is bounded.
	b.run(t, DelivererOptions{Timeout: 30 * time.Millisecond, Backoff: []time.Duration{}})
	for _, d := range b.settled(t, 10) {
		if (d.State == Failed) != strings.Contains(d.Answer, "deadline exceeded") {
			t.Errorf("%+v", d)
		}
	}
}

// Two processes over one data directory send a message once; a message whose
// process died is sent by another when its lease is over.
func TestTwoProcessesShareTheWork(t *testing.T) {
	b := newBench(t)
	r := newReceiver(t, nil)
	b.hook(t, Hook{URL: r.URL, Private: true})
	for range 3 {
		b.run(t, DelivererOptions{})
		b.reopen(t)
	}
	for i := range 10 {
		publish(t, b.cat, "things", catalog.OpenUnconditional, fmt.Sprint(i))
	}
	b.settled(t, 10)
	if got := r.all(); len(got) != 10 {
		t.Errorf("%d messages", len(got))
	}
	err := b.change(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec("UPDATE deliveries SET state = ?, next = ?, done = 0 WHERE rowid = 1", Pending, time.Now().Add(300*time.Millisecond).UnixMilli())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	if got := r.all(); len(got) != 10 {
		t.Errorf("%d messages while somebody has a lease", len(got))
	}
	b.settled(t, 10)
	if got := r.all(); len(got) != 11 || got[10].id != got[0].id {
		t.Errorf("%d messages", len(got))
	}
}

func TestATestMessageSaysWhatCameOfIt(t *testing.T) {
	b := newBench(t)
	r := newReceiver(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n > 1 {
			http.Error(w, "no", http.StatusForbidden)
		}
	})
	h := b.hook(t, Hook{URL: r.URL, Private: true})
	found, err := b.Find(t.Context(), h.ID)
	if err != nil {
		t.Fatal(err)
	}
	d := NewDeliverer(b.Store, DelivererOptions{Catalog: b.cat, Log: quiet})
	if said, err := d.Try(t.Context(), found); err != nil || said != "200 OK" || !strings.Contains(string(r.all()[0].body), `"type":"test"`) {
		t.Errorf("%q %v", said, err)
	}
	if _, err := d.Try(t.Context(), found); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("a refusal: %v", err)
	}
	if all, err := b.Log(t.Context(), "", 10); err != nil || len(all) != 0 {
		t.Errorf("test messages are in the log: %v %v", all, err)
	}
}

// The file holds secrets.
func TestTheStoreIsItsOwnersAlone(t *testing.T) {
	b := newBench(t)
	info, err := os.Stat(b.path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func FuzzSecret(f *testing.F) {
	for _, seed := range []string{secret, "whsec_", "", "whsec_AAAA\n", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw=="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, err := parseSecret(text)
		if err == nil && (len(key) < 24 || len(key) > 64 || !strings.HasPrefix(text, "whsec_")) || err != nil && !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%q: %d bytes, %v", text, len(key), err)
		}
	})
}
