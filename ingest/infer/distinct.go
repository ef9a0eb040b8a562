package infer

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// sketch counts distinct cells by the smallest of their hashes (k minimum
// values, Bar-Yossef et al. 2002): exact below keep, an estimate with a
// standard error of 3 % above. What it holds depends on the set of cells alone,
// not on their order, so that sketches can be merged.
type sketch struct {
	slots []uint64 // open addressing; 0 is free
	n     int
	limit uint64 // hashes above are not among the smallest
}

const keep = 1024

// add reports whether h is new among the smallest.
func (s *sketch) add(h uint64) bool {
	if h == 0 {
		h = 1
	}
	if s.slots == nil {
		s.slots, s.limit = make([]uint64, 16), math.MaxUint64
	}
	if h > s.limit {
		return false
	}
	mask := uint64(len(s.slots) - 1)
	i := h & mask
	for s.slots[i] != 0 {
		if s.slots[i] == h {
			return false
		}
		i = (i + 1) & mask
	}
	s.slots[i] = h
	if s.n++; s.n == 2*keep {
		s.prune()
	} else if 2*s.n > len(s.slots) {
		s.rehash(s.hashes(), 2*len(s.slots))
	}
	return true
}

// prune lets go of all but the smallest.
func (s *sketch) prune() {
	h := s.hashes()[:keep]
	s.limit = h[keep-1]
	s.rehash(h, len(s.slots))
}

// hashes returns what is held, in order.
func (s *sketch) hashes() []uint64 {
	h := make([]uint64, 0, s.n)
	for _, v := range s.slots {
		if v != 0 {
			h = append(h, v)
		}
	}
	slices.Sort(h)
	return h
}

func (s *sketch) rehash(hashes []uint64, size int) {
	s.slots, s.n = make([]uint64, size), len(hashes)
	mask := uint64(size - 1)
	for _, h := range hashes {
		i := h & mask
		for s.slots[i] != 0 {
			i = (i + 1) & mask
		}
		s.slots[i] = h
	}
}

func (s *sketch) merge(other *sketch) {
	for _, h := range other.slots {
		if h != 0 {
			s.add(h)
		}
	}
}

// count returns how many distinct hashes there were.
func (s *sketch) count() int64 {
	if s.n < keep {
		return int64(s.n)
	}
	high, _ := bits.Mul64(keep-1, math.MaxUint64)
	largest := s.hashes()[keep-1]
	estimate, _ := bits.Div64(high, math.MaxUint64-high, max(largest, high+1))
	return int64(min(estimate, math.MaxInt64))
}

// hash is a 64-bit hash of few instructions for short cells, after wyhash. It
// is the same on every run.
func hash(b []byte) uint64 {
	h, length := uint64(0xa0761d6478bd642f), uint64(len(b))
	for len(b) >= 8 {
		h = mix(h^binary.LittleEndian.Uint64(b), 0xe7037ed1a0b428db)
		b = b[8:]
	}
	var tail uint64
	switch n := len(b); {
	case n >= 4:
		tail = uint64(binary.LittleEndian.Uint32(b))<<32 | uint64(binary.LittleEndian.Uint32(b[n-4:]))
	case n > 0:
		tail = uint64(b[0])<<16 | uint64(b[n/2])<<8 | uint64(b[n-1])
	}
	return mix(mix(h^tail, 0x8ebc6af09c88c6e3), 0x589965cc75374cc3^length)
}

func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}
