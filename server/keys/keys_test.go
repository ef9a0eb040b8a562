package keys

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"govdata/catalog"
)

func TestAKeyOpensWhatItWasGrantedForUntilItEnds(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "private", "keys.sqlite")
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	secret, made, err := s.Create(ctx, "兰州大学", []catalog.ID{"ppp_projects", "employment"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	old, _, err := s.Create(ctx, "某公司", []catalog.ID{"ppp_projects"}, time.Now().Add(-time.Second))
	if err != nil {
		t.Fatal(err)
	}
	k, err := s.Find(ctx, secret)
	if err != nil || !k.Opens("employment") || k.Opens("budgets") || k.Holder != "兰州大学" || (*Key)(nil).Opens("employment") {
		t.Errorf("found %+v, %v", k, err)
	}
	for why, secret := range map[string]string{"expired": old, "unknown": secret + "x", "empty": "", "the id": made.ID} {
		if _, err := s.Find(ctx, secret); !errors.Is(err, catalog.ErrUnauthorized) {
			t.Errorf("%s: %v", why, err)
		}
	}
	if err := s.Revoke(ctx, made.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Find(ctx, secret); !errors.Is(err, catalog.ErrUnauthorized) {
		t.Errorf("revoked: %v", err)
	}
	if err := s.Revoke(ctx, made.ID); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("revoked twice: %v", err)
	}
	if all, err := s.List(ctx); err != nil || len(all) != 2 {
		t.Errorf("list: %+v, %v", all, err)
	}
	for _, bad := range [][]catalog.ID{nil, {}} {
		if _, _, err := s.Create(ctx, "x", bad, time.Time{}); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("a key for nothing: %v", err)
		}
	}
	// The secret is nowhere in the files, and others may not read them.
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), secret[len(prefix):]) {
			t.Errorf("%s holds the secret", file)
		}
		if info, _ := os.Stat(file); info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s may be read by others: %v", file, info.Mode())
		}
	}
}
