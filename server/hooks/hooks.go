// Package hooks tells other people's programs of new releases: a POST to each
// address that an operator has noted down, signed after the Standard Webhooks
// specification (standardwebhooks.com), and again until it is taken.
//
// What is to be told lies in a file before it is sent, so that neither a restart
// nor a crash loses any of it. A message can arrive twice, then under the same
// webhook-id.
package hooks

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite"

	"govdata/catalog"
)

// Hook is an address that wants to be told.
type Hook struct {
	ID  string
	URL string
	// Datasets that it is told of; none: all.
	Datasets []catalog.ID
	// Private lets it lie in a private network, and be plain http.
	Private bool
	Created time.Time
	// Ended is when the address said that it is gone for good (410); zero: it has not.
	Ended time.Time

	key []byte
}

// wants reports whether the hook is told of a dataset.
func (h *Hook) wants(id catalog.ID) bool {
	return len(h.Datasets) == 0 || slices.Contains(h.Datasets, id)
}

// The states of a message.
const (
	Pending   = "pending"
	Delivered = "delivered"
	Failed    = "failed"
)

// Delivery is one message to one hook, and what became of it.
type Delivery struct {
	// ID is the webhook-id.
	ID, Hook string
	Dataset  catalog.ID
	Release  catalog.ReleaseID
	Created  time.Time
	State    string
	Attempts int
	// Answer is what the last attempt ended in.
	Answer string
	// Next is when it is tried again, Done when it was settled; else zero.
	Next, Done time.Time

	body []byte
}

// Store is the SQLite file with the hooks and their messages.
type Store struct {
	db   *sql.DB
	path string
}

// Open opens the store at path, and makes it where there is none.
func Open(path string) (*Store, error) {
	// The file holds secrets: it exists before SQLite sees it, for its owner alone.
	if err := catalog.PrivateFile(path); err != nil {
		return nil, fmt.Errorf("hooks: %w", err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("hooks: %w", err)
	}
	_, err = db.Exec(`
		CREATE TABLE IF NOT EXISTS hooks (
			id TEXT PRIMARY KEY, url TEXT NOT NULL, datasets TEXT NOT NULL, private INTEGER NOT NULL, key BLOB NOT NULL,
			created INTEGER NOT NULL, ended INTEGER NOT NULL);
		-- How many of a dataset's events a hook has been told of.
		CREATE TABLE IF NOT EXISTS told (hook TEXT NOT NULL, dataset TEXT NOT NULL, events INTEGER NOT NULL, PRIMARY KEY (hook, dataset));
		CREATE TABLE IF NOT EXISTS deliveries (
			id TEXT PRIMARY KEY, hook TEXT NOT NULL, dataset TEXT NOT NULL, release TEXT NOT NULL, body BLOB NOT NULL, created INTEGER NOT NULL,
			state TEXT NOT NULL, attempts INTEGER NOT NULL, answer TEXT NOT NULL, next INTEGER NOT NULL, done INTEGER NOT NULL);
		CREATE INDEX IF NOT EXISTS due ON deliveries (state, next)`)
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("hooks: %w", err)
	}
	return &Store{db, path}, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

const secretPrefix = "whsec_"

// NewSecret makes a secret of 32 random bytes.
func NewSecret() string {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// parseSecret reads whsec_ and 24 to 64 bytes in base64, as the specification has it.
func parseSecret(secret string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, fmt.Errorf("the secret is not %s and 24 to 64 bytes in base64: %w", secretPrefix, catalog.ErrInvalid)
	}
	return key, nil
}

// sign gives the value of webhook-signature.
func sign(key []byte, id string, at time.Time, body []byte) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// parseURL checks the address of a hook.
func parseURL(address string, private bool) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("hook %q: want an address as https://example.org/path: %w", address, catalog.ErrInvalid)
	case u.User != nil || u.Fragment != "":
		return fmt.Errorf("hook %q: want no user and no fragment in the address: %w", address, catalog.ErrInvalid)
	case u.Scheme == "http" && !private:
		return fmt.Errorf("hook %q: want https; http is for private networks: %w", address, catalog.ErrInvalid)
	}
	return nil
}

// Add notes an address down. It is told of what happens from now on.
func (s *Store) Add(ctx context.Context, cat *catalog.Catalog, h Hook, secret string) (Hook, error) {
	var err error
	if err = parseURL(h.URL, h.Private); err != nil {
		return h, err
	}
	if h.key, err = parseSecret(secret); err != nil {
		return h, err
	}
	random := make([]byte, 6)
	rand.Read(random)
	h.ID, h.Created = hex.EncodeToString(random), time.Now().Truncate(time.Millisecond)
	var names []string
	for _, id := range h.Datasets {
		names = append(names, string(id))
	}
	ids, err := cat.IDs()
	if err != nil {
		return h, err
	}
	return h, s.change(ctx, func(tx *sql.Tx) error {
		for _, id := range ids {
			events, err := cat.Events(id)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO told VALUES (?, ?, ?)", h.ID, id, len(events)); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO hooks VALUES (?, ?, ?, ?, ?, ?, 0)", h.ID, h.URL, strings.Join(names, ","), h.Private, h.key, h.Created.UnixMilli())
		return err
	})
}

// change does work in one transaction.
func (s *Store) change(ctx context.Context, work func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("hooks: %w", err)
	}
	if err := work(tx); err != nil {
		return errors.Join(fmt.Errorf("hooks: %w", err), tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("hooks: %w", err)
	}
	return nil
}

// Remove forgets a hook, what it has not taken yet, and its log. The error wraps
// catalog.ErrNotFound where there is none of that id.
func (s *Store) Remove(ctx context.Context, id string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, "DELETE FROM hooks WHERE id = ?", id)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("hook %q: %w", id, catalog.ErrNotFound))
		}
		for _, table := range []string{"told", "deliveries"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE hook = ?", id); err != nil {
				return err
			}
		}
		return nil
	})
}

// List returns all hooks, the oldest first.
func (s *Store) List(ctx context.Context) ([]Hook, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, url, datasets, private, key, created, ended FROM hooks ORDER BY created, id")
	if err != nil {
		return nil, fmt.Errorf("hooks: %w", err)
	}
	defer rows.Close()
	var all []Hook
	for rows.Next() {
		var h Hook
		var datasets string
		var created, ended int64
		if err := rows.Scan(&h.ID, &h.URL, &datasets, &h.Private, &h.key, &created, &ended); err != nil {
			return nil, fmt.Errorf("hooks: %w", err)
		}
		for id := range strings.SplitSeq(datasets, ",") {
			if id != "" {
				h.Datasets = append(h.Datasets, catalog.ID(id))
			}
		}
		h.Created, h.Ended = moment(created), moment(ended)
		all = append(all, h)
	}
	return all, rows.Err()
}

// Find returns the hook of that id, or catalog.ErrNotFound.
func (s *Store) Find(ctx context.Context, id string) (*Hook, error) {
	all, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, h := range all {
		if h.ID == id {
			return &h, nil
		}
	}
	return nil, fmt.Errorf("hook %q: %w", id, catalog.ErrNotFound)
}

// Log returns the latest messages, the newest first: of one hook, or of all
// where its id is empty.
func (s *Store) Log(ctx context.Context, hook string, limit int) ([]Delivery, error) {
	return s.deliveries(ctx, "WHERE hook = ? OR ? = '' ORDER BY rowid DESC LIMIT ?", hook, hook, limit)
}

func (s *Store) deliveries(ctx context.Context, where string, args ...any) ([]Delivery, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, hook, dataset, release, body, created, state, attempts, answer, next, done FROM deliveries "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("hooks: %w", err)
	}
	defer rows.Close()
	var all []Delivery
	for rows.Next() {
		var d Delivery
		var created, next, done int64
		if err := rows.Scan(&d.ID, &d.Hook, &d.Dataset, &d.Release, &d.body, &created, &d.State, &d.Attempts, &d.Answer, &next, &done); err != nil {
			return nil, fmt.Errorf("hooks: %w", err)
		}
		d.Created, d.Done = moment(created), moment(done)
		if d.State == Pending {
			d.Next = moment(next)
		}
		all = append(all, d)
	}
	return all, rows.Err()
}

func moment(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis)
}
