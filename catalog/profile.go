package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
)

// Profile says how the values of each field are spread, over all rows of a
// release. It is computed at publish.
type Profile struct {
	// Version of this form; now 1.
	Version int             `json:"version"`
	Rows    int64           `json:"rows"`
	Columns []ColumnProfile `json:"columns"`
}

// ColumnProfile is the profile of one field. Values are in the notation of the
// CSV file. The field's title and unit stand in the definition.
type ColumnProfile struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
	// Nulls and Distinct count rows without a value, and different values.
	// Distinct is an estimate (HyperLogLog, within a few per cent) unless
	// DistinctExact.
	Nulls         int64 `json:"nulls"`
	Distinct      int64 `json:"distinct"`
	DistinctExact bool  `json:"distinct_exact"`
	// Min and Max; none for booleans and where there are no values.
	Min string `json:"min,omitempty"`
	Max string `json:"max,omitempty"`
	// Mean and Sum of numbers, Sum exact.
	Mean *float64 `json:"mean,omitempty"`
	Sum  string   `json:"sum,omitempty"`
	// Quantiles of numbers, dates and times, by ascending P, approximate.
	Quantiles []Quantile `json:"quantiles,omitempty"`
	// ShortestText and LongestText are lengths of texts, in characters.
	ShortestText *int64 `json:"shortest_text,omitempty"`
	LongestText  *int64 `json:"longest_text,omitempty"`
	// Top are the most frequent values, most frequent first, at most 20. Of a
	// field with a separator (several values in a cell) each value counts by
	// itself. Nil where every value is another one. Of more than 200,000 different
	// values the frequent ones are found by a sketch; their counts are exact.
	Top []ValueCount `json:"top,omitempty"`
	// Histogram counts numbers, dates and times in neighbouring bins, all values
	// of the field together: From <= value < To, the last bin with its To. Bins
	// of numbers are equally wide, but the first and the last reach to Min and Max
	// where few values lie far off; those of times are hours, days, months, years.
	Histogram []Bin `json:"histogram,omitempty"`
}

// Quantile is the value below which a share P of the values lies.
type Quantile struct {
	P     float64 `json:"p"`
	Value string  `json:"value"`
}

// ValueCount is how many rows hold a value.
type ValueCount struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// Bin is one bar of a histogram.
type Bin struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Count int64  `json:"count"`
}

const profileName = "profile.json"

// Write writes the profile into the folder of a release and returns its artefact.
func (p *Profile) Write(dir string) (*Artefact, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	if err := writeSynced(filepath.Join(dir, profileName), b, 0o644); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	sum := sha256.Sum256(b)
	return &Artefact{Format: "profile", File: profileName, MediaType: "application/json", Bytes: int64(len(b)), SHA256: hex.EncodeToString(sum[:]), Rows: p.Rows}, nil
}

// ReadProfile returns the profile of the release, or ErrNotFound where it was
// published before there were profiles. It tells of the rows: whoever may not
// have those may not have it either.
func (r *Release) ReadProfile() (*Profile, error) {
	if r.Profile == nil {
		return nil, fmt.Errorf("release %s has no profile, it was published before there were any: %w", r.Ref(), ErrNotFound)
	}
	b, err := readStatement(filepath.Join(r.dir, r.Profile.File))
	if sum := sha256.Sum256(b); err == nil && hex.EncodeToString(sum[:]) != r.Profile.SHA256 {
		err = fmt.Errorf("SHA-256 %x, its manifest says %s: %w", sum, r.Profile.SHA256, ErrCorrupt)
	}
	p := &Profile{}
	if err == nil {
		err = json.Unmarshal(b, p)
	}
	if err != nil {
		err = damaged(r.Ref(), DamageFile, err)
		if d := damageOf(err); d != nil {
			d.File = r.Profile.File
		}
		return nil, err
	}
	return p, nil
}
