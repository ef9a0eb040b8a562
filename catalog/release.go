package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Manifest says everything about one release. It is the truth: a release
// folder holds what its manifest lists, byte for byte, and nothing else.
type Manifest struct {
	// Version of this format; now 2. (In 1 manifests were not signed.)
	Version int       `json:"version"`
	Release ReleaseID `json:"release"`
	// Previous is the release that was current when this one was published.
	Previous    ReleaseID `json:"previous,omitempty"`
	PublishedAt time.Time `json:"published_at"`
	// Content is the SHA-256 of the definition's public fields and the sorted rows,
	// by a private key where these are not open to everyone (KeyedContent).
	Content string `json:"content"`
	// Rows of the release.
	Rows   int64  `json:"rows"`
	Counts Counts `json:"counts"`
	Mode   Mode   `json:"mode"`
	// Dataset is the definition as it was at publication.
	Dataset Dataset `json:"dataset"`
	// Schema is the SHA-256 of the names, types and units of the public fields in
	// their order: the same as long as a program that reads the files need not
	// change.
	Schema  string   `json:"schema_sha256"`
	Sources []Source `json:"sources"`
	// AsOf is the day for which the rows of a computed dataset hold, where they
	// depend on it: YYYY-MM-DD.
	AsOf string `json:"as_of,omitempty"`
	// Stats are by field, over all rows.
	Stats map[string]FieldStats `json:"stats,omitempty"`
	// Withheld says what was kept back and on which basis.
	Withheld []Withholding `json:"withheld"`
	// References says where the references of the rows that came in were looked up.
	References []ReferenceCheck `json:"references,omitempty"`
	// Contributions counts the rows that came in by department.
	Contributions []Contribution `json:"contributions,omitempty"`
	// Timeliness counts all rows of a dataset with a deadline.
	Timeliness *TimelinessCounts `json:"timeliness,omitempty"`
	// Store is the DuckDB file that answers queries.
	Store Artefact `json:"store"`
	// Profile is the file with the profile of the release; nil before there was one.
	Profile *Artefact `json:"profile,omitempty"`
	// Artefacts are the download files.
	Artefacts []Artefact `json:"artefacts"`
	Software  string     `json:"software"`
	// SignedBy is the id of the key that signs the manifest, see KeyID.
	SignedBy string `json:"signed_by"`
}

// files are all that a release consists of, beside the manifest and its signature.
func (m *Manifest) files() []Artefact {
	files := append([]Artefact{m.Store}, m.Artefacts...)
	if m.Profile != nil {
		files = append(files, *m.Profile)
	}
	return files
}

// schemaHash is what Manifest.Schema holds: of one line a field, name, type
// and unit parted by tabs.
func schemaHash(d *Dataset) string {
	h := sha256.New()
	for _, f := range d.Public() {
		fmt.Fprintf(h, "%s\t%s\t%s\n", f.Name, f.Type, f.Unit)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Counts is the balance of one ingest: In = Published + Rejected + Withheld.
// Kept counts the rows that came unchanged from the previous release (append
// and upsert).
type Counts struct {
	In        int64 `json:"rows_in"`
	Published int64 `json:"rows_published"`
	Rejected  int64 `json:"rows_rejected"`
	Withheld  int64 `json:"rows_withheld"`
	Kept      int64 `json:"rows_kept"`
}

// Balanced reports whether every row that came in is accounted for.
func (c Counts) Balanced() bool { return c.In == c.Published+c.Rejected+c.Withheld }

// Source is the lineage of a release: one file that a department sent.
type Source struct {
	Name    string `json:"name"`
	SHA256  string `json:"sha256"`
	Bytes   int64  `json:"bytes"`
	Format  string `json:"format"`
	Charset string `json:"charset,omitempty"`
	Table   string `json:"table,omitempty"`
	Rows    int64  `json:"rows"`
	// Fields are those that the file had a column for.
	Fields []string `json:"fields,omitempty"`
	// Release is the one that brought the file in; empty: this one.
	Release ReleaseID `json:"release,omitempty"`
}

// Withholding is one field or group of rows that a release keeps back.
type Withholding struct {
	// Entry is the number of the entry of the negative list.
	Entry string `json:"entry"`
	Field string `json:"field,omitempty"`
	Rows  int64  `json:"rows,omitempty"`
	Basis Text   `json:"basis"`
}

// ReferenceCheck says how many rows that came in refer to nothing. Release is
// the one they were looked up in; empty: there was none, and nothing was checked.
type ReferenceCheck struct {
	Fields  []string  `json:"fields"`
	To      ID        `json:"to"`
	Release ReleaseID `json:"release,omitempty"`
	Missing int64     `json:"missing"`
}

// Contribution is what one department sent for a release: its rows, and how
// many of the cells in those that were published hold a value. Computed fields
// do not count.
type Contribution struct {
	Department string `json:"department"`
	Published  int64  `json:"rows_published"`
	Rejected   int64  `json:"rows_rejected"`
	Withheld   int64  `json:"rows_withheld"`
	Cells      int64  `json:"cells"`
	Filled     int64  `json:"cells_filled"`
}

// TimelinessCounts counts rows by the values of the field timeliness.
type TimelinessCounts struct {
	OnTime  int64 `json:"on_time"`
	Late    int64 `json:"late"`
	Unknown int64 `json:"unknown"`
}

// Artefact is one file of a release.
type Artefact struct {
	// Format is the extension in URLs: csv, csv.gz, csv.zst, xlsx, parquet, jsonl, jsonl.gz, arrow.
	Format    string `json:"format"`
	File      string `json:"file"`
	MediaType string `json:"media_type"`
	Bytes     int64  `json:"bytes"`
	SHA256    string `json:"sha256"`
	Rows      int64  `json:"rows"`
}

// Release is one published release as others may see it, and the folder it lies
// in. Dataset.Openness is that of the dataset today, whatever the definition said
// when the release was published, and where that is not open to everyone, what
// was computed from values is left out; see Whole.
type Release struct {
	Manifest
	whole *Manifest
	hash  string
	// bytes of the manifest, and its signature.
	bytes     int64
	signature []byte
	// dir is where it lies, records where what is private of it does, and keys the
	// half with the public keys.
	dir, records, keys string
}

// Ref returns the pinned reference of the release.
func (r *Release) Ref() Ref { return Ref{Dataset: r.Dataset.ID, Release: r.Release} }

// Path returns where an artefact of the release lies.
func (r *Release) Path(a Artefact) string { return filepath.Join(r.dir, a.File) }

// ManifestPath returns where the manifest of the release lies.
func (r *Release) ManifestPath() string { return filepath.Join(r.dir, manifestName) }

// ManifestBytes returns the size of the manifest as it lies on disk.
func (r *Release) ManifestBytes() int64 { return r.bytes }

// Signature returns the signature of the manifest: 64 bytes.
func (r *Release) Signature() []byte { return r.signature }

// ManifestHash returns the SHA-256 of the manifest as it lies on disk, in hex.
func (r *Release) ManifestHash() string { return r.hash }

// SignaturePath returns where the signature of the manifest lies: 64 bytes.
func (r *Release) SignaturePath() string { return filepath.Join(r.dir, signatureName) }

// StorePath returns where the DuckDB file of the release lies. It holds one
// table, named data, with the public fields in their order, sorted by the
// definition's sort key.
func (r *Release) StorePath() string { return filepath.Join(r.dir, r.Store.File) }

// Artefact returns the download file in that format.
func (r *Release) Artefact(format string) (Artefact, bool) {
	i := slices.IndexFunc(r.Artefacts, func(a Artefact) bool { return a.Format == format })
	if i < 0 {
		return Artefact{}, false
	}
	return r.Artefacts[i], true
}

// Format describes a file format that the platform gives out.
type Format struct {
	// Ext is the extension in URLs and of files, without the dot.
	Ext       string
	MediaType string
	// Bulk formats are rendered at every publish; the others on demand.
	Bulk bool
}

// Formats lists what can be downloaded, in the order in which pages show it.
var Formats = []Format{
	{"csv", "text/csv; charset=utf-8", true},
	{"csv.gz", "application/gzip", true},
	{"csv.zst", "application/zstd", true},
	{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", true},
	{"parquet", "application/vnd.apache.parquet", true},
	{"jsonl", "application/x-ndjson", true},
	{"jsonl.gz", "application/gzip", true},
	{"arrow", "application/vnd.apache.arrow.stream", false},
	{"json", "application/json", false},
}

// FormatOf returns the format with that extension.
func FormatOf(ext string) (Format, bool) {
	i := slices.IndexFunc(Formats, func(f Format) bool { return f.Ext == ext })
	if i < 0 {
		return Format{}, false
	}
	return Formats[i], true
}

// SplitExt splits "name.csv.gz" into the name and the longest known format.
func SplitExt(s string) (name string, format Format, ok bool) {
	for _, f := range Formats {
		if n, found := strings.CutSuffix(s, "."+f.Ext); found && n != "" && len(f.Ext) > len(format.Ext) {
			name, format, ok = n, f, true
		}
	}
	return name, format, ok
}
