package numfmt

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// Plain reports whether a number is stored as it should read: digits, and not
// so many that they are the noise of a double.
func Plain(raw []byte) bool {
	digits, point := 0, false
	for _, c := range raw {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '.':
			point = true
		case c != '-':
			return false
		}
	}
	return digits <= 15 || !point
}

// AppendNumber appends a number in plain notation, to the 15 digits that a
// spreadsheet shows. What is no number stays as it is.
func AppendNumber(dst, raw []byte) []byte {
	v, err := strconv.ParseFloat(string(bytes.TrimSpace(raw)), 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return append(dst, raw...)
	}
	return appendRounded(dst, v)
}

// AppendFloat appends a finite number in plain notation: a whole one to its
// last digit as far as doubles are exact, others to 15 digits.
func AppendFloat(dst []byte, v float64) []byte {
	const exact = 1 << 53
	if v == math.Trunc(v) && math.Abs(v) < exact {
		return strconv.AppendInt(dst, int64(v), 10)
	}
	return appendRounded(dst, v)
}

func appendRounded(dst []byte, v float64) []byte {
	var b [32]byte
	if short, err := strconv.ParseFloat(string(strconv.AppendFloat(b[:0], v, 'g', 15, 64)), 64); err == nil {
		v = short // the largest doubles have none
	}
	return strconv.AppendFloat(dst, v, 'f', -1, 64)
}

// Epoch1904 is how many days a serial of the 1904 system is behind one of the
// 1900 system.
const Epoch1904 = 1462

// Serials of the 1900 system.
const (
	endOfTime = 2958466 // the day after 9999-12-31
	noLeapDay = 60      // 29 February 1900, which never was (18.17.4.1 of ECMA-376-1)
)

// AppendDate appends a serial, of the system that begins epoch days later, as ISO text: 2006-01-02, 2006-01-02T15:04:05 if
// it has a time, 15:04:05 if it is a time alone, 36:00:00 for a duration;
// thousandths of a second where there are any. It reports false, and appends
// nothing, for what is no date in its format.
func AppendDate(dst []byte, serial, epoch float64, kind Kind) ([]byte, bool) {
	if !(serial >= 0 && serial < endOfTime) {
		return dst, false
	}
	days := int64(serial)
	millis := int64(math.Round((serial - math.Floor(serial)) * 86400e3))
	if millis >= 86400e3 {
		days, millis = days+1, 0
	}
	if kind == Elapsed {
		return AppendClock(dst, days*86400e3+millis), true
	}
	if days == 0 && (kind == Clock || millis > 0) {
		return AppendClock(dst, millis), true
	}
	switch days += int64(epoch); {
	case days == 0 || days >= endOfTime:
		return dst, false
	case days == noLeapDay: // as the sheet shows it; no calendar has it
		dst = append(dst, "1900-02-29"...)
	default:
		if days < noLeapDay {
			days++
		}
		const unixEpoch = 25569
		dst = time.Unix((days-unixEpoch)*86400, 0).UTC().AppendFormat(dst, time.DateOnly)
	}
	if millis > 0 {
		dst = AppendClock(append(dst, 'T'), millis)
	}
	return dst, true
}

// AppendClock appends a time or a duration: 15:04:05, 36:00:00, 00:00:00.500.
func AppendClock(dst []byte, millis int64) []byte {
	two := func(n int64) { dst = append(dst, byte('0'+n/10), byte('0'+n%10)) }
	if hours := millis / 3600e3; hours < 100 {
		two(hours)
	} else {
		dst = strconv.AppendInt(dst, hours, 10)
	}
	dst = append(dst, ':')
	two(millis / 60e3 % 60)
	dst = append(dst, ':')
	two(millis / 1e3 % 60)
	if ms := millis % 1e3; ms > 0 {
		dst = append(dst, '.', byte('0'+ms/100))
		two(ms % 100)
	}
	return dst
}
