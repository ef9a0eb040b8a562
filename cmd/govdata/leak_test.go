package main

import (
	"archive/zip"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"govdata/catalog"
	"govdata/datasets/synthetic"
	"govdata/ingest/normalise"
)

// The samples hold numbers and names of persons on purpose, in columns and in
// free text. None of them is in any file that is public.
func TestNoPersonIsInAnyPublicFile(t *testing.T) {
	data := demo(t).data
	cat, err := catalog.Open(data, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := cat.All()
	if err != nil {
		t.Fatal(err)
	}
	look := newLeaks()
	// Deputies and members act in public under their names; their numbers do not.
	inOffice := map[catalog.ID]bool{"proposal_outcomes": true}
	for _, current := range all {
		if !current.Dataset.Synthetic {
			continue // working_days and regions have nobody in them
		}
		look.onlyNumbers = inOffice[current.Dataset.ID]
		releases, err := cat.Releases(current.Dataset.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range releases {
			if r.Dataset.Queryable() {
				look.in(t, r.Ref().String()+" by SQL", must(t, exitDone, "query", `SELECT * FROM "`+r.Ref().String()+`"`, "--format", "jsonl", "--data", data))
			}
			for _, a := range r.Artefacts {
				if a.Format == "parquet" {
					continue // pages are compressed; the cells are those of the others
				}
				look.in(t, r.Ref().String()+"."+a.Format, plainText(t, r.Path(a), a.Format))
			}
			manifest, err := os.ReadFile(r.ManifestPath())
			if err != nil {
				t.Fatal(err)
			}
			look.in(t, r.Ref().String()+" manifest", digest.ReplaceAllString(string(manifest), ""))
			store, err := os.ReadFile(r.StorePath())
			if err != nil {
				t.Fatal(err)
			}
			// Codes of regions lie there one behind the other: only identity
			// numbers are no such row by chance.
			for _, n := range digitRun.FindAllString(string(store), -1) {
				if len(n) == 18 && isPersonal(n) {
					t.Errorf("%s store holds %s", r.Ref(), n)
				}
			}
		}
	}
	// The test can fail: what was sent does hold them.
	var raw strings.Builder
	if err := filepath.WalkDir(filepath.Join(cat.PrivateDir(), "archive"), func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		raw.Write(b)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if len(look.found(raw.String())) < 50 {
		t.Errorf("the samples hold %q and no more: there is nothing to hide", look.found(raw.String()))
	}
}

// plainText is a file as people see it.
func plainText(t *testing.T, path, format string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	switch {
	case format == "xlsx":
		z, err := zip.OpenReader(path)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		var b strings.Builder
		for _, part := range z.File {
			p, err := part.Open()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(&b, p); err != nil {
				t.Fatal(err)
			}
			p.Close()
		}
		return b.String()
	case strings.HasSuffix(format, ".gz"):
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	case strings.HasSuffix(format, ".zst"):
		z, err := zstd.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		r = z
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// leaks finds identity numbers, telephone numbers, bank cards and the names
// that the samples' persons have.
type leaks struct {
	names       *regexp.Regexp
	onlyNumbers bool
}

func newLeaks() leaks {
	surnames, given := synthetic.Names()
	given = slices.DeleteFunc(given, func(s string) bool { return len(s) < 6 }) // two characters: no other word by chance
	return leaks{names: regexp.MustCompile("(?:" + strings.Join(surnames, "|") + ")(?:" + strings.Join(given, "|") + ")")}
}

// digest is a hash, which may have eleven digits in succession by chance.
var digest = regexp.MustCompile(`[0-9a-f]{40,64}`)

var digitRun = regexp.MustCompile(`[0-9]{11,19}[Xx]?`)

func (l leaks) found(text string) []string {
	var all []string
	for _, at := range digitRun.FindAllStringIndex(text, -1) {
		if decimals := at[0] > 0 && text[at[0]-1] == '.'; !decimals && isPersonal(text[at[0]:at[1]]) {
			all = append(all, text[at[0]:at[1]])
		}
	}
	if l.onlyNumbers {
		return all
	}
	return append(all, l.names.FindAllString(text, -1)...)
}

func (l leaks) in(t *testing.T, where, text string) {
	t.Helper()
	for i, leak := range l.found(text) {
		if i == 5 {
			t.Errorf("%s: and more", where)
			break
		}
		at := strings.Index(text, leak)
		t.Errorf("%s holds %s, in %q", where, leak, strings.ToValidUTF8(text[max(0, at-40):min(len(text), at+60)], ""))
	}
}

// isPersonal reports whether digits are an identity number, a mobile number or
// a bank card.
func isPersonal(n string) bool {
	switch {
	case len(n) == 18 && n[0] != '0':
		_, err := normalise.IDCard(n)
		return err == nil
	case len(n) == 11 && n[0] == '1':
		return n[1] >= '3'
	case (len(n) == 16 || len(n) == 19) && strings.HasPrefix(n, "62"):
		sum := 0
		for i := range len(n) {
			d := int(n[len(n)-1-i] - '0')
			if i%2 == 1 {
				if d *= 2; d > 9 {
					d -= 9
				}
			}
			sum += d
		}
		return sum%10 == 0
	}
	return false
}
