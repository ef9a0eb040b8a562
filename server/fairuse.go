package server

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"govdata/catalog"
	"govdata/server/problem"
	"govdata/server/query"
)

// Rate is how many questions one user may ask, and how a keyed user stands
// against one without a key. Pages, metadata and published files are free.
type Rate struct {
	// Address and Key are questions a second of one address, and of one key, in
	// the long run; 0: unbounded. Burst is for how many seconds of it somebody
	// may be ahead.
	Address float64 `json:"address_per_second"`
	Key     float64 `json:"key_per_second"`
	Burst   float64 `json:"burst_seconds"`
	// KeyWeight is the share of the workers that a key has where an address has 1.
	KeyWeight float64 `json:"key_weight"`
}

// DefaultRate is that of the public API: more than a page or a notebook asks,
// less than a machine could.
var DefaultRate = Rate{Address: 20, Key: 100, Burst: 10, KeyWeight: 4}

// user asks questions: the holder of a key, or an address.
type user struct {
	name   string
	weight float64
	rate   float64
	// access is what the user's key opens.
	access access
}

type userKey struct{}

// identify says whose request it is: that of its key, else of its address. Of
// IPv6 the network counts: whoever has one address of it has them all.
func (s *Server) identify(c *gin.Context) {
	u := user{weight: s.o.Rate.KeyWeight, rate: s.o.Rate.Key}
	if key := accessOf(c).key; key != nil {
		u.name = "key " + key.ID
	} else {
		u = user{name: "address " + c.ClientIP(), weight: 1, rate: s.o.Rate.Address}
		if ip, err := netip.ParseAddr(c.ClientIP()); err == nil {
			if ip = ip.Unmap(); ip.Is6() {
				network, _ := ip.WithZone("").Prefix(64)
				u.name = "address " + network.String()
			}
		}
	}
	u.access = accessOf(c)
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), userKey{}, u))
}

// proxyNetworks are the networks that addresses and networks in text name.
func proxyNetworks(names []string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, name := range names {
		network, err := netip.ParsePrefix(name)
		if err != nil {
			ip, noAddress := netip.ParseAddr(name)
			if noAddress != nil {
				return nil, err
			}
			network = netip.PrefixFrom(ip, ip.BitLen())
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}

// fromProxy reports whether a request comes from a trusted proxy, so that its
// headers say how the client came there.
func (s *Server) fromProxy(c *gin.Context) bool {
	ip, err := netip.ParseAddr(c.RemoteIP())
	if err != nil {
		return false
	}
	return slices.ContainsFunc(s.proxies, func(n netip.Prefix) bool { return n.Contains(ip.Unmap()) })
}

// ask puts a question of the request's user to the engine. The error is
// catalog.ErrTooMany where the user asks too often.
func (s *Server) ask(ctx context.Context, r query.Request) (query.Result, error) {
	u, _ := ctx.Value(userKey{}).(user)
	if err := s.rates.admit(u, s.o.Rate.Burst); err != nil {
		return nil, err
	}
	r.User, r.Weight = u.name, u.weight
	var result query.Result
	err := aside(ctx, func() (err error) {
		result, err = s.o.Engine.Query(ctx, r)
		return err
	})
	if err != nil && result != nil {
		result.Close()
		return nil, err
	}
	return result, err
}

// Ask puts a question of a request to the engine, for the faces beside the native
// API: with what the request may read, in its reader's language, as its user. A
// dataset means one release throughout the question. An answer with rows that
// are not for everybody is marked as private.
func (s *Server) Ask(c *gin.Context, r query.Request) (query.Result, error) {
	result, names, err := s.askBeside(c.Request.Context(), langOf(c), r, nil)
	if err == nil && names.private() {
		private(c)
	}
	return result, err
}

// askBeside is Ask for work that goes on beside the request's goroutine, which
// alone may touch the answer's headers. ctx descends from the request's and says
// who asks, and what the key opens. Of sample, if any, the rows may be read
// besides. names tell what was read, and whether everybody may.
func (s *Server) askBeside(ctx context.Context, lang string, r query.Request, sample *catalog.Release) (query.Result, *Names, error) {
	u, _ := ctx.Value(userKey{}).(user)
	a := u.access
	a.sample = sample
	names := newNames(s.o.Catalog, lang, a)
	names.alias, r.Resolve, r.Tables = r.Alias, names.Resolve, names.Known
	result, err := s.ask(ctx, r)
	s.metrics.queries.WithLabelValues(outcome(err)).Inc()
	return result, names, err
}

// rates counts the questions of each user.
type rates struct {
	mu    sync.Mutex
	users map[string]*rate.Limiter
}

func (r *rates) admit(u user, burst float64) error {
	if u.rate <= 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.users[u.name]
	if l == nil {
		if len(r.users) >= 4096 {
			r.forget()
		}
		if r.users == nil {
			r.users = map[string]*rate.Limiter{}
		}
		l = rate.NewLimiter(rate.Limit(u.rate), max(1, int(u.rate*burst)))
		r.users[u.name] = l
	}
	if l.Allow() {
		return nil
	}
	return &problem.SlowDown{Rate: u.rate, After: time.Duration((1 - l.Tokens()) / u.rate * float64(time.Second))}
}

// forget drops the users whose whole burst is there again.
func (r *rates) forget() {
	for name, l := range r.users {
		if l.Tokens() >= float64(l.Burst()) {
			delete(r.users, name)
		}
	}
}
