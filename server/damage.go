package server

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"govdata/catalog"
)

// degraded is what /readyz tells of something that is set aside.
type degraded struct {
	ID      catalog.ID        `json:"id"`
	Release catalog.ReleaseID `json:"release,omitempty"`
	File    string            `json:"file,omitempty"`
	Code    string            `json:"code"`
}

func degradedBy(damaged []*catalog.Damage) []degraded {
	list := make([]degraded, len(damaged))
	for i, d := range damaged {
		list[i] = degraded{d.Ref.Dataset, d.Ref.Release, d.File, d.Code}
	}
	return list
}

// damageMetric counts what is set aside, by its reason.
type damageMetric struct{ catalog *catalog.Catalog }

var damageDesc = prometheus.NewDesc("govdata_damaged", "Datasets and files that are set aside because they are not as they were published, by reason; /readyz names them.", []string{"code"}, nil)

// Describe implements prometheus.Collector.
func (m damageMetric) Describe(to chan<- *prometheus.Desc) { to <- damageDesc }

// Collect implements prometheus.Collector.
func (m damageMetric) Collect(to chan<- prometheus.Metric) {
	counts := map[string]int{}
	for _, code := range []string{catalog.DamageFolder, catalog.DamagePointer, catalog.DamageManifest, catalog.DamageVersion, catalog.DamageSignature, catalog.DamageFile} {
		counts[code] = 0
	}
	if damaged, err := m.catalog.Damaged(); err == nil {
		for _, d := range damaged {
			counts[d.Code]++
		}
	}
	for code, n := range counts {
		to <- prometheus.MustNewConstMetric(damageDesc, prometheus.GaugeValue, float64(n), code)
	}
}

// watchFiles looks after the published files until ctx ends, and logs what is set
// aside and what is back.
func (s *Server) watchFiles(ctx context.Context) {
	s.o.Catalog.Watch(ctx, catalog.WatchOptions{BytesPerSecond: s.o.CheckBytes, Every: s.o.CheckEvery, Changed: func(d *catalog.Damage, back bool) {
		if back {
			s.o.Log.Info("back again", "dataset", d.Ref.Dataset, "release", d.Ref.Release, "file", d.File)
			return
		}
		s.o.Log.Error("set aside", "dataset", d.Ref.Dataset, "release", d.Ref.Release, "file", d.File, "code", d.Code, "cause", d.Cause)
	}})
}
