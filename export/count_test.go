package export

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// The ends of rows are counted wherever reads happen to break.
func TestRowEndsAreCountedAcrossReads(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	parts := []string{"</row>", "</row", "w", "<row>", "</ro", "ww", "兰州", ">", "</row></row>", strings.Repeat("x", 50), "wow </rowx>"}
	for range 200 {
		var b bytes.Buffer
		for range random.IntN(400) {
			b.WriteString(parts[random.IntN(len(parts))])
		}
		want := int64(bytes.Count(b.Bytes(), rowEnd))
		if n, err := countRowEnds(bytes.NewReader(b.Bytes())); err != nil || n != want {
			t.Fatalf("%d %v, want %d", n, err, want)
		}
		if n, err := countRowEnds(iotest.OneByteReader(bytes.NewReader(b.Bytes()))); err != nil || n != want {
			t.Fatalf("by single bytes %d %v, want %d", n, err, want)
		}
	}
	long := strings.Repeat("<row><c/></row>", 200_000)
	if n, err := countRowEnds(iotest.HalfReader(strings.NewReader(long))); err != nil || n != 200_000 {
		t.Errorf("%d %v", n, err)
	}
}
