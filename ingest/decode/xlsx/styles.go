package xlsx

import "strings"

// dateKind is what a number format makes of a number.
type dateKind uint8

const (
	notDate dateKind = iota
	date
	clock
	elapsed // a duration: [h]:mm
)

// readStyles finds the cell styles that show numbers as dates.
func (w *Workbook) readStyles() error {
	if w.parts[w.paths.styles] == nil {
		return nil
	}
	var s struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Cells []struct {
			Format int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	if err := w.unmarshal(w.paths.styles, &s); err != nil {
		return err
	}
	custom := map[int]dateKind{}
	for _, f := range s.Formats {
		custom[f.ID] = kindOfFormat(f.Code)
	}
	for _, c := range s.Cells {
		kind, ok := custom[c.Format]
		if !ok {
			kind = builtin(c.Format)
		}
		w.dates = append(w.dates, kind)
	}
	return nil
}

// builtin formats are those of 18.8.30 of ECMA-376-1, with the ones that
// Chinese, Japanese and Korean editions add.
func builtin(id int) dateKind {
	switch {
	case id == 46:
		return elapsed
	case id >= 18 && id <= 21, id >= 32 && id <= 33, id == 45, id == 47:
		return clock
	case id >= 14 && id <= 22, id >= 27 && id <= 36, id >= 50 && id <= 58:
		return date
	}
	return notDate
}

// kindOfFormat reads a format code such as yyyy"年"m"月"d"日" or [h]:mm
// (18.8.31 of ECMA-376-1) by its first section, the one for positive numbers.
func kindOfFormat(code string) dateKind {
	letters, lasts := lettersOf(strings.ToLower(code))
	if strings.Contains(letters, "general") {
		return notDate
	}
	letters = strings.NewReplacer("am/pm", "", "a/p", "", "e+", "#", "e-", "#").Replace(letters)
	if i := strings.IndexAny(letters, "0#?"); i >= 0 {
		// Digits make a number, unless they are the fraction of a second.
		before := strings.TrimRight(letters[:i], ".")
		if !strings.HasSuffix(before, "s") && !(lasts && before == "") {
			return notDate
		}
	}
	hours := strings.ContainsAny(letters, "hs")
	switch {
	case lasts:
		return elapsed
	case strings.ContainsAny(letters, "yde"), strings.Contains(letters, "m") && !hours:
		return date
	case hours:
		return clock
	}
	return notDate
}

// lettersOf returns the first section of a format code without what it writes
// out or pads with, and whether it counts hours, minutes or seconds beyond
// their clock: [h].
func lettersOf(code string) (letters string, lasts bool) {
	var b strings.Builder
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case ';':
			return b.String(), lasts
		case '"', '[':
			end := byte('"')
			if c == '[' {
				end = ']'
			}
			n := strings.IndexByte(code[i+1:], end)
			if n < 0 {
				return b.String(), lasts
			}
			if c == '[' && n > 0 && strings.Trim(code[i+1:i+1+n], code[i+1:i+2]) == "" && strings.IndexByte("hms", code[i+1]) >= 0 {
				lasts = true
				b.WriteByte(code[i+1])
			}
			i += n + 1
		case '\\', '_', '*':
			i++
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), lasts
}
