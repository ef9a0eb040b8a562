package iceberg

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/twmb/avro"
	"github.com/twmb/avro/ocf"

	"govdata/catalog"
	"govdata/server/s3"
)

// The Avro schemas of the spec ("Manifests" and "Manifest Lists", version 2).
//
//go:embed manifest.avsc
var manifestSchema string

//go:embed manifest_list.avsc
var manifestListSchema string

var (
	manifestAvro     = avro.MustParse(manifestSchema)
	manifestListAvro = avro.MustParse(manifestListSchema)
)

type (
	manifestEntry struct {
		Status       int32    `avro:"status"`
		Snapshot     *int64   `avro:"snapshot_id"`
		Sequence     *int64   `avro:"sequence_number"`
		FileSequence *int64   `avro:"file_sequence_number"`
		File         dataFile `avro:"data_file"`
	}
	dataFile struct {
		Content   int32         `avro:"content"`
		Path      string        `avro:"file_path"`
		Format    string        `avro:"file_format"`
		Partition struct{}      `avro:"partition"`
		Rows      int64         `avro:"record_count"`
		Bytes     int64         `avro:"file_size_in_bytes"`
		Sizes     []countEntry  `avro:"column_sizes"`
		Values    []countEntry  `avro:"value_counts"`
		Nulls     []countEntry  `avro:"null_value_counts"`
		NaNs      *[]countEntry `avro:"nan_value_counts"`
		Lower     []boundEntry  `avro:"lower_bounds"`
		Upper     []boundEntry  `avro:"upper_bounds"`
		Key       *[]byte       `avro:"key_metadata"`
		Splits    *[]int64      `avro:"split_offsets"`
		Equality  *[]int32      `avro:"equality_ids"`
		Order     *int32        `avro:"sort_order_id"`
	}
	countEntry struct {
		Key   int32 `avro:"key"`
		Value int64 `avro:"value"`
	}
	boundEntry struct {
		Key   int32  `avro:"key"`
		Value []byte `avro:"value"`
	}
	partition struct {
		ContainsNull bool    `avro:"contains_null"`
		ContainsNaN  *bool   `avro:"contains_nan"`
		Lower        *[]byte `avro:"lower_bound"`
		Upper        *[]byte `avro:"upper_bound"`
	}
	manifestFile struct {
		Path          string `avro:"manifest_path"`
		Length        int64  `avro:"manifest_length"`
		Spec          int32  `avro:"partition_spec_id"`
		Content       int32  `avro:"content"`
		Sequence      int64  `avro:"sequence_number"`
		MinSequence   int64  `avro:"min_sequence_number"`
		Snapshot      int64  `avro:"added_snapshot_id"`
		AddedFiles    int32  `avro:"added_files_count"`
		ExistingFiles int32  `avro:"existing_files_count"`
		DeletedFiles  int32  `avro:"deleted_files_count"`
		AddedRows     int64  `avro:"added_rows_count"`
		ExistingRows  int64  `avro:"existing_rows_count"`
		DeletedRows   int64  `avro:"deleted_rows_count"`
		// There are no partitions: an empty list, because not every reader takes none.
		Partitions []partition `avro:"partitions"`
		Key        *[]byte     `avro:"key_metadata"`
	}
)

// writeAvro writes a container with one record. The marker between blocks
// follows from the name, so that the same release always gives the same bytes.
func writeAvro(s *avro.Schema, name string, header map[string]string, record any) ([]byte, error) {
	var b bytes.Buffer
	marker := sha256.Sum256([]byte(name))
	options := []ocf.WriterOpt{ocf.WithSyncMarker([16]byte(marker[:16])), ocf.WithCodec(ocf.DeflateCodec(6))}
	keys := make([]string, 0, len(header))
	for key := range header {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		options = append(options, ocf.WithMetadata(map[string][]byte{key: []byte(header[key])}))
	}
	w, err := ocf.NewWriter(&b, s, options...)
	if err != nil {
		return nil, err
	}
	if err := w.Encode(record); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// writeManifest writes the manifest of a snapshot: its one data file and what
// the footer of that file says of the columns.
func writeManifest(s *snapshot) ([]byte, error) {
	a, _ := s.Artefact("parquet")
	f, err := s.dataFile(a)
	if err != nil {
		return nil, err
	}
	described, err := json.Marshal(s.schema)
	if err != nil {
		return nil, err
	}
	id := s.id()
	return writeAvro(manifestAvro, "manifest "+s.Ref().String(), map[string]string{
		"schema": string(described), "schema-id": strconv.Itoa(s.schema.ID), "partition-spec": "[]", "partition-spec-id": "0", "format-version": "2", "content": "data",
	}, &manifestEntry{Status: 1, Snapshot: &id, Sequence: &s.sequence, FileSequence: &s.sequence, File: *f})
}

// writeManifestList writes the manifest list of a snapshot: its one manifest.
func writeManifestList(s *snapshot, length int64) ([]byte, error) {
	return writeAvro(manifestListAvro, "manifest list "+s.Ref().String(), map[string]string{
		"snapshot-id": strconv.FormatInt(s.id(), 10), "sequence-number": strconv.FormatInt(s.sequence, 10), "format-version": "2",
	}, &manifestFile{
		Path: s3.Address(s3.MetadataKey(s.Dataset.ID, fmt.Sprintf(manifestName, s.Release.Release))), Length: length,
		Sequence: s.sequence, MinSequence: s.sequence, Snapshot: s.id(), AddedFiles: 1, AddedRows: s.Rows, Partitions: []partition{},
	})
}

// dataFile describes the Parquet file of a snapshot. It reads the footer alone.
func (s *snapshot) dataFile(a catalog.Artefact) (*dataFile, error) {
	f, err := os.Open(s.Path(a))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	reader, err := file.NewParquetReader(f)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	footer := reader.MetaData()
	if footer.NumRows != a.Rows {
		return nil, fmt.Errorf("%s has %d rows, its manifest says %d: %w", a.File, footer.NumRows, a.Rows, catalog.ErrCorrupt)
	}
	d := &dataFile{Path: s3.Address(s3.FileKey(s.Release, a)), Format: "PARQUET", Rows: a.Rows, Bytes: a.Bytes, Splits: &[]int64{}}
	if s.order.ID != 0 {
		order := int32(s.order.ID)
		d.Order = &order
	}
	columns := make([]*measure, footer.Schema.NumColumns())
	for j := range columns {
		c := s.schema.field(footer.Schema.Column(j).Name())
		if c == nil {
			return nil, fmt.Errorf("%s has a column %q that no field defines: %w", a.File, footer.Schema.Column(j).Name(), catalog.ErrCorrupt)
		}
		columns[j] = &measure{id: int32(c.ID), counted: true, bounded: true}
	}
	for i := range footer.NumRowGroups() {
		group := footer.RowGroup(i)
		for j, m := range columns {
			chunk, err := group.ColumnChunk(j)
			if err != nil {
				return nil, err
			}
			if err := m.add(chunk); err != nil {
				return nil, err
			}
			if j == 0 {
				start := chunk.DataPageOffset()
				if chunk.HasDictionaryPage() {
					start = min(start, chunk.DictionaryPageOffset())
				}
				*d.Splits = append(*d.Splits, start)
			}
		}
	}
	slices.SortFunc(columns, func(a, b *measure) int { return int(a.id - b.id) })
	for _, m := range columns {
		d.Sizes = append(d.Sizes, countEntry{m.id, m.bytes})
		d.Values = append(d.Values, countEntry{m.id, m.values})
		if m.counted {
			d.Nulls = append(d.Nulls, countEntry{m.id, m.nulls})
		}
		if m.bounded && m.min.set {
			d.Lower = append(d.Lower, boundEntry{m.id, m.min.lower()})
			if upper, ok := m.max.upper(); ok {
				d.Upper = append(d.Upper, boundEntry{m.id, upper})
			}
		}
	}
	return d, nil
}

// measure is what all chunks of a column say of it together.
type measure struct {
	id                   int32
	bytes, values, nulls int64
	min, max             bound
	// counted and bounded are false where one of the chunks does not say.
	counted, bounded bool
}

func (m *measure) add(chunk *metadata.ColumnChunkMetaData) error {
	m.bytes += chunk.TotalCompressedSize()
	m.values += chunk.NumValues()
	stats, err := chunk.Statistics()
	if err != nil {
		return err
	}
	if stats == nil {
		m.counted, m.bounded = false, false
		return nil
	}
	if m.counted = m.counted && stats.HasNullCount(); m.counted {
		m.nulls += stats.NullCount()
		if stats.NullCount() == chunk.NumValues() {
			return nil // no bounds, and none are missing
		}
	}
	if !stats.HasMinMax() {
		m.bounded = false
		return nil
	}
	low, known := boundOf(stats, stats.EncodeMin())
	high, _ := boundOf(stats, stats.EncodeMax())
	if !known {
		m.bounded = false
		return nil
	}
	if !m.min.set || low.less(m.min) {
		m.min = low
	}
	if !m.max.set || m.max.less(high) {
		m.max = high
	}
	return nil
}

// bound is the least or the greatest value of a column: a number, or a text.
type bound struct {
	set    bool
	number *big.Int
	// bytes is the value as Iceberg writes it (spec, appendix D), a text whole.
	bytes []byte
	text  bool
}

func (b bound) less(other bound) bool {
	if b.number != nil {
		return b.number.Cmp(other.number) < 0
	}
	return bytes.Compare(b.bytes, other.bytes) < 0
}

// boundOf reads a value of a column's statistics, as Parquet writes it plain.
func boundOf(stats metadata.TypedStatistics, plain []byte) (bound, bool) {
	column := stats.Descr()
	decimal := column.ConvertedType().String() == "DECIMAL"
	b := bound{set: true, bytes: plain}
	switch stats.Type() {
	case parquet.Types.Boolean:
		return b, len(plain) == 1
	case parquet.Types.Int32, parquet.Types.Int64:
		big := slices.Clone(plain)
		slices.Reverse(big)
		b.number = signed(big)
	case parquet.Types.FixedLenByteArray:
		if !decimal {
			return bound{}, false
		}
		b.number = signed(plain)
	case parquet.Types.ByteArray:
		b.text = true
		return b, !decimal && utf8.Valid(plain)
	default:
		return bound{}, false
	}
	if decimal {
		b.bytes = twosComplement(b.number)
	}
	return b, true
}

// signed reads a big-endian number in two's complement.
func signed(b []byte) *big.Int {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n
}

// twosComplement writes a number so, in as few bytes as it takes.
func twosComplement(n *big.Int) []byte {
	if n.Sign() >= 0 {
		b := n.Bytes()
		if len(b) == 0 || b[0]&0x80 != 0 {
			b = append([]byte{0}, b...)
		}
		return b
	}
	size := uint(new(big.Int).Not(n).BitLen()/8 + 1)
	b := new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), 8*size)).Bytes()
	for uint(len(b)) < size {
		b = append([]byte{0xff}, b...)
	}
	return b
}

// boundLength is how many characters of a text a bound has, as in tables that
// other writers make.
const boundLength = 16

// lower is a value that no value of the column is below.
func (b bound) lower() []byte {
	if !b.text {
		return b.bytes
	}
	head, _ := cut(b.bytes)
	return head
}

// upper is a value that no value of the column is above, and false where there
// is none of that length.
func (b bound) upper() ([]byte, bool) {
	if !b.text {
		return b.bytes, true
	}
	head, whole := cut(b.bytes)
	if whole {
		return head, true
	}
	// The next text of that length, or of a shorter one, is above all that begin
	// with this one.
	chars := []rune(string(head))
	for i, r := range slices.Backward(chars) {
		next := r + 1
		if next == 0xd800 { // no characters from here
			next = 0xe000
		}
		if next <= utf8.MaxRune {
			return []byte(string(append(chars[:i:i], next))), true
		}
	}
	return nil, false
}

// cut is the beginning of a text, and whether that is all of it.
func cut(text []byte) (head []byte, whole bool) {
	n := 0
	for i := range string(text) {
		if n == boundLength {
			return text[:i], false
		}
		n++
	}
	return text, true
}
