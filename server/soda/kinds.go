package soda

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"govdata/catalog"
)

// kind is a type of SoQL.
type kind string

// The types that values can have here; kindNull is that of NULL alone.
const (
	kindNull     kind = "null"
	kindText     kind = "text"
	kindNumber   kind = "number"
	kindBoolean  kind = "boolean"
	kindFloating kind = "floating_timestamp"
	kindFixed    kind = "fixed_timestamp"
	kindRow      kind = "row_identifier"
)

// kindOf is the type of a field.
func kindOf(t catalog.Type) kind {
	switch t {
	case catalog.TypeText:
		return kindText
	case catalog.TypeDate, catalog.TypeTimestamp:
		return kindFloating
	case catalog.TypeBoolean:
		return kindBoolean
	}
	return kindNumber
}

// viewName is the name of a type in metadata: of the columns of /api/views, and
// for people.
func (k kind) viewName() (name, label string) {
	switch k {
	case kindNumber:
		return "number", "Number"
	case kindBoolean:
		return "checkbox", "Checkbox"
	case kindFloating:
		return "calendar_date", "Calendar date"
	}
	return "text", "Text"
}

// castNames are the types that :: takes.
var castNames = map[string]kind{
	"text": kindText, "number": kindNumber, "boolean": kindBoolean, "checkbox": kindBoolean,
	"floating_timestamp": kindFloating, "calendar_date": kindFloating, "fixed_timestamp": kindFixed,
}

var numeral = regexp.MustCompile(`^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,4}))?$`)

// numberOf reads the text of a number: what to bind for it, and the SQL type
// that holds every digit of it. Numbers of more than 38 digits are doubles.
func numberOf(text string) (value, sqlType string, ok bool) {
	m := numeral.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil || m[2]+m[3] == "" {
		return "", "", false
	}
	exponent, _ := strconv.Atoi(m[4])
	digits, scale := strings.TrimLeft(m[2]+m[3], "0"), len(m[3])-exponent
	sign := strings.TrimPrefix(m[1], "+")
	switch {
	case digits == "":
		return "0", "BIGINT", true
	case scale < 0 && len(digits)-scale <= 38:
		digits, scale = digits+strings.Repeat("0", -scale), 0
	}
	if scale < 0 || scale > 38 || len(digits) > 38 {
		f, err := strconv.ParseFloat(m[0], 64)
		if err != nil || math.IsInf(f, 0) {
			return "", "", false
		}
		return strings.TrimPrefix(m[0], "+"), "DOUBLE", true
	}
	if scale == 0 {
		if _, err := strconv.ParseInt(sign+digits, 10, 64); err == nil {
			return sign + digits, "BIGINT", true
		}
		return sign + digits, "DECIMAL(38,0)", true
	}
	if len(digits) <= scale {
		digits = strings.Repeat("0", scale+1-len(digits)) + digits
	}
	whole, fraction := digits[:len(digits)-scale], digits[len(digits)-scale:]
	precision := min(38, max(len(strings.TrimLeft(whole, "0"))+scale, scale, 1))
	return sign + whole + "." + fraction, "DECIMAL(" + strconv.Itoa(precision) + "," + strconv.Itoa(scale) + ")", true
}

// stampForms are the notations of times; the zone is read apart.
var stampForms = []string{"2006-01-02T15:04:05.999999", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05.999999", "2006-01-02 15:04", "2006-01-02"}

// floatingOf reads a time of the wall clock.
func floatingOf(text string) (time.Time, bool) {
	for _, form := range stampForms {
		if t, err := time.Parse(form, text); err == nil && t.Year() >= 1 {
			return t, true
		}
	}
	return time.Time{}, false
}

// fixedOf reads a moment, which is in UTC where it names no zone.
func fixedOf(text string) (time.Time, bool) {
	for _, form := range stampForms {
		for _, zone := range []string{"Z07:00", "Z0700", ""} {
			if t, err := time.Parse(form+zone, text); err == nil {
				return t.UTC(), true
			}
		}
	}
	return time.Time{}, false
}

func midnight(t time.Time) bool { return t.Equal(t.Truncate(24 * time.Hour)) }

const sqlStamp = "2006-01-02 15:04:05.999999"

// rowPrefix begins the row identifiers; behind it stands the number of the row in
// its release, with as many digits as make texts sort as numbers do.
const (
	rowPrefix = "row-"
	rowDigits = 12
)

// rowOf reads a row identifier.
func rowOf(text string) (string, bool) {
	digits, ok := strings.CutPrefix(text, rowPrefix)
	if !ok || len(digits) != rowDigits {
		return "", false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 {
		return "", false
	}
	return strconv.FormatInt(n, 10), true
}
