// Package keys holds the keys that open datasets on a condition (有条件开放) to
// those who were granted them. A key is known by its hash alone.
package keys

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	_ "modernc.org/sqlite"

	"govdata/catalog"
)

// Key says whom a key was given to and what it opens.
type Key struct {
	// ID names the key without opening anything.
	ID       string       `json:"id"`
	Holder   string       `json:"holder"`
	Datasets []catalog.ID `json:"datasets"`
	Created  time.Time    `json:"created_at"`
	// Expires is zero for a key without end.
	Expires time.Time `json:"expires_at,omitzero"`
	Revoked time.Time `json:"revoked_at,omitzero"`
}

// Opens reports whether the key was granted for a dataset. A nil key opens nothing.
func (k *Key) Opens(id catalog.ID) bool { return k != nil && slices.Contains(k.Datasets, id) }

// Store is the SQLite file with the keys.
type Store struct{ db *sql.DB }

// Open opens the store at path, and makes it where there is none.
func Open(path string) (*Store, error) {
	// The file holds secrets: it exists before SQLite sees it, for its owner alone.
	if err := catalog.PrivateFile(path); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	_, err = db.Exec(`CREATE TABLE IF NOT EXISTS keys (
		id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, holder TEXT NOT NULL, datasets TEXT NOT NULL,
		created INTEGER NOT NULL, expires INTEGER NOT NULL, revoked INTEGER NOT NULL)`)
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("keys: %w", err)
	}
	return &Store{db}, nil
}

// OpenReadOnly opens a store that is there and cannot be written.
func OpenReadOnly(path string) (*Store, error) {
	// Without a log beside it that has to be read first, nothing is locked or made.
	mode := "?mode=ro&immutable=1"
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		mode = "?mode=ro"
	}
	db, err := sql.Open("sqlite", "file:"+path+mode)
	if err == nil {
		if _, err = db.Exec("SELECT count(*) FROM keys"); err != nil {
			db.Close()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return &Store{db}, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

const prefix = "gd_"

// Create makes a key and returns its secret, which is not kept. expires is zero
// for a key without end.
func (s *Store) Create(ctx context.Context, holder string, datasets []catalog.ID, expires time.Time) (secret string, k Key, err error) {
	if strings.TrimSpace(holder) == "" || len(datasets) == 0 {
		return "", k, fmt.Errorf("keys: a key needs a holder and at least one dataset: %w", catalog.ErrInvalid)
	}
	random := make([]byte, 25)
	rand.Read(random) // never fails
	secret = prefix + strings.ToLower(base32.StdEncoding.EncodeToString(random))
	hash := hashOf(secret)
	k = Key{ID: hash[:12], Holder: holder, Datasets: datasets, Created: time.Now().Truncate(time.Second), Expires: expires}
	var names []string
	for _, id := range datasets {
		names = append(names, string(id))
	}
	_, err = s.db.ExecContext(ctx, "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, 0)", k.ID, hash, holder, strings.Join(names, ","), k.Created.Unix(), seconds(expires))
	if err != nil {
		return "", k, fmt.Errorf("keys: %w", err)
	}
	return secret, k, nil
}

// Find returns the key of a secret. The error wraps catalog.ErrUnauthorized for
// one that is unknown, expired or revoked.
func (s *Store) Find(ctx context.Context, secret string) (*Key, error) {
	return s.one(ctx, "WHERE hash = ?", hashOf(secret))
}

// Get returns a key by its id, with the errors of Find.
func (s *Store) Get(ctx context.Context, id string) (*Key, error) {
	return s.one(ctx, "WHERE id = ?", id)
}

func (s *Store) one(ctx context.Context, where string, arg any) (*Key, error) {
	keys, err := s.list(ctx, where, arg)
	switch {
	case err != nil:
		return nil, err
	case len(keys) == 0:
		return nil, fmt.Errorf("no such key: %w", catalog.ErrUnauthorized)
	case !keys[0].Revoked.IsZero():
		return nil, fmt.Errorf("key %s was revoked: %w", keys[0].ID, catalog.ErrUnauthorized)
	case !keys[0].Expires.IsZero() && time.Now().After(keys[0].Expires):
		return nil, fmt.Errorf("key %s has expired: %w", keys[0].ID, catalog.ErrUnauthorized)
	}
	return &keys[0], nil
}

// List returns all keys, the newest first.
func (s *Store) List(ctx context.Context) ([]Key, error) {
	return s.list(ctx, "ORDER BY created DESC, id")
}

// Revoke ends a key by its id. The error wraps catalog.ErrNotFound where there
// is none that is in force.
func (s *Store) Revoke(ctx context.Context, id string) error {
	r, err := s.db.ExecContext(ctx, "UPDATE keys SET revoked = ? WHERE id = ? AND revoked = 0", time.Now().Unix(), id)
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, fmt.Errorf("key %q: %w", id, catalog.ErrNotFound))
	}
	return nil
}

func (s *Store) list(ctx context.Context, where string, args ...any) ([]Key, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, holder, datasets, created, expires, revoked FROM keys "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	defer rows.Close()
	var all []Key
	for rows.Next() {
		var k Key
		var datasets string
		var created, expires, revoked int64
		if err := rows.Scan(&k.ID, &k.Holder, &datasets, &created, &expires, &revoked); err != nil {
			return nil, fmt.Errorf("keys: %w", err)
		}
		for id := range strings.SplitSeq(datasets, ",") {
			k.Datasets = append(k.Datasets, catalog.ID(id))
		}
		k.Created, k.Expires, k.Revoked = moment(created), moment(expires), moment(revoked)
		all = append(all, k)
	}
	return all, rows.Err()
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func moment(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
