package s3

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"govdata/catalog"
)

// Metadata makes the objects that are no files of a release: those in the
// folder metadata of a dataset.
type Metadata interface {
	// Objects lists those of a dataset.
	Objects(catalog.ID) ([]Object, error)
	// Object finds one by its name, listed or not; catalog.ErrNotFound.
	Object(id catalog.ID, name string) (Object, error)
}

// Object is a small object that is made when it is asked for.
type Object struct {
	Name      string
	MediaType string
	Modified  time.Time
	// Fixed says that there will never be other bytes under this name.
	Fixed bool
	Bytes func() ([]byte, error)
}

// object is what stands under a key: a file of a release, or bytes.
type object struct {
	key       string
	mediaType string
	modified  time.Time
	fixed     bool
	release   *catalog.Release
	artefact  catalog.Artefact
	bytes     func() ([]byte, error)
	// size and sum are those of bytes, where they are known before it is called.
	size int64
	sum  string
}

// stat returns the size of an object and its SHA-256 in hex, which is its ETag.
func (o *object) stat() (size int64, sum string, err error) {
	if o.bytes == nil {
		return o.artefact.Bytes, o.artefact.SHA256, nil
	}
	if o.sum != "" {
		return o.size, o.sum, nil
	}
	b, err := o.bytes()
	if err != nil {
		return 0, "", err
	}
	hash := sha256.Sum256(b)
	return int64(len(b)), hex.EncodeToString(hash[:]), nil
}

// condition answers what a request makes the object depend on (RFC 9110, 13): 0
// where it is to be sent, or 304 or 412.
func condition(r *http.Request, o *object, sum string) int {
	asked := r.Clone(r.Context())
	asked.Method = http.MethodHead
	asked.Header.Del("Range")
	w := headersOnly{header: http.Header{"Etag": {`"` + sum + `"`}, "Content-Type": {o.mediaType}}}
	http.ServeContent(&w, asked, "", o.modified, strings.NewReader(""))
	if w.status == http.StatusNotModified || w.status == http.StatusPreconditionFailed {
		return w.status
	}
	return 0
}

// headersOnly is a response that goes nowhere.
type headersOnly struct {
	header http.Header
	status int
}

func (w *headersOnly) Header() http.Header         { return w.header }
func (w *headersOnly) WriteHeader(status int)      { w.status = status }
func (w *headersOnly) Write(b []byte) (int, error) { return len(b), nil }

// open refuses the files of a dataset that is not open to everyone. Who has a
// key asks elsewhere: a store whose requests are signed with other people's
// keys cannot tell them apart.
func (f *face) open(r *catalog.Release) error {
	if d := &r.Dataset; !d.Queryable() {
		return fmt.Errorf("%s is %s; with a key it can be had at /d/%s.parquet: %w", d.ID, d.Openness.Attribute, d.ID, catalog.ErrForbidden)
	}
	return nil
}

// files are the objects of a release.
func (f *face) files(r *catalog.Release) []object {
	var list []object
	for _, a := range r.Artefacts {
		list = append(list, object{key: FileKey(r, a), mediaType: a.MediaType, modified: r.PublishedAt, fixed: true, release: r, artefact: a})
	}
	signature := r.Signature()
	sum := sha256.Sum256(signature)
	return append(list,
		object{key: key{r.Dataset.ID, r.Release, "manifest.json"}.String(), mediaType: "application/json; charset=utf-8", modified: r.PublishedAt, fixed: true,
			size: r.ManifestBytes(), sum: r.ManifestHash(), bytes: func() ([]byte, error) { return f.Catalog.ReadManifest(r) }},
		object{key: key{r.Dataset.ID, r.Release, "manifest.sig"}.String(), mediaType: "application/octet-stream", modified: r.PublishedAt, fixed: true,
			size: int64(len(signature)), sum: hex.EncodeToString(sum[:]), bytes: func() ([]byte, error) { return signature, nil }})
}

func made(id catalog.ID, o Object) object {
	return object{key: MetadataKey(id, o.Name), mediaType: o.MediaType, modified: o.Modified, fixed: o.Fixed, bytes: o.Bytes}
}

// find returns the object under a key.
func (f *face) find(s string) (object, error) {
	k, ok := parseKey(s)
	if !ok {
		return object{}, fmt.Errorf("key %q: want DATASET/RELEASE/FILE: %w", s, catalog.ErrNotFound)
	}
	r, err := f.Catalog.Resolve(catalog.Ref{Dataset: k.dataset, Release: k.release})
	if err != nil {
		return object{}, err
	}
	if err := f.open(r); err != nil {
		return object{}, err
	}
	if k.release == "" {
		o, err := f.Metadata.Object(k.dataset, k.name)
		if err != nil {
			return object{}, err
		}
		return made(k.dataset, o), nil
	}
	list := f.files(r)
	i := slices.IndexFunc(list, func(o object) bool { return o.key == s })
	if i < 0 {
		return object{}, fmt.Errorf("release %s has no file %q: %w", r.Ref(), k.name, catalog.ErrNotFound)
	}
	return list[i], nil
}

// objects lists those of a dataset by key; none where it is not open.
func (f *face) objects(id catalog.ID) ([]object, error) {
	releases, err := f.Catalog.Releases(id)
	if err != nil {
		return nil, err
	}
	var list []object
	for _, r := range releases {
		if err := f.open(r); errors.Is(err, catalog.ErrForbidden) || errors.Is(err, catalog.ErrCorrupt) {
			continue
		} else if err != nil {
			return nil, err
		}
		list = append(list, f.files(r)...)
	}
	if len(list) == 0 {
		return nil, nil
	}
	tables, err := f.Metadata.Objects(id)
	// What has no Parquet file is no table; its other files are listed all the same.
	if err != nil && !errors.Is(err, catalog.ErrNotFound) && !errors.Is(err, catalog.ErrForbidden) && !errors.Is(err, catalog.ErrCorrupt) {
		return nil, err
	}
	for _, o := range tables {
		list = append(list, made(id, o))
	}
	slices.SortFunc(list, func(a, b object) int { return strings.Compare(a.key, b.key) })
	return list, nil
}
