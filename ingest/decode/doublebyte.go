package decode

import (
	"encoding/binary"
	"math/bits"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// How common a double-byte character is. A Chinese text read in its own
// character set consists of common ones; read in another, of rare ones.
const (
	classNone   uint8 = iota // not a character
	classRare                // in the extended and second-level areas
	classSymbol              // punctuation, full-width letters, kana
	classFirst               // the first-level area: GB2312 rows 16-55, Big5 A440-C67E
	classTop                 // one of the few hundred that most text consists of
	classCount  = iota
)

// minScore is the least score of a text in its own character set. The real
// Chinese files that this was tried on have 1.2 to 1.7 in their own, and
// less than 0.2 in the other; Latin-1 has less than -1.
const minScore = 0.6

// A text of fewer characters may score less, if they are all legal and nothing
// else speaks for it: a column of rare names, a single ℃.
const (
	fewCharacters = 50
	minScoreOfFew = -1.5
	// Of fewer characters still, one in 200 texts of four is decided wrongly; of
	// ten or more none was.
	veryFewCharacters = 10
)

// score is the evidence for a double-byte character set, a mean over the characters.
func (f *fit) score() float64 {
	n := float64(f.good + f.bad)
	if n == 0 {
		return -10
	}
	c := &f.classes
	return (2*float64(c[classTop]) + float64(c[classFirst]) + 0.5*float64(c[classSymbol]) -
		2*float64(c[classRare]) - 8*float64(f.bad)) / n
}

func (f *fit) common() int64 {
	return f.classes[classTop] + f.classes[classFirst] + f.classes[classSymbol]
}

// doubleByte is a character set whose characters have one or two bytes (and in
// GB18030 four). x/text decodes some 100 MB/s of them; through these tables it
// is several times as fast.
type doubleByte struct {
	label string
	enc   encoding.Encoding
	// utf8 holds the UTF-8 bytes of every double-byte character, first byte
	// lowest, 0 where there is none. Big5's four combined characters and
	// its supplementary ones fit into four bytes too.
	utf8  *[1 << 16]uint32
	class *[1 << 16]uint8
	// fourByte: a second byte of 0x30-0x39 begins a character of four.
	fourByte bool
}

var gb18030 = sync.OnceValue(func() *doubleByte {
	t := newDoubleByte("gb18030", simplifiedchinese.GB18030, func(lead, trail byte) uint8 {
		switch {
		case lead >= 0xB0 && lead <= 0xD7 && trail >= 0xA1:
			return classFirst
		case lead >= 0xA1 && lead <= 0xA3 && trail >= 0xA1:
			return classSymbol
		}
		return classRare
	})
	t.fourByte = true
	return t
})

var big5 = sync.OnceValue(func() *doubleByte {
	return newDoubleByte("big5", traditionalchinese.Big5, func(lead, trail byte) uint8 {
		switch {
		case lead >= 0xA4 && lead <= 0xC6:
			return classFirst
		case lead >= 0xA1 && lead <= 0xA3:
			return classSymbol
		}
		return classRare
	})
})

func newDoubleByte(label string, enc encoding.Encoding, classify func(lead, trail byte) uint8) *doubleByte {
	t := &doubleByte{label: label, enc: enc, utf8: new([1 << 16]uint32), class: new([1 << 16]uint8)}
	top := map[rune]bool{}
	for _, r := range topCharacters {
		top[r] = true
	}
	d := enc.NewDecoder()
	var dst [8]byte
	for lead := 0x81; lead <= 0xFE; lead++ {
		for trail := 0x40; trail <= 0xFE; trail++ {
			clear(dst[:])
			n, k, err := d.Transform(dst[:], []byte{byte(lead), byte(trail)}, true)
			if r, _ := utf8.DecodeRune(dst[:n]); err != nil || k != 2 || r == utf8.RuneError || n > 4 {
				continue
			} else if i := lead<<8 | trail; top[r] {
				t.class[i] = classTop
			} else {
				t.class[i] = classify(byte(lead), byte(trail))
			}
			t.utf8[lead<<8|trail] = binary.LittleEndian.Uint32(dst[:])
		}
	}
	return t
}

func (t *doubleByte) name() string     { return t.label }
func (t *doubleByte) cut(b []byte) int { return cutASCII(b) }

// examine counts the classes in the quarters of one word: counters in memory
// would make each character wait for the one before it.
func (t *doubleByte) examine(b []byte, off int64) fit {
	var f fit
	for i := 0; i < len(b); {
		var counts uint64
		for window := min(i+1<<16, len(b)); i < window; {
			if b[i] < utf8.RuneSelf {
				i += asciiRun(b[i:])
				continue
			}
			if i+1 < len(b) {
				if c := t.class[uint16(b[i])<<8|uint16(b[i+1])]; c != classNone {
					counts += 1 << (16 * (c - 1) & 63)
					i += 2
					continue
				}
			}
			r, n := t.odd(b[i:])
			if r == utf8.RuneError {
				f.fault(off+int64(i), b[i:i+n])
			} else {
				counts += 1 << (16 * (classRare - 1))
			}
			i += n
		}
		for c := classRare; c < classCount; c++ {
			n := int64(counts >> (16 * (c - 1)) & 0xFFFF)
			f.classes[c] += n
			f.good += n
		}
	}
	return f
}

func (t *doubleByte) decode(dst, b []byte) []byte {
	n := len(dst)
	dst = dst[:cap(dst)]
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			// Eight bytes at a time; what is no ASCII among them is written over.
			k := asciiRun(b[i:])
			if i+8 <= len(b) {
				binary.LittleEndian.PutUint64(dst[n:], binary.LittleEndian.Uint64(b[i:]))
			} else {
				copy(dst[n:], b[i:i+k])
			}
			n += k
			i += k
			continue
		}
		if i+1 < len(b) {
			if u := t.utf8[uint16(b[i])<<8|uint16(b[i+1])]; u != 0 {
				binary.LittleEndian.PutUint32(dst[n:], u)
				n += (bits.Len32(u) + 7) / 8
				i += 2
				continue
			}
		}
		r, k := t.odd(b[i:])
		n += utf8.EncodeRune(dst[n:], r)
		i += k
	}
	return dst[:n]
}

// asciiRun returns how many of the first eight bytes of b are ASCII before one
// that is not; near the end of b, at least one where the first is.
func asciiRun(b []byte) int {
	if len(b) < 8 {
		return 1
	}
	return bits.TrailingZeros64(binary.LittleEndian.Uint64(b)&0x8080808080808080) / 8
}

// odd decodes what is not in the table: GB18030's four-byte characters, the
// euro sign 0x80 of code page 936, or nothing legal (utf8.RuneError). After an
// illegal lead byte an ASCII byte stands for itself, so that no delimiter or
// line end is lost (WHATWG Encoding Standard, 10.2.1 and 11.1.1).
func (t *doubleByte) odd(b []byte) (rune, int) {
	if t.fourByte && b[0] == 0x80 {
		return '€', 1
	}
	if t.fourByte && len(b) >= 4 && b[1] >= 0x30 && b[1] <= 0x39 {
		var dst [8]byte
		n, k, err := t.enc.NewDecoder().Transform(dst[:], b[:4], true)
		if r, size := utf8.DecodeRune(dst[:n]); err == nil && k == 4 && size == n && r != utf8.RuneError {
			return r, 4
		}
	}
	if len(b) < 2 || b[1] < 0x80 {
		return utf8.RuneError, 1
	}
	return utf8.RuneError, 2
}

// highBytes counts the bytes over 0x7F.
func highBytes(b []byte) int {
	n := 0
	for ; len(b) >= 8; b = b[8:] {
		n += bits.OnesCount64(binary.LittleEndian.Uint64(b) & 0x8080808080808080)
	}
	for _, c := range b {
		n += int(c >> 7)
	}
	return n
}

// topCharacters are the most frequent characters of administrative Chinese,
// in simplified form and, where it differs, in traditional form.
const topCharacters = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处理府省市县区镇乡村街路号室楼单位名称编号代码日期时间地址电话类别备注金额元亿万合计序项目内容依据标准审批许可处罚决定书文号机关法定代表有限责任公司企业登记注册信用统一社会执法案件违罚款吊销警告没收行政相对人证照经营食品药监督局厅委办中心服务费收支预算执行财政局甘肃兰州北京上海台湾广东数据来源指标地区注单位年末城镇就业人口生产总值投资增长率" +
	"這為個國時來們對會發動過說產種後學經進著電裡現實與關數兩體機當點從業開還義間樣線內質氣變條沒結問無軍題黨員總設長頭資邊級圖統較將組見計別論運農幾區強決幹戰則據處縣鎮鄉號樓單稱編碼時間電話類備註額億萬計項標準審許罰書機關責企業登記執違警沒證經營藥監督廳辦務費財肅蘭灣廣數據來源臺灣臺北裝置容量瓩學校國民發電併聯設備場名發水力垃圾焚化沼氣商轉日期縣市鄰里巷弄段業者簽約"
