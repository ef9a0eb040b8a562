package catalog

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// ID names a dataset: snake_case English, 2 to 63 characters, starting with a
// letter. It is a table name in SQL, a folder on disk and a segment of URLs,
// so nothing in it ever needs quoting.
type ID string

var releasePattern = regexp.MustCompile(`^[0-9]{8}-[0-9a-f]{12}$`)

// ParseID checks s and returns it as a dataset id, or an error that wraps
// ErrInvalid.
func ParseID(s string) (ID, error) {
	outside := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' }
	if len(s) < 2 || len(s) > 63 || s[0] < 'a' || s[0] > 'z' || strings.ContainsFunc(s, outside) {
		return "", fmt.Errorf("dataset id %q: want 2-63 of a-z, 0-9 and _, starting with a letter: %w", s, ErrInvalid)
	}
	return ID(s), nil
}

// ReleaseID names one release of a dataset: the day it was published, in the
// site's time zone, and the first 12 hex digits of its content hash, as in
// 20261123-3fa9c2d1e0b4. It sorts by day and never means other content.
type ReleaseID string

// ParseReleaseID checks s and returns it as a release id, or an error that
// wraps ErrInvalid.
func ParseReleaseID(s string) (ReleaseID, error) {
	if !releasePattern.MatchString(s) {
		return "", fmt.Errorf("release id %q: want YYYYMMDD-xxxxxxxxxxxx: %w", s, ErrInvalid)
	}
	return ReleaseID(s), nil
}

// NewReleaseID makes the id of content (64 hex digits of SHA-256) published at t.
// t carries the site's time zone.
func NewReleaseID(t time.Time, content string) ReleaseID {
	return ReleaseID(t.Format("20060102") + "-" + content[:12])
}

// Ref points at a dataset and, if Release is not empty, pins one release of it.
type Ref struct {
	Dataset ID
	Release ReleaseID
}

// ParseRef reads "id" or "id@release".
func ParseRef(s string) (Ref, error) {
	name, release, pinned := strings.Cut(s, "@")
	id, err := ParseID(name)
	if err != nil {
		return Ref{}, err
	}
	if !pinned {
		return Ref{Dataset: id}, nil
	}
	rid, err := ParseReleaseID(release)
	if err != nil {
		return Ref{}, err
	}
	return Ref{Dataset: id, Release: rid}, nil
}

// String gives the form that ParseRef reads.
func (r Ref) String() string {
	if r.Release == "" {
		return string(r.Dataset)
	}
	return string(r.Dataset) + "@" + string(r.Release)
}
