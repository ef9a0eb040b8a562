package s3

import (
	"regexp"
	"strings"

	"govdata/catalog"
)

// Bucket is the one bucket there is. It is laid out as the public half of a
// data directory:
//
//	<dataset>/<release>/<file>       what a manifest lists as artefacts
//	<dataset>/<release>/manifest.json, manifest.sig
//	<dataset>/metadata/<name>        made on demand, see Metadata
const Bucket = "govdata"

// key names an object. No path of a file is ever made of one: a name is looked
// up among what the manifest lists.
type key struct {
	dataset catalog.ID
	// release is empty for what lies in the folder metadata.
	release catalog.ReleaseID
	name    string
}

const metadataDir = "metadata"

var namePattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$`)

// parseKey reads a key; there is no object under one that it refuses.
func parseKey(s string) (key, bool) {
	dataset, rest, _ := strings.Cut(s, "/")
	dir, name, _ := strings.Cut(rest, "/")
	id, err := catalog.ParseID(dataset)
	if err != nil || !namePattern.MatchString(name) {
		return key{}, false
	}
	if dir == metadataDir {
		return key{dataset: id, name: name}, true
	}
	release, err := catalog.ParseReleaseID(dir)
	if err != nil {
		return key{}, false
	}
	return key{id, release, name}, true
}

// String gives the form that parseKey reads.
func (k key) String() string {
	if k.release == "" {
		return string(k.dataset) + "/" + metadataDir + "/" + k.name
	}
	return string(k.dataset) + "/" + string(k.release) + "/" + k.name
}

// Address is the address of an object in the way of the tools that read
// object stores.
func Address(key string) string { return "s3://" + Bucket + "/" + key }

// FileKey is the key of an artefact.
func FileKey(r *catalog.Release, a catalog.Artefact) string {
	return key{r.Dataset.ID, r.Release, a.File}.String()
}

// MetadataKey is the key of an object that Metadata makes.
func MetadataKey(id catalog.ID, name string) string {
	return key{dataset: id, name: name}.String()
}
