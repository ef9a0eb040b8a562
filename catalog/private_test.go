package catalog

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestPrivateFilesAreForTheirOwnerAlone(t *testing.T) {
	c, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"exports", "archive/ab", "records/things/x", "staging/things-1/release", "locks"} {
		if err := os.MkdirAll(filepath.Join(c.PrivateDir(), dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var files []string
	for _, name := range []string{"keys.sqlite", "keys.sqlite-wal", "exports/jobs.sqlite", "exports/abc.csv", "archive/ab/ab12", "records/things/x/rejects.csv", "locks/things"} {
		path := filepath.Join(c.PrivateDir(), name)
		if err := os.WriteFile(path, []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	for _, open := range []fs.FileMode{0o644, 0o666, 0o640, 0o604, 0o777} {
		for _, path := range files {
			if err := os.Chmod(path, open); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.SecurePrivate(); err != nil {
			t.Fatal(err)
		}
		filepath.WalkDir(c.PrivateDir(), func(path string, e fs.DirEntry, err error) error {
			info, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Base(path) == "release" {
				if info.Mode().Perm() != 0o755 {
					t.Errorf("%s became %v: it is to be published", path, info.Mode())
				}
				return nil
			}
			if info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s is %v", path, info.Mode())
			}
			return nil
		})
	}
	// A file that state lies in is closed before SQLite sees it.
	path := filepath.Join(c.PrivateDir(), "new", "jobs.sqlite")
	if err := PrivateFile(path); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, filepath.Dir(path)} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	for _, name := range []string{path, path + "-wal"} {
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := PrivateFile(path); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}
