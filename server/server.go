// Package server is the platform's HTTP face: the native API, the downloads
// and what operators look at. Routes and names are those of the API's first
// version, /api/v1.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"govdata/catalog"
	"govdata/server/ckan"
	"govdata/server/exports"
	"govdata/server/iceberg"
	"govdata/server/keys"
	"govdata/server/mcp"
	"govdata/server/meta"
	"govdata/server/problem"
	"govdata/server/query"
	"govdata/server/s3"
	"govdata/server/soda"
	"govdata/server/web"
)

// Options are what a server is made of.
type Options struct {
	Catalog *catalog.Catalog
	Engine  query.Engine
	Site    *catalog.Site
	// Limits are those that the engine holds.
	Limits query.Limits
	// Sandbox describes what confines the workers; shown with the limits.
	Sandbox string
	// Keys open datasets on a condition; nil: there are none.
	Keys *keys.Store
	// Exports keeps what is too long to wait for; nil: there are no exports.
	Exports *exports.Store
	// Rate bounds the questions of one user; zero: DefaultRate.
	Rate Rate
	// TrustedProxies are the networks from which X-Forwarded-For says who asks,
	// and X-Forwarded-Proto by which scheme. Nil: this machine's own addresses.
	TrustedProxies []string
	// Origins are the web sites, besides this one, whose pages may use /mcp, as
	// https://chat.example; "*": all.
	Origins []string
	// Stall is how long a client may take none of what is written to it
	// before it is cut off. 0: 60 s.
	Stall time.Duration
	// Connections is how many there are at once. 0: DefaultConnections.
	Connections int
	// CheckBytes a second are read to hash published files again; 0: none are, and
	// only sizes and times are compared, every CheckEvery (0: 2 s).
	CheckBytes int64
	CheckEvery time.Duration
	// Drain is how long a shutdown waits for answers under way. 0: 15 s.
	Drain    time.Duration
	Log      *slog.Logger
	Software string
}

// Server answers HTTP requests.
type Server struct {
	o         Options
	gin       *gin.Engine
	metrics   *metrics
	portal    *web.Portal
	ckan      *ckan.Face
	spools    spoolDisk
	rates     rates
	results   results
	documents results // without a query
	exports   *exportsRunner
	proxies   []netip.Prefix
	makers    *makers
	held      heldMemory
	making    sync.Mutex
	leads     map[string]chan struct{} // documents in the making, by key
}

// Row limits of the JSON answers.
const (
	defaultRows = 1000
	maxRows     = 100_000
	// mostRows can be asked for of a file; the engine asks for one more.
	mostRows int64 = 1 << 53
	// spoolBytes of answers may wait on disk for clients that take them slowly.
	spoolBytes = 8 << 30
)

// New makes a server and its routes.
func New(o Options) (*Server, error) {
	if o.Stall == 0 {
		o.Stall = 60 * time.Second
	}
	if o.Connections == 0 {
		o.Connections = DefaultConnections
	}
	if o.Drain == 0 {
		o.Drain = 15 * time.Second
	}
	if o.Rate == (Rate{}) {
		o.Rate = DefaultRate
	}
	if o.TrustedProxies == nil {
		o.TrustedProxies = []string{"127.0.0.0/8", "::1/128"}
	}
	gin.SetMode(gin.ReleaseMode)
	s := &Server{o: o, gin: gin.New(), metrics: newMetrics(o.Engine), makers: newMakers(max(2, runtime.GOMAXPROCS(0)))}
	s.spools.limit = spoolBytes
	s.documents.limit = documentBytes
	s.metrics.registry.MustRegister(damageMetric{o.Catalog})
	if o.Exports != nil {
		s.exports = &exportsRunner{store: o.Exports, wake: make(chan struct{}, 1)}
	}
	g := s.gin
	g.RedirectTrailingSlash = false
	g.HandleMethodNotAllowed = true
	g.UseRawPath = false
	g.NoRoute(s.notFound)
	g.NoMethod(func(c *gin.Context) {
		s.problem(c, problem.Problem{Status: http.StatusMethodNotAllowed, Slug: "method-not-allowed", Title: text("方法不支持", "Method not allowed"), Detail: text("此地址不支持该方法", "this address does not answer to that method")})
	})

	if err := g.SetTrustedProxies(o.TrustedProxies); err != nil {
		return nil, fmt.Errorf("server: trusted proxies: %w", err)
	}
	var err error
	if s.proxies, err = proxyNetworks(o.TrustedProxies); err != nil {
		return nil, fmt.Errorf("server: trusted proxies: %w", err)
	}
	// What is for everyone stands before the keys: PyIceberg, which has none, shows
	// one that is called None.
	g.Use(s.receive, s.hold)
	tables := iceberg.NewTables(o.Catalog)
	if err := s3.Register(g, s3.Deps{Catalog: o.Catalog, Metadata: tables, Send: s.send, Log: o.Log}); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	if err := iceberg.Register(g, iceberg.Deps{Catalog: o.Catalog, Site: o.Site, Tables: tables, Base: s.base, Log: o.Log}); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	g.Use(s.authenticate, s.identify)

	get := func(path string, h func(*gin.Context) error) {
		g.GET(path, s.handle(h))
		g.HEAD(path, s.handle(h))
	}
	get("/api/v1/datasets", s.listDatasets)
	get("/api/v1/datasets/:id", s.showDataset)
	get("/api/v1/datasets/:id/sample", s.sample)
	get("/api/v1/datasets/:id/profile", s.profile)
	get("/api/v1/datasets/:id/releases", s.listReleases)
	get("/api/v1/datasets/:id/releases/:release", s.showRelease)
	get("/api/v1/limits", s.limits)
	for _, ext := range append([]string{""}, answerExts()...) {
		get("/api/v1/datasets/:id/rows"+ext, s.rows(ext))
		get("/api/v1/datasets/:id/diff"+ext, s.diff(ext))
		get("/api/v1/sql"+ext, s.sql(ext))
		g.POST("/api/v1/sql"+ext, s.handle(s.sql(ext)))
	}
	g.POST("/api/v1/exports", s.handle(s.createExport))
	get("/api/v1/exports/:job", s.showExport)
	g.DELETE("/api/v1/exports/:job", s.handle(s.cancelExport))
	get("/api/v1/exports/:job/:file", s.exportFile)
	get("/d/:file", s.download)
	get("/d/catalog.json", s.bulkCatalog)
	get("/d/files.txt", s.bulkFiles)
	get("/d/SHA256SUMS", s.bulkSums)
	get("/d/signing-key.pem", s.signingKey)
	get("/d/signing-keys/:key", s.signingKey)
	get("/healthz", s.healthz)
	get("/readyz", s.readyz)
	exposition := promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{})
	get("/metrics", func(c *gin.Context) error {
		exposition.ServeHTTP(c.Writer, c.Request)
		return nil
	})
	s.portal, err = web.Register(g, web.Deps{
		Catalog: o.Catalog, Site: o.Site, Log: o.Log,
		Ask: s.Ask, Query: s.citedRows, Sample: s.sampleOf, Opens: open, Base: s.base, TypeName: typeName, JSONLD: s.schemaOrg,
	})
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	if err := soda.Register(g, soda.Deps{Catalog: o.Catalog, Ask: s.Ask, Stream: s.stream, Base: s.base, Lang: langOf, Limits: o.Limits, Log: o.Log}); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	err = meta.Register(g, meta.Deps{
		Catalog: o.Catalog, Site: o.Site, Base: s.base, Lang: langOf, Allow: allow, Handle: s.handle, Docs: s.portal.APIDocs, Software: o.Software,
	})
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	if err := mcp.Register(g, s.mcpDeps()); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	s.ckan = ckan.Register(g, ckan.Deps{Catalog: o.Catalog, Site: o.Site, Limits: o.Limits, Ask: s.Ask, Stream: s.stream, Base: s.base, Lang: langOf, Log: o.Log})
	return s, nil
}

// Routes lists every route, as "GET /d/:file".
func (s *Server) Routes() []string {
	var list []string
	for _, r := range s.gin.Routes() {
		list = append(list, r.Method+" "+r.Path)
	}
	return list
}

// Handler returns the server as an http.Handler.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// Serve answers on l until ctx ends; then it takes no more requests and gives
// those under way time to finish.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	bound := newConnections(l, s.o.Connections)
	h := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       requestTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
		ConnState:         bound.state,
		BaseContext:       func(net.Listener) context.Context { return base },
		ErrorLog:          slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug),
	}
	if s.exports != nil {
		background, halt := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() { defer close(ended); s.runExports(background) }()
		defer func() { halt(); <-ended }()
	}
	watching, unwatch := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() { defer close(watched); s.watchFiles(watching) }()
	defer func() { unwatch(); <-watched }()
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(bound) }()
	select {
	case err := <-failed:
		return fmt.Errorf("server: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Drain)
	defer cancel()
	if err := h.Shutdown(drain); err != nil {
		stop()
		return errors.Join(fmt.Errorf("server: cut off what was still running after %v", s.o.Drain), h.Close())
	}
	return nil
}

// serve is what every request passes: it counts, logs, sets the headers that
// all answers have, cuts off clients that take nothing, and turns a panic into
// an error. (Gin's own Recovery would swallow http.ErrAbortHandler, and with
// it the broken connection that a half-written download must end in.)
func (s *Server) serve(rw http.ResponseWriter, r *http.Request) {
	began := time.Now()
	w := &writer{ResponseWriter: rw, controller: http.NewResponseController(rw), stall: s.o.Stall}
	s.metrics.inFlight.Inc()
	defer func() {
		failure := recover()
		if failure != nil && failure != http.ErrAbortHandler {
			s.o.Log.Error("panic", "path", r.URL.Path, "panic", failure, "stack", string(debug.Stack()))
			if w.status == 0 {
				failure = nil
				dropContent(w.Header())
				w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
				w.WriteHeader(http.StatusInternalServerError)
				io.WriteString(w, `{"type":"/problems/internal","title":"Internal Server Error","status":500}`+"\n")
			}
		}
		s.metrics.inFlight.Dec()
		s.metrics.observe(r, w, time.Since(began))
		s.o.Log.Debug("request", "method", r.Method, "path", r.URL.Path, "status", w.status, "bytes", w.bytes, "took", time.Since(began))
		if failure != nil {
			panic(http.ErrAbortHandler)
		}
	}()
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Accept-Ranges, Content-Disposition, Content-Encoding, Content-Length, Content-Range, ETag, Last-Modified, Link, Retry-After, X-Cache, X-Release, X-Total-Rows, X-Truncated")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, DELETE, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "Accept, Accept-Language, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Range, Mcp-Method, Mcp-Name, Mcp-Protocol-Version, Range, X-API-Key, X-App-Token, X-CKAN-API-Key")
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	knownRange(r.Header)
	w.held = &held{writer: w, memory: &s.held}
	s.gin.ServeHTTP(w.held, r.WithContext(context.WithValue(r.Context(), writerKey{}, w)))
}

// knownRange drops a range in another unit than bytes: a server that does not know the
// unit has to answer with the whole (RFC 9110, 14.2). Units are written in any case. The last 0 bytes are
// none that could be sent (14.1.2); net/http would send them.
func knownRange(h http.Header) {
	given := h.Get("Range")
	if given == "" {
		return
	}
	unit, ranges, ok := strings.Cut(given, "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		h.Del("Range")
		return
	}
	var some []string
	for part := range strings.SplitSeq(ranges, ",") {
		if part = strings.TrimSpace(part); part != "" && (part[0] != '-' || part == "-" || strings.Trim(part[1:], "0") != "") {
			some = append(some, part)
		}
	}
	if ranges = strings.Join(some, ","); ranges == "" && strings.Contains(given, "-") {
		ranges = strconv.FormatInt(math.MaxInt64, 10) + "-"
	}
	h.Set("Range", "bytes="+ranges)
}

type writerKey struct{}

// rawWriter returns the response writer beneath Gin's, which hides sendfile.
func rawWriter(c *gin.Context) *writer { return c.Request.Context().Value(writerKey{}).(*writer) }

// writer counts what is written and gives the client a new deadline for every
// piece of it.
type writer struct {
	http.ResponseWriter
	controller *http.ResponseController
	stall      time.Duration
	status     int
	bytes      int64
	held       *held
}

func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *writer) WriteHeader(status int) {
	if w.status != 0 && w.status >= 200 {
		return // Gin writes the header once more behind a raw answer
	}
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) extend() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.controller.SetWriteDeadline(time.Now().Add(w.stall)) // not every writer knows deadlines
}

func (w *writer) Write(b []byte) (int, error) {
	w.extend()
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Flush implements http.Flusher.
func (w *writer) Flush() { w.controller.Flush() }

// handle turns an error into its answer. After the first byte nothing can be
// taken back: then the connection is broken, so that nobody takes the part for
// the whole.
func (s *Server) handle(h func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		err := h(c)
		if err == nil {
			return
		}
		if w := rawWriter(c); w.status != 0 || w.held.begun() {
			if c.Request.Context().Err() == nil {
				s.o.Log.Warn("answer broken off", "path", c.Request.URL.Path, "error", err)
			}
			panic(http.ErrAbortHandler)
		}
		s.fail(c, err)
	}
}

func (s *Server) healthz(c *gin.Context) error {
	if err := allow(c); err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"status": "ok"})
	return nil
}

func (s *Server) readyz(c *gin.Context) error {
	if err := allow(c); err != nil {
		return err
	}
	all, err := s.o.Catalog.All()
	if err != nil {
		return err
	}
	damaged, err := s.o.Catalog.Damaged()
	if err != nil {
		return err
	}
	said := gin.H{"status": "ready", "datasets": len(all)}
	if len(damaged) > 0 {
		said["degraded"] = degradedBy(damaged)
	}
	c.JSON(http.StatusOK, said)
	return nil
}

func (s *Server) limits(c *gin.Context) error {
	if err := allow(c); err != nil {
		return err
	}
	said := gin.H{
		"rate":                s.o.Rate,
		"query":               s.o.Limits,
		"interactive_seconds": s.o.Limits.Interactive.Seconds(),
		"export_seconds":      s.o.Limits.Export.Seconds(),
		"job_seconds":         s.o.Limits.Job.Seconds(),
		"jobs":                gin.H{"per_user": exports.PerUser, "waiting": exports.Waiting, "kept_seconds": exports.Kept.Seconds(), "bytes": int64(exportBytes)},
		"connections":         gin.H{"at_once": s.o.Connections, "header_seconds": headerTime.Seconds(), "request_seconds": requestTime.Seconds(), "idle_seconds": idleTime.Seconds(), "header_bytes": headerBytes},
		"rows_default":        defaultRows,
		"rows_max":            maxRows,
		"statements":          1,
		"sandbox":             s.o.Sandbox,
	}
	if pool, ok := s.o.Engine.(interface{ Fairness() query.Fairness }); ok {
		said["workers"] = pool.Fairness()
	}
	return tell(c, said)
}

// metrics are what Prometheus reads.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	bytes    *prometheus.CounterVec
	queries  *prometheus.CounterVec
	inFlight prometheus.Gauge
}

// newMetrics also reads the counts of an engine that keeps some.
func newMetrics(engine query.Engine) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "govdata_http_requests_total", Help: "Answers by area and status."}, []string{"area", "method", "status"}),
		seconds:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "govdata_http_request_seconds", Help: "Time to answer by area.", Buckets: prometheus.ExponentialBuckets(0.001, 3, 10)}, []string{"area"}),
		bytes:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "govdata_http_response_bytes_total", Help: "Bytes of answers by area."}, []string{"area"}),
		queries:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "govdata_queries_total", Help: "Public queries by how they ended."}, []string{"outcome"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "govdata_http_in_flight", Help: "Requests being answered."}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.bytes, m.queries, m.inFlight,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	pool, ok := engine.(interface{ Stats() query.Stats })
	if !ok {
		return m
	}
	for name, of := range map[string]func(query.Stats) int{
		"limit":   func(s query.Stats) int { return s.Workers },
		"running": func(s query.Stats) int { return s.Running },
		"waiting": func(s query.Stats) int { return s.Waiting },

		"background": func(s query.Stats) int { return s.Background },
	} {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "govdata_query_workers", Help: "Query workers that may run, those that do, and questions that wait for one.", ConstLabels: prometheus.Labels{"state": name}},
			func() float64 { return float64(of(pool.Stats())) }))
	}
	for name, of := range map[string]func(query.Stats) int64{
		"started": func(s query.Stats) int64 { return s.Started },
		"killed":  func(s query.Stats) int64 { return s.Killed },
		"crashed": func(s query.Stats) int64 { return s.Crashed },
		"refused": func(s query.Stats) int64 { return s.Refused },
	} {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "govdata_query_events_total", Help: "Workers started, killed at a limit, ended by themselves, and questions refused.", ConstLabels: prometheus.Labels{"event": name}},
			func() float64 { return float64(of(pool.Stats())) }))
	}
	return m
}

func (m *metrics) observe(r *http.Request, w *writer, took time.Duration) {
	area, method := areaOf(r.URL.Path), r.Method
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete, http.MethodOptions:
	default:
		method = "other" // a label must not be for clients to choose
	}
	status := strconv.Itoa(w.status)
	if w.status == 0 {
		status = "none" // the client left before there was an answer
	}
	m.requests.WithLabelValues(area, method, status).Inc()
	m.seconds.WithLabelValues(area).Observe(took.Seconds())
	m.bytes.WithLabelValues(area).Add(float64(w.bytes))
}
