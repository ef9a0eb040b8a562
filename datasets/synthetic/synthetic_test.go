package synthetic

import (
	"bytes"
	"context"
	"flag"
	"io"
	"io/fs"
	"testing"

	"govdata/datasets"
	"govdata/ingest/normalise"
)

var update = flag.Bool("update", false, "write the bundled samples anew")

// The committed samples are what Samples makes.
func TestSamplesAreReproducible(t *testing.T) {
	if *update {
		if err := WriteSamples(".."); err != nil {
			t.Fatal(err)
		}
		t.Skip("SKIPPED: the samples were written anew; run the test again without -update")
	}
	samples, err := Samples()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range samples {
		have, err := fs.ReadFile(datasets.Bundled(), name)
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(have, want) {
			t.Errorf("%s is not what its generator makes; run make golden and look at the difference", name)
		}
	}
}

func TestTheSameSeedGivesTheSameFile(t *testing.T) {
	for _, id := range []string{"admin_permits", "admin_penalties"} {
		var a, b, c bytes.Buffer
		o := Options{Rows: 3000, Seed: 7, Charset: "gb18030", Broken: 0.01}
		first, err := Generate(context.Background(), &a, "admin_penalties", o)
		if err != nil {
			t.Fatal(err)
		}
		Generate(context.Background(), &b, "admin_penalties", o)
		o.Seed = 8
		Generate(context.Background(), &c, "admin_penalties", o)
		if !bytes.Equal(a.Bytes(), b.Bytes()) || bytes.Equal(a.Bytes(), c.Bytes()) {
			t.Errorf("%s: want one file for one seed, and another for another", id)
		}
		var broken int64
		for _, n := range first.Broken {
			broken += n
		}
		if broken != 30 || len(first.Broken) < 5 {
			t.Errorf("%s: %d broken rows for %d reasons, want exactly 30 for at least 5", id, broken, len(first.Broken))
		}
	}
}

func TestMadeUpCodesAreValidAndNobodys(t *testing.T) {
	m := newMaker(Options{Rows: 1, Seed: 3}, nil, nil, nil)
	for range 1000 {
		code := m.uscc("91", "620102")
		if _, err := normalise.USCC(code); err != nil || code[8:10] != "YY" {
			t.Fatalf("%s: %v", code, err)
		}
		id := m.identity()
		if _, err := normalise.IDCard(id); err != nil || id[:6] != "629999" {
			t.Fatalf("%s: %v", id, err)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	for range b.N {
		if _, err := Generate(context.Background(), io.Discard, "admin_penalties", Options{Rows: 100_000, Seed: 1, Charset: "gb18030"}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*100_000/b.Elapsed().Seconds(), "rows/s")
}
