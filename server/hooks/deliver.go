package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"govdata/catalog"
)

// Backoff is how long to wait behind each attempt that fails, before it is
// spread by a fifth either way. Behind the last one a message has failed for
// good: after some three days.
var Backoff = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}

const (
	// every is how often the catalog is looked at for new releases.
	every = 2 * time.Second
	// atOnce messages are on their way at most, one to each hook.
	atOnce = 8
	// timeout of one attempt, from the look-up of the name to the answer.
	timeout = 15 * time.Second
	// longest wait that a Retry-After may ask for.
	longest = 24 * time.Hour
	// kept is how long the log remembers what is settled.
	kept = 30 * 24 * time.Hour
)

// DelivererOptions are what a deliverer is made of. Zero values mean those of
// the package.
type DelivererOptions struct {
	Catalog *catalog.Catalog
	// Base is the public address of the site, without a slash at its end.
	Base     string
	Software string
	Log      *slog.Logger
	Backoff  []time.Duration
	Every    time.Duration
	Timeout  time.Duration
}

// Deliverer notices new releases and tells the hooks.
type Deliverer struct {
	store    *Store
	catalog  *catalog.Catalog
	base     string
	software string
	log      *slog.Logger
	backoff  []time.Duration
	every    time.Duration
	timeout  time.Duration
	open     *http.Client // for hooks that may lie in private networks
	public   *http.Client
}

// NewDeliverer makes a deliverer over a store.
func NewDeliverer(s *Store, o DelivererOptions) *Deliverer {
	d := &Deliverer{store: s, catalog: o.Catalog, base: o.Base, software: o.Software, log: o.Log, backoff: o.Backoff, every: o.Every, timeout: o.Timeout}
	if d.backoff == nil {
		d.backoff = Backoff
	}
	if d.every == 0 {
		d.every = every
	}
	if d.timeout == 0 {
		d.timeout = timeout
	}
	d.open, d.public = client(nil), client(refusePrivate)
	return d
}

// client follows no redirect, knows no proxy (which would look names up itself)
// and keeps no connection.
func client(control func(network, address string, c syscall.RawConn) error) *http.Client {
	dialer := &net.Dialer{Control: control}
	return &http.Client{
		Transport:     &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// nowhere are the networks that are no part of the internet, besides those that
// package netip tells (RFC 6890): a hook that leads there would have the server ask
// its own neighbours.
var nowhere = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10")

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// isPublic reports whether an address is one of the internet.
func isPublic(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, p := range nowhere {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

var errPrivate = errors.New("a private address; --allow-private lets a hook have one")

// refusePrivate looks at the very address that is about to be connected to,
// whatever name led there.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !isPublic(to.Addr()) {
		return fmt.Errorf("%s is %w", address, errPrivate)
	}
	return nil
}

// Run notices and delivers until ctx ends, and until what it sends then is
// broken off. Of all processes that have the store open one does at a time, so that
// a hook hears of its releases one after the other.
func (d *Deliverer) Run(ctx context.Context) {
	for {
		release, ok, err := catalog.TryLock(d.store.path + ".lock")
		if err != nil {
			d.log.Error("hooks", "error", err)
		}
		if ok {
			defer release()
			break
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(d.every):
		}
	}
	var sending sync.WaitGroup
	defer sending.Wait()
	busy := make(chan struct{}, atOnce)
	woken := make(chan struct{}, 1)
	var mu sync.Mutex
	occupied := map[string]bool{} // hooks that are being told something
	var pruned time.Time
	for {
		err := d.notice(ctx)
		if err == nil && time.Since(pruned) > time.Hour {
			pruned = time.Now()
			_, err = d.store.db.ExecContext(ctx, "DELETE FROM deliveries WHERE state <> ? AND done < ?", Pending, pruned.Add(-kept).UnixMilli())
		}
		var due []Delivery
		if err == nil {
			due, err = d.store.deliveries(ctx, `WHERE rowid IN (SELECT min(rowid) FROM deliveries WHERE state = ? AND next <= ? GROUP BY hook) ORDER BY rowid`, Pending, time.Now().UnixMilli())
		}
		if err != nil && ctx.Err() == nil {
			d.log.Error("hooks", "error", err)
		}
		for _, one := range due {
			mu.Lock()
			taken := occupied[one.Hook]
			if !taken {
				occupied[one.Hook] = true
			}
			mu.Unlock()
			if taken {
				continue
			}
			select {
			case busy <- struct{}{}:
			case <-ctx.Done():
				return
			}
			sending.Go(func() {
				if err := d.deliver(ctx, one); err != nil && ctx.Err() == nil {
					d.log.Error("hooks", "delivery", one.ID, "error", err)
				}
				mu.Lock()
				delete(occupied, one.Hook)
				mu.Unlock()
				<-busy
				select {
				case woken <- struct{}{}:
				default:
				}
			})
		}
		select {
		case <-ctx.Done():
			return
		case <-woken:
		case <-time.After(d.every):
		}
	}
}

// deliver makes one attempt, unless another process does.
func (d *Deliverer) deliver(ctx context.Context, one Delivery) error {
	h, err := d.store.Find(ctx, one.Hook)
	if err != nil {
		return err
	}
	if !h.Ended.IsZero() {
		return d.settle(ctx, one, Failed, "the hook has ended", time.Time{})
	}
	// Who claims a message has it until well after the attempt must have ended. If
	// the process dies meanwhile, somebody tries again then.
	lease := time.Now().Add(d.timeout + 10*time.Second)
	r, err := d.store.db.ExecContext(ctx, "UPDATE deliveries SET next = ?, attempts = attempts + 1 WHERE id = ? AND state = ? AND attempts = ? AND next <= ?", lease.UnixMilli(), one.ID, Pending, one.Attempts, time.Now().UnixMilli())
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return err
	}
	one.Attempts++
	a := d.post(ctx, h, one.ID, one.body)
	after := context.WithoutCancel(ctx)
	switch {
	case a.err != nil && ctx.Err() != nil:
		// Broken off by us: it was no attempt.
		_, err := d.store.db.ExecContext(after, "UPDATE deliveries SET next = ?, attempts = attempts - 1 WHERE id = ?", time.Now().UnixMilli(), one.ID)
		return err
	case a.taken():
		return d.settle(after, one, Delivered, a.String(), time.Time{})
	case a.status == http.StatusGone:
		d.log.Warn("a hook says that it is gone", "hook", h.ID, "url", h.URL)
		_, err := d.store.db.ExecContext(after, "UPDATE hooks SET ended = ? WHERE id = ?", time.Now().UnixMilli(), h.ID)
		return errors.Join(err, d.settle(after, one, Failed, a.String(), time.Time{}))
	case one.Attempts > len(d.backoff):
		d.log.Warn("a hook was not told", "hook", h.ID, "url", h.URL, "dataset", one.Dataset, "release", one.Release, "attempts", one.Attempts, "answer", a.String())
		return d.settle(after, one, Failed, a.String(), time.Time{})
	}
	return d.settle(after, one, Pending, a.String(), time.Now().Add(max(spread(d.backoff[one.Attempts-1]), a.retryAfter)))
}

// spread moves a wait by up to a fifth, so that what failed together does not
// come back together.
func spread(wait time.Duration) time.Duration {
	return time.Duration(float64(wait) * (0.8 + 0.4*rand.Float64()))
}

func (d *Deliverer) settle(ctx context.Context, one Delivery, state, answer string, next time.Time) error {
	done := time.Now().UnixMilli()
	if state == Pending {
		done = 0
	}
	at := int64(0)
	if !next.IsZero() {
		at = next.UnixMilli()
	}
	_, err := d.store.db.ExecContext(ctx, "UPDATE deliveries SET state = ?, answer = ?, next = ?, done = ? WHERE id = ?", state, answer, at, done, one.ID)
	return err
}

// answer is what an attempt ended in.
type answer struct {
	status int
	// said is the beginning of what came with a refusal.
	said       string
	retryAfter time.Duration
	err        error
}

func (a answer) taken() bool { return a.err == nil && a.status >= 200 && a.status < 300 }

func (a answer) String() string {
	switch {
	case a.err != nil:
		return a.err.Error()
	case a.said != "":
		return fmt.Sprintf("%d %s: %s", a.status, http.StatusText(a.status), a.said)
	}
	return fmt.Sprintf("%d %s", a.status, http.StatusText(a.status))
}

// post sends a message once.
func (d *Deliverer) post(ctx context.Context, h *Hook, id string, body []byte) answer {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, strings.NewReader(string(body)))
	if err != nil {
		return answer{err: err}
	}
	now := time.Now()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "govdata-webhooks ("+d.software+")")
	r.Header.Set("webhook-id", id)
	r.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("webhook-signature", sign(h.key, id, now, body))
	c := d.public
	if h.Private {
		c = d.open
	}
	answered, err := c.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer answered.Body.Close()
	a := answer{status: answered.StatusCode}
	if a.taken() {
		return a
	}
	text, _ := io.ReadAll(io.LimitReader(answered.Body, 200)) // what is not read is not worth an error
	a.said = strings.Join(strings.Fields(strings.ToValidUTF8(string(text), "?")), " ")
	if seconds, err := strconv.Atoi(answered.Header.Get("Retry-After")); err == nil && seconds > 0 {
		a.retryAfter = min(time.Duration(seconds)*time.Second, longest)
	}
	return a
}

// Try sends a test message to a hook at once, and says what came of it. It is not
// tried again.
func (d *Deliverer) Try(ctx context.Context, h *Hook) (said string, err error) {
	m := message{ID: "msg_test_" + strconv.FormatInt(time.Now().UnixNano(), 36), Type: Test, Timestamp: d.catalog.Now(), Data: news{URLs: map[string]string{"site": d.base + "/"}}}
	body, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	a := d.post(ctx, h, m.ID, body)
	if !a.taken() {
		return "", fmt.Errorf("hook %s: %s", h.ID, a)
	}
	return a.String(), nil
}
