package decode

import (
	"fmt"
	"math/bits"
)

// Shift_JIS is decided on where kana stand in the text: they begin with bytes
// that GB2312 and Big5 do not use. EUC-JP and EUC-KR are read only when asked
// for, because short or repetitive Chinese columns are legal in them: 高雄市 in
// Big5 is two kanji and a katakana of EUC-JP.
const (
	// minJapanese is how many characters of two bytes are needed to tell, and
	// minKana how many different kana: one rare word of a column is no evidence.
	minJapanese = 12
	minKana     = 5
	// japaneseMargin is by how much the Chinese character sets must fit worse.
	// The file that this was tried on has 1.3 in its own, -2 in GB18030.
	japaneseMargin = 0.5
)

// japaneseFit is how well bytes read in Shift_JIS (code page 932).
type japaneseFit struct {
	kana   int64 // hiragana and katakana of two bytes
	first  int64 // kanji of the first level (JIS X 0208 rows 16-47)
	symbol int64
	rare   int64 // other characters, and sound marks on no kana
	bad    int64
	seen   [3]uint64 // which kana there are
}

func (f *japaneseFit) add(g japaneseFit) {
	f.kana += g.kana
	f.first += g.first
	f.symbol += g.symbol
	f.rare += g.rare
	f.bad += g.bad
	for i, s := range g.seen {
		f.seen[i] |= s
	}
}

func (f *japaneseFit) characters() int64 { return f.kana + f.first + f.symbol + f.rare + f.bad }

// score is comparable to that of a Chinese character set. Half-width katakana
// have no say: they are single bytes, which any Chinese text seems made of.
func (f *japaneseFit) score() float64 {
	n := float64(f.characters())
	if n == 0 {
		return -10
	}
	return (1.5*float64(f.kana) + float64(f.first) + 0.5*float64(f.symbol) - 2*float64(f.rare) - 8*float64(f.bad)) / n
}

// japanese reports whether the text is Shift_JIS beyond doubt: a twentieth of
// it kana of several kinds, the rest nearly all common, and no other reading near.
func (s *survey) japanese() bool {
	f := &s.shiftJIS
	kinds := 0
	for _, w := range f.seen {
		kinds += bits.OnesCount64(w)
	}
	n := f.characters()
	return n >= minJapanese && kinds >= minKana && f.kana*20 >= n && f.bad*50 <= n && f.rare*10 <= n && !s.latin.likely() &&
		f.score() >= max(minScore, s.gb18030.score()+japaneseMargin, s.big5.score()+japaneseMargin)
}

func (f *japaneseFit) evidence() string {
	return fmt.Sprintf("not UTF-8; read as shift_jis, %d of %d double-byte characters are kana and %d common kanji", f.kana, f.characters(), f.first)
}

// lookJapanese gathers the evidence for Shift_JIS.
func lookJapanese(b []byte) japaneseFit {
	var f japaneseFit
	for i := 0; i < len(b); i++ {
		lead := b[i]
		switch {
		case lead < 0x80:
		case lead >= 0xA1 && lead <= 0xDF:
			if lead >= 0xDE && (i == 0 || !takesMark(b[i-1])) {
				f.rare++
			}
		case i+1 == len(b) || b[i+1] < 0x40 || b[i+1] == 0x7F || b[i+1] > 0xFC:
			f.bad++
		default:
			i++
			f.count(lead, b[i])
		}
	}
	return f
}

// takesMark reports whether a half-width katakana may bear a sound mark.
func takesMark(kana byte) bool {
	return kana == 0xB3 || kana >= 0xB6 && kana <= 0xC4 || kana >= 0xCA && kana <= 0xCE
}

func (f *japaneseFit) count(lead, trail byte) {
	switch pair := uint16(lead)<<8 | uint16(trail); {
	case lead == 0x81, pair >= 0x824F && pair <= 0x829A, lead == 0x87:
		f.symbol++
	case pair >= 0x829F && pair <= 0x82F1:
		f.see(int(trail - 0x9F))
	case pair >= 0x8340 && pair <= 0x8396:
		f.see(int(0xF1 - 0x9F + 1 + trail - 0x40))
	case pair >= 0x889F && pair <= 0x9872:
		f.first++
	case pair >= 0x839F && pair <= 0x84BE, pair >= 0x989F && pair <= 0xEAA4, lead == 0xED, lead == 0xEE, lead >= 0xFA && lead <= 0xFC:
		f.rare++
	default:
		f.bad++
	}
}

func (f *japaneseFit) see(kana int) {
	f.kana++
	f.seen[kana/64] |= 1 << (kana % 64)
}
