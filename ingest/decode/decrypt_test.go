package decode

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// encrypted is a workbook with a password, as excelize writes it (agile encryption
// of ECMA-376).
func encrypted(t testing.TB, password string) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for cell, v := range map[string]any{"A1": "代码", "B1": "值", "A2": "001", "B2": 1.5} {
		if err := f.SetCellValue("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b, excelize.Options{Password: password}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAWorkbookWithExcelsOwnPasswordIsRead(t *testing.T) {
	s := mustOpen(t, "t.xlsx", encrypted(t, defaultPassword), Options{})
	wantRows(t, rowsOf(t, s), []record{{1, []string{"代码", "值"}}, {2, []string{"001", "1.5"}}})
	if s.Info().Format != "xlsx" || !strings.Contains(strings.Join(s.Info().Notes, ";"), "encrypted") {
		t.Errorf("found to be %+v", s.Info())
	}
}

func TestAWorkbookWithAPasswordIsRefused(t *testing.T) {
	whole := encrypted(t, "geheim")
	_, err := openBytes(t, "t.xlsx", whole, Options{})
	wantRefusal(t, err, ErrEncrypted)
	_, err = openBytes(t, "t.xlsx", encrypted(t, defaultPassword), Options{MaxBytes: 1000})
	wantRefusal(t, err, ErrEncrypted)
	// Damage is told, and never a panic.
	mine := encrypted(t, defaultPassword)
	for i := 512; i < len(mine); i += 97 {
		broken := bytes.Clone(mine)
		broken[i] ^= 0x5a
		s, err := openBytes(t, "t.xlsx", broken, Options{})
		if err == nil {
			_, err = readAll(s.Tables()[0])
		}
		if e := (*Error)(nil); err != nil && !errors.As(err, &e) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
}

// The files that departments' programs call .xls and .et, and what stands in them.
func TestFilesAreWhatTheirBytesAre(t *testing.T) {
	for name, want := range map[string]struct {
		format string
		rows   []record
	}{
		"e05.xls":  {"html", []record{{1, []string{"代码", "名称"}}, {2, []string{"001", "兰州 & 市"}}, {3, []string{"002", "酒泉"}}}},
		"n07.xls":  {"html", []record{{1, []string{"代码", "名称"}}, {2, []string{"001", "甲"}}}},
		"e06.xls":  {"spreadsheetml", []record{{1, []string{"代码", "名称"}}, {2, []string{"001", "兰州"}}, {3, []string{"", "酒泉"}}}},
		"j11.json": {"json", []record{{1, []string{"代码", "值"}}, {1, []string{"001", "1"}}, {1, []string{"002", "2"}}}},
	} {
		data, err := os.ReadFile(filepath.Join("testdata", "forms", name))
		if err != nil {
			t.Fatal(err)
		}
		s := mustOpen(t, name, data, Options{})
		if s.Info().Format != want.format {
			t.Errorf("%s is read as %s", name, s.Info().Format)
		}
		wantRows(t, rowsOf(t, s), want.rows)
	}
	book, err := os.ReadFile(filepath.Join("testdata", "workbook.xls"))
	if err != nil {
		t.Fatal(err)
	}
	if s := mustOpen(t, "表.et", book, Options{}); s.Info().Format != "xls" || len(s.Tables()) == 0 {
		t.Errorf("a workbook of WPS is read as %s", s.Info().Format)
	}
}
