package query

import "testing"

// BenchmarkQuery is the whole way of a small question: a worker's start, its
// confinement, the gate, the release, the answer. The pool hides the start as
// long as workers are ready.
func BenchmarkQuery(b *testing.B) {
	s := newSite(b, nil)
	r := s.request("SELECT * FROM penalties WHERE id = 500")
	b.Run("one after the other", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.ask(b.Context(), r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("at once", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := s.ask(b.Context(), r); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// BenchmarkGate is what the gate takes of that: the parser, the judgement, and the
// text that is printed and read again.
func BenchmarkGate(b *testing.B) {
	for name, sql := range map[string]string{
		"look-up": "SELECT * FROM penalties WHERE document = '甘建罚〔2026〕5号'",
		"join":    "WITH big AS (SELECT region, sum(amount) AS total FROM penalties WHERE decided_on >= DATE '2026-01-01' GROUP BY ALL) SELECT r.name, b.total FROM big AS b JOIN regions AS r ON r.code = b.region WHERE b.total > 1e6 ORDER BY b.total DESC LIMIT 10",
	} {
		b.Run(name, func(b *testing.B) {
			d := parser()
			for b.Loop() {
				if _, err := d.judge(sql, DefaultLimits, newNames(sql)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+", the parser and the judgement alone", func(b *testing.B) {
			d := parser()
			for b.Loop() {
				if _, err := d.check(sql, DefaultLimits, newNames(sql)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
