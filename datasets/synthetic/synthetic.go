// Package synthetic makes files as departments would send them, with made-up
// rows (示例数据): the same file for the same seed. Codes keep their check
// digits, but the organisation part begins with YY and identity numbers with
// 629999, which are given to nobody.
package synthetic

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"govdata/catalog"
)

// Options say what file to make.
type Options struct {
	Rows int64
	Seed int64
	// Charset of a CSV file: utf-8 or gb18030.
	Charset string
	// Format is csv or xlsx.
	Format string
	// Broken is the share of rows, 0 to 1, that break a rule.
	Broken float64
}

// Summary says what was made. Broken counts rows by the rule they break.
type Summary struct {
	Rows   int64
	Broken map[string]int64
}

// Generate writes a file of the dataset, in the form of the national exchange
// of 2018: admin_permits or admin_penalties.
func Generate(ctx context.Context, w io.Writer, id catalog.ID, o Options) (Summary, error) {
	var m *maker
	switch id {
	case "admin_penalties":
		m = newMaker(o, penaltyHeader, (*maker).penalty, []string{"bad_check_digit", "no_such_day", "missing", "not_in_list", "not_a_number", "duplicate_key"})
	case "admin_permits":
		m = newMaker(o, permitHeader, (*maker).permit, []string{"bad_check_digit", "no_such_day", "missing", "not_in_list", "duplicate_key"})
	default:
		return Summary{}, fmt.Errorf("synthetic %s: there are admin_permits and admin_penalties: %w", id, catalog.ErrInvalid)
	}
	if err := m.write(ctx, w); err != nil {
		return Summary{}, fmt.Errorf("synthetic %s: %w", id, err)
	}
	return Summary{Rows: o.Rows, Broken: m.counts}, nil
}

// maker makes the rows of one file one after the other.
type maker struct {
	o      Options
	header []string
	make   func(m *maker, broken string)
	rng    *rand.Rand
	world  *world

	reasons []string
	broken  int64 // rows to break in all
	done    int64 // broken so far
	counts  map[string]int64

	n    int64 // of the row, from 1
	row  []string
	last struct{ number, agency string } // of the last sound row
}

func newMaker(o Options, header []string, make func(*maker, string), reasons []string) *maker {
	return &maker{
		o: o, header: header, make: make, reasons: reasons, world: theWorld(),
		rng:    rand.New(rand.NewPCG(uint64(o.Seed), 0x676f7664617461)),
		broken: int64(math.Round(float64(o.Rows) * o.Broken)),
		counts: map[string]int64{},
	}
}

// next makes a row. The broken ones are spread evenly, their reasons in turn.
func (m *maker) next() []string {
	m.n++
	broken := ""
	if m.done < m.broken && m.n > (2*m.done+1)*m.o.Rows/(2*m.broken) {
		broken = m.reasons[m.done%int64(len(m.reasons))]
		if broken == "duplicate_key" && m.last.number == "" {
			broken = m.reasons[0]
		}
		m.done++
		m.counts[broken]++
	}
	m.row = m.row[:0]
	m.make(m, broken)
	return m.row
}

func (m *maker) write(ctx context.Context, w io.Writer) error {
	switch {
	case m.o.Format == "xlsx":
		return m.writeXLSX(ctx, w)
	case m.o.Format != "csv" && m.o.Format != "":
		return fmt.Errorf("format %q: want csv or xlsx: %w", m.o.Format, catalog.ErrInvalid)
	}
	encode := func(b []byte) ([]byte, error) { return b, nil }
	switch strings.ToLower(m.o.Charset) {
	case "", "utf-8", "utf8":
	case "gb18030":
		encode = simplifiedchinese.GB18030.NewEncoder().Bytes
	default:
		return fmt.Errorf("charset %q: want utf-8 or gb18030: %w", m.o.Charset, catalog.ErrInvalid)
	}
	out := bufio.NewWriterSize(w, 1<<20)
	buf := appendRecord(nil, m.header)
	for i := int64(1); i <= m.o.Rows; i++ {
		buf = appendRecord(buf, m.next())
		if len(buf) < 1<<19 && i < m.o.Rows {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := encode(buf)
		if err != nil {
			return err
		}
		if _, err := out.Write(b); err != nil {
			return err
		}
		buf = buf[:0]
	}
	return out.Flush()
}

// appendRecord writes one CSV record with the line end that Windows programs use.
func appendRecord(buf []byte, row []string) []byte {
	for i, cell := range row {
		if i > 0 {
			buf = append(buf, ',')
		}
		if strings.ContainsAny(cell, ",\"\n") {
			buf = append(buf, '"')
			buf = append(buf, strings.ReplaceAll(cell, `"`, `""`)...)
			buf = append(buf, '"')
			continue
		}
		buf = append(buf, cell...)
	}
	return append(buf, '\r', '\n')
}

func (m *maker) writeXLSX(ctx context.Context, w io.Writer) error {
	f := excelize.NewFile()
	defer f.Close()
	s, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	write := func(n int64, row []string) error {
		cells := make([]any, len(row))
		for i, c := range row {
			if c != "" {
				cells[i] = c
			}
		}
		return s.SetRow("A"+strconv.FormatInt(n, 10), cells)
	}
	if err := write(1, m.header); err != nil {
		return err
	}
	for i := int64(1); i <= m.o.Rows; i++ {
		if i%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := write(i+1, m.next()); err != nil {
			return err
		}
	}
	if err := s.Flush(); err != nil {
		return err
	}
	return f.Write(w)
}

func (m *maker) add(cells ...string) { m.row = append(m.row, cells...) }

func pick[T any](m *maker, from []T) T { return from[m.rng.IntN(len(from))] }

// weighted picks an index, the first ones more often.
func (m *maker) weighted(n int) int {
	return min(n-1, int(float64(n)*math.Pow(m.rng.Float64(), 2.2)))
}

func (m *maker) day() int { return m.weightedLate(len(m.world.days)) }

func (m *maker) weightedLate(n int) int {
	return n - 1 - min(n-1, int(float64(n)*math.Pow(m.rng.Float64(), 1.4)))
}

// party makes a party: name, kind, credit code, representative, identity number.
func (m *maker) party(r region, broken string) (name, kind, uscc, person, id string) {
	person = pick(m, surnames) + pick(m, givenNames)
	switch p := m.rng.IntN(100); {
	case p < 12:
		kind, name = "自然人", person
		if broken != "bad_check_digit" {
			return name, kind, "", "", m.identity()
		}
		fallthrough
	case p < 34:
		kind = "个体工商户"
		name = r.full + pick(m, tradeNames) + pick(m, shops)
		uscc = m.uscc("92", r.code)
	default:
		kind = "法人及非法人组织"
		name = r.city + pick(m, tradeNames) + pick(m, tradeNames) + pick(m, industries) + "有限公司"
		uscc = m.uscc("91", r.code)
	}
	if broken == "bad_check_digit" {
		wrong := byte('0')
		if uscc[17] == '0' {
			wrong = '1'
		}
		uscc = uscc[:17] + string(wrong)
	}
	return name, kind, uscc, person, m.identity()
}

// fine is log-normal, in steps of 100 yuan, given in 万元.
func (m *maker) fine() float64 {
	yuan := math.Exp(8.6 + 1.3*m.rng.NormFloat64())
	return math.Max(100, math.Min(5e6, math.Round(yuan/100)*100)) / 1e4
}

func tenThousands(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

var penaltyHeader = []string{"CF_XDR_MC", "CF_XDR_LB", "CF_XDR_SHXYM", "CF_FRDB", "CF_WSH", "CF_WFXW", "CF_SY", "CF_YJ", "CF_CFLB", "CF_NR",
	"CF_NR_FK", "CF_NR_WFFF", "CF_JDRQ", "CF_GSJZQ", "CF_CFJG", "CF_CFJGDM", "DFBM", "CF_JJQD", "BZ", "公示日期"}

func (m *maker) penalty(broken string) {
	r := m.world.regions[m.weighted(len(m.world.regions))]
	a := agencies[m.weighted(len(agencies))]
	agency := r.full + a.name
	name, kind, uscc, person, _ := m.party(r, broken)
	v := a.violations[m.weighted(len(a.violations))]
	at := m.day()
	day := m.world.days[at]
	number := fmt.Sprintf("%s%s罚〔%s〕%d号", r.short, a.short, day[:4], m.n)
	if broken == "duplicate_key" {
		number, agency = m.last.number, m.last.agency
	} else if broken != "missing" && broken == "" {
		m.last.number, m.last.agency = number, agency
	}
	kinds, result := "罚款", ""
	fine, confiscated := m.fine(), 0.0
	switch p := m.rng.IntN(100); {
	case p < 18:
		kinds, fine = "警告", 0
	case p < 34:
		kinds, confiscated = "罚款;没收违法所得", m.fine()/3
		confiscated = math.Round(confiscated*1e4) / 1e4
	case p < 40:
		kinds = "警告；罚款"
	case p < 42:
		kinds = "罚款;责令停产停业"
	case p < 44:
		kinds, fine = "通报批评", 0
	}
	amount, taken := "", ""
	if fine > 0 {
		amount = tenThousands(fine)
		result = "处以罚款" + strconv.FormatFloat(math.Round(fine*1e4), 'f', -1, 64) + "元"
	}
	if confiscated > 0 {
		taken = tenThousands(confiscated)
	}
	if result == "" {
		result = kinds
	}
	facts := "经查，当事人" + v.facts
	if m.rng.IntN(200) == 0 {
		facts += "（联系电话13800138000）"
	}
	decided := day
	switch broken {
	case "no_such_day":
		decided = day[:4] + "-02-30"
	case "missing":
		number = ""
	case "not_in_list":
		kinds = "口头教育"
	case "not_a_number":
		amount = "约三万"
	}
	m.add(name, kind, uscc, person, number, v.kind, facts, v.basis, kinds, result, amount, taken,
		decided, strconv.Itoa(int(day[2]-'0')*10+int(day[3]-'0')+2003)+day[4:8]+"01", agency, m.agencyCode(r, a), r.code, remedy, "示例数据", m.announced(at, a.code))
}

// announced is the day on which the department shows a decision of the given
// working day: mostly within seven working days, some departments later.
func (m *maker) announced(decided int, agency string) string {
	after := 1 + m.rng.IntN(7)
	if m.rng.IntN(100) < 3+3*int(agency[0]-'1') {
		after = 8 + m.rng.IntN(20)
	}
	if decided+after >= len(m.world.days) {
		return ""
	}
	return m.world.days[decided+after]
}

const remedy = "可在六十日内申请行政复议，或者在六个月内提起行政诉讼"

var permitHeader = []string{"XK_XDR_MC", "XK_XDR_LB", "XK_XDR_SHXYM", "XK_FRDB", "XK_FR_SFZH", "XK_XKWS", "XK_WSH", "XK_XKLB", "XK_XKZS", "XK_XKBH",
	"XK_NR", "XK_JDRQ", "XK_YXQZ", "XK_YXQZI", "XK_XKJG", "XK_XKJGDM", "DFBM", "XK_ZT", "BZ", "公示日期"}

func (m *maker) permit(broken string) {
	r := m.world.regions[m.weighted(len(m.world.regions))]
	p := permits[m.weighted(len(permits))]
	agency := r.full + p.agency
	name, kind, uscc, person, id := m.party(r, broken)
	at := m.day()
	day := m.world.days[at]
	number := fmt.Sprintf("%s%s许〔%s〕%d号", r.short, p.short, day[:4], m.n)
	if broken == "duplicate_key" {
		number, agency = m.last.number, m.last.agency
	} else if broken == "" {
		m.last.number, m.last.agency = number, agency
	}
	until := strconv.Itoa(int(day[2]-'0')*10+int(day[3]-'0')+2000+p.years) + day[4:8] + "01"
	if p.years == 0 {
		until = "长期"
	}
	decided, category := day, p.kind
	switch broken {
	case "no_such_day":
		decided = day[:4] + "-11-31"
	case "missing":
		number = ""
	case "not_in_list":
		category = "备案"
	}
	m.add(name, kind, uscc, person, id, p.item+"决定书", number, category, p.certificate, fmt.Sprintf("JY%s%09d", r.code, m.n),
		p.item, decided, day, until, agency, m.agencyCode(r, agency0(p)), r.code, "有效", "示例数据", m.announced(at, p.code))
}
