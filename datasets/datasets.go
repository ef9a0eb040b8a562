// Package datasets holds the definitions of the datasets that the platform
// knows, each with sample files in the form that departments send.
package datasets

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"govdata/catalog"
)

//go:embed */dataset.yaml */*.csv */*.xlsx */*.json */*.jsonl */*.txt
var bundled embed.FS

// Site is the bundled site file, for Gansu.
//
//go:embed site.yaml
var Site []byte

// Bundled returns the definitions and samples that come with the program:
// <id>/dataset.yaml, and its samples beside it.
func Bundled() fs.FS { return bundled }

// Load reads every definition in fsys. Reference tables, which others are
// joined with, come first; the rest is in order of id.
func Load(fsys fs.FS) ([]*catalog.Dataset, error) {
	files, err := fs.Glob(fsys, "*/dataset.yaml")
	if err != nil {
		return nil, err
	}
	var all []*catalog.Dataset
	var errs []error
	for _, file := range files {
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, err
		}
		d, err := Parse(file, data)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if string(d.ID) != path.Dir(file) {
			errs = append(errs, fmt.Errorf("%s: found id %q, expected %q, as its folder is called: %w", file, d.ID, path.Dir(file), catalog.ErrInvalid))
		}
		for _, s := range d.Samples {
			if _, err := fs.Stat(fsys, path.Join(path.Dir(file), s.File)); err != nil {
				errs = append(errs, fmt.Errorf("%s: sample %s: %w", file, s.File, err))
			}
		}
		all = append(all, d)
	}
	all, err = ordered(all)
	return all, errors.Join(append(errs, err, CheckOpenness(all))...)
}

// CheckOpenness says of every computed dataset which is to be more open than one
// of its inputs that nobody decided so. It would be served as closed as that input.
func CheckOpenness(all []*catalog.Dataset) error {
	byID := map[catalog.ID]*catalog.Dataset{}
	for _, d := range all {
		byID[d.ID] = d
	}
	var errs []error
	for _, d := range all {
		for _, id := range d.Inherits() {
			if input := byID[id]; input != nil && catalog.Stricter(d.Openness, input.Openness) != d.Openness {
				errs = append(errs, fmt.Errorf("%s: it is %s, and computed from %s, which is %s; make it as closed, or name %s with a basis under derived.discloses: %w",
					d.ID, d.Openness.Attribute, id, input.Openness.Attribute, id, catalog.ErrInvalid))
			}
		}
	}
	return errors.Join(errs...)
}

// ordered puts datasets behind those that they refer to; the reference tables
// come first where that leaves a choice, then the order of ids.
func ordered(all []*catalog.Dataset) ([]*catalog.Dataset, error) {
	slices.SortStableFunc(all, func(a, b *catalog.Dataset) int {
		return min(len(a.Disclosure), 1) - min(len(b.Disclosure), 1)
	})
	byID := map[catalog.ID]*catalog.Dataset{}
	for _, d := range all {
		byID[d.ID] = d
	}
	var order []*catalog.Dataset
	var visit func(d *catalog.Dataset, path []catalog.ID) error
	visit = func(d *catalog.Dataset, path []catalog.ID) error {
		if slices.Contains(order, d) {
			return nil
		}
		if slices.Contains(path, d.ID) {
			return fmt.Errorf("datasets refer to each other in a ring: %v: %w", append(path, d.ID), catalog.ErrInvalid)
		}
		for _, id := range d.Needs() {
			if other := byID[id]; other != nil && other != d {
				if err := visit(other, append(path, d.ID)); err != nil {
					return err
				}
			}
		}
		order = append(order, d)
		return nil
	}
	for _, d := range all {
		if err := visit(d, nil); err != nil {
			return all, err
		}
	}
	return order, nil
}

// Parse reads one definition. Every mistake in it is reported as
// file:line:column with what was found and what was expected; the error wraps
// catalog.ErrInvalid.
func Parse(name string, data []byte) (*catalog.Dataset, error) {
	var d catalog.Dataset
	if err := decode(name, data, &d); err != nil {
		return nil, err
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", name, catalog.ErrInvalid, err)
	}
	var errs []error
	for _, p := range d.Validate() {
		line, col := position(file, p.Path)
		errs = append(errs, fmt.Errorf("%s:%d:%d: %s: %s: %w", name, line, col, strings.TrimPrefix(p.Path, "$."), p.Message, catalog.ErrInvalid))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return &d, nil
}

// Format writes a definition as Parse reads it.
func Format(d *catalog.Dataset) ([]byte, error) {
	return yaml.MarshalWithOptions(d, yaml.OmitZero(), yaml.UseLiteralStyleIfMultiline(true))
}

// LoadSite reads a site file.
func LoadSite(data []byte) (*catalog.Site, error) {
	var s catalog.Site
	if err := decode("site.yaml", data, &s); err != nil {
		return nil, err
	}
	if s.Timezone == "" || s.Title.Zh == "" {
		return nil, fmt.Errorf("site.yaml: title and timezone are needed: %w", catalog.ErrInvalid)
	}
	if _, err := s.Location(); err != nil {
		return nil, fmt.Errorf("site.yaml: timezone: %w: %w", catalog.ErrInvalid, err)
	}
	return &s, nil
}

var yamlPosition = regexp.MustCompile(`^\[(\d+):(\d+)\] ([^\n]*)`)

// decode reads YAML strictly: a key that is not known is a mistake.
func decode(name string, data []byte, v any) error {
	err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(v)
	if err == nil {
		return nil
	}
	if m := yamlPosition.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("%s:%s:%s: %s: %w", name, m[1], m[2], m[3], catalog.ErrInvalid)
	}
	return fmt.Errorf("%s: %w: %w", name, catalog.ErrInvalid, err)
}

// position finds the node at a path such as $.fields[3].type, or the nearest
// one above it that the document has.
func position(file *ast.File, at string) (line, col int) {
	for at != "" {
		if p, err := yaml.PathString(at); err == nil {
			if node, err := p.FilterFile(file); err == nil && node != nil {
				pos := node.GetToken().Position
				return pos.Line, pos.Column
			}
		}
		i := strings.LastIndexAny(at, ".[")
		if i <= 0 {
			break
		}
		at = at[:i]
	}
	return 1, 1
}
