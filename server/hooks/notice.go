package hooks

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"govdata/catalog"
)

// The types of a message.
const (
	Published  = "release.published"
	RolledBack = "release.rolled_back"
	Test       = "test"
)

// message is the body of a POST. Its form never loses a field.
type message struct {
	// ID is the webhook-id as well.
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      news      `json:"data"`
}

// news is what became current. Rows and what follows are missing where the
// release has been cleared away since.
type news struct {
	Dataset   catalog.ID        `json:"dataset"`
	Title     catalog.Text      `json:"title"`
	Release   catalog.ReleaseID `json:"release"`
	Previous  catalog.ReleaseID `json:"previous,omitempty"`
	Published time.Time         `json:"published_at,omitzero"`
	Rows      *int64            `json:"rows,omitempty"`
	Counts    *catalog.Counts   `json:"counts,omitempty"`
	Schema    string            `json:"schema_sha256,omitempty"`
	// URLs begin with a slash where the site has no public address.
	URLs map[string]string `json:"urls"`
}

// notice writes down a message for every hook and event that it has not been
// told of. It may run in several processes at once.
func (d *Deliverer) notice(ctx context.Context) error {
	hooks, err := d.store.List(ctx)
	if err != nil || len(hooks) == 0 {
		return err
	}
	ids, err := d.catalog.IDs()
	if err != nil {
		return err
	}
	told, err := d.store.told(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range ids {
		events, err := d.catalog.Events(id)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, h := range hooks {
			if !h.Ended.IsZero() || told[place{h.ID, id}] == len(events) {
				continue
			}
			errs = append(errs, d.note(ctx, &h, id, events))
		}
	}
	return errors.Join(errs...)
}

// place is where a hook stands in the events of a dataset.
type place struct {
	hook    string
	dataset catalog.ID
}

func (s *Store) told(ctx context.Context) (map[place]int, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT hook, dataset, events FROM told")
	if err != nil {
		return nil, fmt.Errorf("hooks: %w", err)
	}
	defer rows.Close()
	told := map[place]int{}
	for rows.Next() {
		var p place
		var events int
		if err := rows.Scan(&p.hook, &p.dataset, &events); err != nil {
			return nil, fmt.Errorf("hooks: %w", err)
		}
		told[p] = events
	}
	return told, rows.Err()
}

// note writes down the messages of one dataset to one hook, and that it has
// been told, in one step.
func (d *Deliverer) note(ctx context.Context, h *Hook, id catalog.ID, events []catalog.Event) error {
	return d.store.change(ctx, func(tx *sql.Tx) error {
		var from int
		err := tx.QueryRowContext(ctx, "SELECT events FROM told WHERE hook = ? AND dataset = ?", h.ID, id).Scan(&from)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		var previous catalog.ReleaseID
		for i, e := range events {
			if e.Kind != "publish" && e.Kind != "rollback" {
				continue
			}
			before := previous
			previous = e.Release
			if i < from || !h.wants(id) {
				continue
			}
			m, err := d.message(h, id, i, e, before)
			if err != nil {
				return err
			}
			body, err := json.Marshal(m)
			if err != nil {
				return err
			}
			now := time.Now().UnixMilli()
			if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?, 0, '', ?, 0)", m.ID, h.ID, id, e.Release, body, now, Pending, now); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO told VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET events = excluded.events", h.ID, id, len(events))
		return err
	})
}

// messageID is the same for the same event and hook, whoever notices it.
func messageID(hook string, id catalog.ID, event int, e catalog.Event) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d %s %s", hook, id, event, e.Kind, e.Release))
	return "msg_" + hex.EncodeToString(sum[:12])
}

func (d *Deliverer) message(h *Hook, id catalog.ID, event int, e catalog.Event, previous catalog.ReleaseID) (*message, error) {
	m := &message{ID: messageID(h.ID, id, event, e), Type: Published, Timestamp: e.At, Data: news{Dataset: id, Release: e.Release, Previous: previous}}
	if e.Kind == "rollback" {
		m.Type = RolledBack
	}
	ref := catalog.Ref{Dataset: id, Release: e.Release}
	m.Data.URLs = map[string]string{"dataset": d.base + "/datasets/" + string(id), "api": d.base + "/api/v1/datasets/" + string(id), "release": d.base + "/api/v1/datasets/" + string(id) + "/releases/" + string(e.Release)}
	r, err := d.catalog.Resolve(ref)
	if errors.Is(err, catalog.ErrGone) {
		return m, nil
	} else if err != nil {
		return nil, err
	}
	n := &m.Data
	n.Title, n.Published, n.Rows, n.Counts, n.Schema = r.Dataset.Title, r.PublishedAt, &r.Rows, &r.Counts, r.Schema
	if !r.Dataset.Queryable() {
		return m, nil
	}
	n.URLs["manifest"] = d.base + "/d/" + ref.String() + ".manifest.json"
	for _, a := range r.Artefacts {
		n.URLs[a.Format] = d.base + "/d/" + ref.String() + "." + a.Format
	}
	if _, err := d.catalog.Resolve(catalog.Ref{Dataset: id, Release: previous}); err == nil && previous != "" && previous != e.Release {
		n.URLs["changes"] = fmt.Sprintf("%s/d/%s@%s..%s.diff.csv", d.base, id, previous, e.Release)
	}
	return m, nil
}
