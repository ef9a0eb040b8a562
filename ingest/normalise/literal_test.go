package normalise

import "testing"

func TestTheMarksOfSpreadsheetTextsGo(t *testing.T) {
	for cell, want := range map[string]string{
		`="001"`: "001", `="0001234"`: "0001234", `="a""b"`: `a"b`, `="91620104YYHJW9DNXH"`: "91620104YYHJW9DNXH", "'001": "001", "'-5": "-5", `'="x"`: `="x"`,
		`="a"&"b"`: `="a"&"b"`, "=SUM(A1)": "=SUM(A1)", "='x'": "='x'", "'quoted'": "'quoted'", "'t is": "'t is", "'": "'", `="`: `="`, `=""`: "", "": "", "'7 of '8": "'7 of '8",
	} {
		if got := Literal(cell); got != want {
			t.Errorf("%s: found %q, want %q", cell, got, want)
		}
	}
}

func TestDigitsInChineseNumeralsStay(t *testing.T) {
	for cell, want := range map[string]string{
		"八五０农场": "八五０农场", "一九五０年代": "一九五０年代", "１２３号": "123号", "Ａ座０１": "A座01", "〔２０２６〕１号": "〔2026〕1号", "第０号": "第0号",
	} {
		if got := Clean(cell); got != want {
			t.Errorf("%s: found %q, want %q", cell, got, want)
		}
	}
}

func FuzzLiteral(f *testing.F) {
	for _, s := range []string{`="001"`, "'001", `="a""b"`, "=", `="`, "'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := Literal(s); len(got) > len(s) {
			t.Errorf("%q became %q", s, got)
		}
	})
}
