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
