package iceberg

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"govdata/catalog"
	"govdata/server/s3"
)

// Tables sees the datasets of a catalog as Iceberg tables: a release is a
// snapshot, and what Iceberg keeps in metadata files follows from the manifests
// of the releases. It is the Metadata of the object store.
type Tables struct {
	catalog *catalog.Catalog

	mu        sync.Mutex
	tables    map[catalog.ID]*table
	manifests map[published][]byte
}

var _ s3.Metadata = (*Tables)(nil)

// NewTables sees the datasets of c.
func NewTables(c *catalog.Catalog) *Tables {
	return &Tables{catalog: c, tables: map[catalog.ID]*table{}, manifests: map[published][]byte{}}
}

// The objects in the folder metadata of a dataset, where n is the number of
// changes of what is current.
const (
	hintName     = "version-hint.text"
	metadataName = "v%d.metadata.json"
	listName     = "snap-%s.avro"
	manifestName = "%s.avro"
)

// table is a dataset after n events.
type table struct {
	id     catalog.ID
	events []catalog.Event
	// moments are the times of the events in milliseconds since 1970, see moments.
	moments []int64
	// current is the release that the branch main points at.
	current *catalog.Release
	// snapshots are the releases that can be had, oldest first.
	snapshots []snapshot
	// metadata is the file that says all this.
	metadata []byte
}

// snapshot is a release as Iceberg sees it.
type snapshot struct {
	*catalog.Release
	// sequence is the number of the publish, and at its time in milliseconds since 1970.
	sequence, at int64
	schema       *schema
	order        sortOrder
}

func (s *snapshot) id() int64 { return long("snapshot", s.Ref().String(), s.Content) }

// published is one publish of a release: it may come back after it was collected.
type published struct {
	ref      catalog.Ref
	sequence int64
}

func (s *snapshot) published() published { return published{s.Ref(), s.sequence} }

// changes reports whether an event changed what is current.
func changes(e catalog.Event) bool { return e.Kind == "publish" || e.Kind == "rollback" }

// moments are the times of events, in milliseconds since 1970. They rise strictly:
// time travel cannot tell apart what has the same time, and a clock may be set
// back. That of an event follows from those before it, whatever comes after.
func moments(events []catalog.Event) []int64 {
	times := make([]int64, len(events))
	for i, e := range events {
		times[i] = e.At.UnixMilli()
		if i > 0 {
			times[i] = max(times[i], times[i-1]+1)
		}
	}
	return times
}

// table returns the table of a dataset as it is. The error is
// catalog.ErrForbidden for what is not open to everyone.
func (t *Tables) table(id catalog.ID) (*table, error) {
	events, err := t.catalog.Events(id)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	known := t.tables[id]
	t.mu.Unlock()
	if known != nil && slices.EqualFunc(known.events, events, func(a, b catalog.Event) bool {
		return a.Kind == b.Kind && a.Release == b.Release && a.At.Equal(b.At)
	}) {
		if current, err := t.catalog.Current(id); err != nil {
			return nil, err
		} else if current == known.current {
			return known, nil
		}
	}
	made, err := t.after(id, events)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	t.tables[id] = made
	t.mu.Unlock()
	return made, nil
}

// after makes the table of a dataset after these events, of the releases of
// them that are still there.
func (t *Tables) after(id catalog.ID, events []catalog.Event) (*table, error) {
	made := &table{id: id, events: events, moments: moments(events)}
	last := lastChange(events)
	if last < 0 {
		return nil, fmt.Errorf("dataset %s: %w", id, catalog.ErrNotFound)
	}
	var err error
	if made.current, err = t.catalog.Resolve(catalog.Ref{Dataset: id, Release: events[last].Release}); err != nil {
		return nil, err
	}
	if d := &made.current.Dataset; !d.Queryable() {
		return nil, fmt.Errorf("%s is %s; with a key it can be had at /d/%s.parquet: %w", id, d.Openness.Attribute, id, catalog.ErrForbidden)
	}

	// A publish counts where the release came to be by it: not where it had been
	// published before and was still there.
	sequence, at := map[catalog.ReleaseID]int64{}, map[catalog.ReleaseID]int64{}
	count := int64(0)
	for i, e := range events {
		switch _, there := sequence[e.Release]; {
		case e.Kind == "publish" && !there:
			count++
			sequence[e.Release], at[e.Release] = count, made.moments[i]
		case e.Kind == "collect":
			delete(sequence, e.Release)
		}
	}
	var releases []*catalog.Release
	for release := range sequence {
		r, err := t.catalog.Resolve(catalog.Ref{Dataset: id, Release: release})
		if errors.Is(err, catalog.ErrGone) || errors.Is(err, catalog.ErrCorrupt) {
			continue // collected since then, or set aside
		} else if err != nil {
			return nil, err
		}
		if _, ok := r.Artefact("parquet"); ok && r.Dataset.Queryable() {
			releases = append(releases, r)
		}
	}
	slices.SortFunc(releases, func(a, b *catalog.Release) int { return int(sequence[a.Release] - sequence[b.Release]) })

	// The columns of one table keep their types. Releases whose columns have
	// others than those of the current one, and of the later ones, are no
	// snapshots of it.
	types := map[string]catalog.Type{}
	fits := func(r *catalog.Release) bool {
		fields := r.Dataset.Public()
		for _, f := range fields {
			if now, ok := types[f.Name]; ok && !follows(f.Type, now) && !follows(now, f.Type) {
				return false
			}
		}
		for _, f := range fields {
			types[f.Name] = f.Type
		}
		return true
	}
	fits(made.current)
	other := 0
	for _, r := range slices.Backward(releases) {
		if !fits(r) {
			other++
			continue
		}
		s := snapshot{Release: r, sequence: sequence[r.Release], at: at[r.Release]}
		if s.schema, err = schemaOf(r); err != nil {
			return nil, err
		}
		s.order = sortOrderOf(r, s.schema)
		made.snapshots = append(made.snapshots, s)
	}
	slices.Reverse(made.snapshots)
	if made.find(made.current.Release) == nil {
		return nil, fmt.Errorf("release %s has no Parquet file: %w", made.current.Ref(), catalog.ErrNotFound)
	}
	made.metadata, err = made.describe(other, t.earlier(made))
	return made, err
}

// lastChange is the index of the event that made a release current, -1 if none did.
func lastChange(events []catalog.Event) int {
	for i, e := range slices.Backward(events) {
		if changes(e) {
			return i
		}
	}
	return -1
}

// logged is how many earlier metadata files a metadata file names, as many as
// Iceberg keeps unless told otherwise (write.metadata.previous-versions-max).
const logged = 100

// earlier lists the metadata files before that of a table that can still be had,
// oldest first.
func (t *Tables) earlier(now *table) []metadataLogEntry {
	list := []metadataLogEntry{}
	for version := len(now.events) - 1; version > 0 && len(list) < logged; version-- {
		then := lastChange(now.events[:version])
		if then < 0 {
			break
		}
		r, err := t.catalog.Resolve(catalog.Ref{Dataset: now.id, Release: now.events[then].Release})
		if err != nil || !r.Dataset.Queryable() {
			continue
		}
		if _, ok := r.Artefact("parquet"); ok {
			list = append(list, metadataLogEntry{now.moments[version-1], metadataAddress(now.id, version)})
		}
	}
	slices.Reverse(list)
	return list
}

// find returns the snapshot of a release, or nil.
func (t *table) find(release catalog.ReleaseID) *snapshot {
	i := slices.IndexFunc(t.snapshots, func(s snapshot) bool { return s.Release.Release == release })
	if i < 0 {
		return nil
	}
	return &t.snapshots[i]
}

// version counts the changes that led to the table.
func (t *table) version() int { return len(t.events) }

// location is the address of the table's metadata file.
func (t *table) location() string { return metadataAddress(t.id, t.version()) }

func metadataAddress(id catalog.ID, version int) string {
	return s3.Address(s3.MetadataKey(id, fmt.Sprintf(metadataName, version)))
}

// The metadata file, format version 2 (Iceberg's spec, "Table Metadata Fields").
type (
	tableMetadata struct {
		Version       int                `json:"format-version"`
		UUID          string             `json:"table-uuid"`
		Location      string             `json:"location"`
		LastSequence  int64              `json:"last-sequence-number"`
		LastUpdated   int64              `json:"last-updated-ms"`
		LastColumn    int                `json:"last-column-id"`
		CurrentSchema int                `json:"current-schema-id"`
		Schemas       []*schema          `json:"schemas"`
		DefaultSpec   int                `json:"default-spec-id"`
		Specs         []partitionSpec    `json:"partition-specs"`
		LastPartition int                `json:"last-partition-id"`
		DefaultOrder  int                `json:"default-sort-order-id"`
		Orders        []sortOrder        `json:"sort-orders"`
		Properties    map[string]string  `json:"properties"`
		Current       int64              `json:"current-snapshot-id"`
		Refs          map[string]ref     `json:"refs"`
		Snapshots     []snapshotEntry    `json:"snapshots"`
		SnapshotLog   []logEntry         `json:"snapshot-log"`
		MetadataLog   []metadataLogEntry `json:"metadata-log"`
		Statistics    []struct{}         `json:"statistics"`
		PartitionStat []struct{}         `json:"partition-statistics"`
	}
	partitionSpec struct {
		ID     int        `json:"spec-id"`
		Fields []struct{} `json:"fields"`
	}
	ref struct {
		Snapshot int64  `json:"snapshot-id"`
		Type     string `json:"type"`
	}
	snapshotEntry struct {
		ID           int64             `json:"snapshot-id"`
		Parent       int64             `json:"parent-snapshot-id,omitempty"`
		Sequence     int64             `json:"sequence-number"`
		Timestamp    int64             `json:"timestamp-ms"`
		ManifestList string            `json:"manifest-list"`
		Summary      map[string]string `json:"summary"`
		Schema       int               `json:"schema-id"`
	}
	metadataLogEntry struct {
		Timestamp int64  `json:"timestamp-ms"`
		File      string `json:"metadata-file"`
	}
	logEntry struct {
		Timestamp int64 `json:"timestamp-ms"`
		Snapshot  int64 `json:"snapshot-id"`
	}
)

// describe writes the metadata file. other is the number of releases that
// cannot be snapshots, earlier are the metadata files before it.
func (t *table) describe(other int, earlier []metadataLogEntry) ([]byte, error) {
	first := t.events[0]
	now := t.find(t.current.Release)
	m := tableMetadata{
		Version: 2, UUID: uuid(string(t.id), string(first.Release), first.At.UTC().Format(time.RFC3339Nano)), Location: s3.Address(string(t.id)),
		LastUpdated: t.moments[len(t.moments)-1], CurrentSchema: now.schema.ID, Specs: []partitionSpec{{Fields: []struct{}{}}}, LastPartition: 999,
		DefaultOrder: now.order.ID, Current: now.id(), Refs: map[string]ref{"main": {now.id(), "branch"}},
		SnapshotLog: []logEntry{}, MetadataLog: earlier, Statistics: []struct{}{}, PartitionStat: []struct{}{},
	}
	parents := map[catalog.ReleaseID]*snapshot{}
	for i := range t.snapshots {
		s := &t.snapshots[i]
		if !slices.ContainsFunc(m.Schemas, func(known *schema) bool { return known.ID == s.schema.ID }) {
			m.Schemas = append(m.Schemas, s.schema)
		}
		for _, c := range s.schema.Fields {
			m.LastColumn = max(m.LastColumn, c.ID)
		}
		if !slices.ContainsFunc(m.Orders, func(known sortOrder) bool { return known.ID == s.order.ID }) {
			m.Orders = append(m.Orders, s.order)
		}
		m.LastSequence = max(m.LastSequence, s.sequence)
		m.Refs[string(s.Release.Release)] = ref{s.id(), "tag"}
		m.Snapshots = append(m.Snapshots, s.entry(parents[s.Previous]))
		parents[s.Release.Release] = s
	}
	for i, e := range t.events {
		if !changes(e) {
			continue
		}
		if s := parents[e.Release]; s != nil {
			m.SnapshotLog = append(m.SnapshotLog, logEntry{t.moments[i], s.id()})
		} else {
			// What was current before something that is gone says nothing any more.
			m.SnapshotLog = m.SnapshotLog[:0]
		}
	}
	mapping, err := nameMapping(m.Schemas)
	if err != nil {
		return nil, err
	}
	m.Properties = t.properties(mapping, other)
	b, err := json.MarshalIndent(m, "", " ")
	return append(b, '\n'), err
}

// entry is the snapshot in the metadata file. A release replaces all that was
// there, whatever the file that made it did.
func (s *snapshot) entry(parent *snapshot) snapshotEntry {
	a, _ := s.Artefact("parquet")
	files, rows, bytes := "1", strconv.FormatInt(a.Rows, 10), strconv.FormatInt(a.Bytes, 10)
	e := snapshotEntry{
		ID: s.id(), Sequence: s.sequence, Timestamp: s.at, Schema: s.schema.ID,
		ManifestList: s3.Address(s3.MetadataKey(s.Dataset.ID, fmt.Sprintf(listName, s.Release.Release))),
		Summary: map[string]string{
			"operation": "append", "added-data-files": files, "added-records": rows, "added-files-size": bytes,
			"total-data-files": files, "total-records": rows, "total-files-size": bytes,
			"total-delete-files": "0", "total-position-deletes": "0", "total-equality-deletes": "0",
			"release": string(s.Release.Release), "content-sha256": s.Content, "mode": string(s.Mode),
		},
	}
	if parent != nil {
		old, _ := parent.Artefact("parquet")
		e.Parent = parent.id()
		e.Summary["operation"] = "overwrite"
		e.Summary["deleted-data-files"], e.Summary["deleted-records"], e.Summary["removed-files-size"] = "1", strconv.FormatInt(old.Rows, 10), strconv.FormatInt(old.Bytes, 10)
	}
	return e
}

// prefix begins the names of our own properties. Those without a dot are options
// of the object store to some readers (Polars).
const prefix = "govdata."

// properties are what the table says of itself.
func (t *table) properties(mapping string, other int) map[string]string {
	r, d := t.current, &t.current.Dataset
	p := map[string]string{"schema.name-mapping.default": mapping}
	for name, value := range map[string]string{
		"title":            d.Title.Zh,
		"title.en":         d.Title.En,
		"description":      d.Description.Zh,
		"description.en":   d.Description.En,
		"publisher":        d.Publisher.Zh,
		"publisher.en":     d.Publisher.En,
		"theme":            d.Theme,
		"licence":          d.Licence,
		"legal-basis":      d.LegalBasis.Zh,
		"source":           d.Source.Zh,
		"update-frequency": d.UpdateFrequency,
		"release":          string(r.Release),
		"content-sha256":   r.Content,
		"manifest":         s3.Address(string(d.ID) + "/" + string(r.Release) + "/manifest.json"),
		"as-of":            r.AsOf,
	} {
		if value != "" {
			p[prefix+name] = value
		}
	}
	if d.Synthetic {
		p[prefix+"synthetic"] = "示例数据"
	}
	if other > 0 {
		// They can be had as files.
		p[prefix+"releases-with-other-types"] = strconv.Itoa(other)
	}
	return p
}

// uuid is the UUID (RFC 9562, version 8) that follows from parts.
func uuid(parts ...string) string {
	b := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:16])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

const (
	jsonType = "application/json; charset=utf-8"
	avroType = "application/avro"
)

// Objects implements s3.Metadata: the metadata file as it is, and the manifests
// of all snapshots.
func (t *Tables) Objects(id catalog.ID) ([]s3.Object, error) {
	now, err := t.table(id)
	if err != nil {
		return nil, err
	}
	list := []s3.Object{now.hint(), now.file()}
	for i := range now.snapshots {
		list = append(list, t.avro(&now.snapshots[i])...)
	}
	return list, nil
}

// Object implements s3.Metadata. Besides what is listed there are the metadata
// files of earlier states, as long as what was current then can be had.
func (t *Tables) Object(id catalog.ID, name string) (s3.Object, error) {
	list, err := t.Objects(id)
	if err != nil {
		return s3.Object{}, err
	}
	if i := slices.IndexFunc(list, func(o s3.Object) bool { return o.Name == name }); i >= 0 {
		return list[i], nil
	}
	missing := fmt.Errorf("%s has no metadata %q: %w", id, name, catalog.ErrNotFound)
	var version int
	if n, err := fmt.Sscanf(name, metadataName, &version); n != 1 || err != nil || fmt.Sprintf(metadataName, version) != name {
		return s3.Object{}, missing
	}
	events, err := t.catalog.Events(id)
	if err != nil {
		return s3.Object{}, err
	}
	if version < 1 || version > len(events) {
		return s3.Object{}, missing
	}
	then, err := t.after(id, events[:version])
	if err != nil {
		return s3.Object{}, err
	}
	return then.file(), nil
}

func (t *table) hint() s3.Object {
	return s3.Object{Name: hintName, MediaType: "text/plain; charset=utf-8", Modified: t.events[len(t.events)-1].At,
		Bytes: func() ([]byte, error) { return []byte(strconv.Itoa(t.version())), nil }}
}

func (t *table) file() s3.Object {
	return s3.Object{Name: fmt.Sprintf(metadataName, t.version()), MediaType: jsonType, Modified: t.events[len(t.events)-1].At,
		Bytes: func() ([]byte, error) { return t.metadata, nil }}
}

func (t *Tables) avro(s *snapshot) []s3.Object {
	return []s3.Object{
		{Name: fmt.Sprintf(manifestName, s.Release.Release), MediaType: avroType, Modified: s.PublishedAt, Fixed: true,
			Bytes: func() ([]byte, error) { return t.manifest(s) }},
		{Name: fmt.Sprintf(listName, s.Release.Release), MediaType: avroType, Modified: s.PublishedAt, Fixed: true,
			Bytes: func() ([]byte, error) { return t.manifestList(s) }},
	}
}

// kept is how many manifests are kept for those who ask again.
const kept = 4096

// manifest makes the manifest of a snapshot, once.
func (t *Tables) manifest(s *snapshot) ([]byte, error) {
	t.mu.Lock()
	b, ok := t.manifests[s.published()]
	t.mu.Unlock()
	if ok {
		return b, nil
	}
	b, err := writeManifest(s)
	if err != nil {
		return nil, fmt.Errorf("iceberg: manifest of %s: %w", s.Ref(), err)
	}
	t.mu.Lock()
	if len(t.manifests) >= kept {
		clear(t.manifests)
	}
	t.manifests[s.published()] = b
	t.mu.Unlock()
	return b, nil
}

func (t *Tables) manifestList(s *snapshot) ([]byte, error) {
	manifest, err := t.manifest(s)
	if err != nil {
		return nil, err
	}
	b, err := writeManifestList(s, int64(len(manifest)))
	if err != nil {
		return nil, fmt.Errorf("iceberg: manifest list of %s: %w", s.Ref(), err)
	}
	return b, nil
}
