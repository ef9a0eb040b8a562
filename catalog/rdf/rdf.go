// Package rdf holds a small graph and writes it as Turtle and as JSON-LD. Both
// say the same, and always in the order in which it was said to the graph.
package rdf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Term is what a statement can say of something: an IRI or a Literal.
type Term interface{ term() }

// IRI names something, in full.
type IRI string

// Literal is a text, in a language or of a type, or neither.
type Literal struct {
	Value, Lang string
	Type        IRI
}

func (IRI) term()     {}
func (Literal) term() {}

// Type is the predicate that says what kind of thing something is.
const Type IRI = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"

// Prefix abbreviates the IRIs that begin with Namespace.
type Prefix struct{ Name, Namespace string }

// Graph is a set of statements. The zero value is not ready, see New.
type Graph struct {
	prefixes []Prefix
	order    []IRI
	subjects map[IRI]*subject
}

type subject struct {
	predicates []IRI
	objects    map[IRI][]Term
}

// New makes an empty graph, which writes IRIs with those prefixes.
func New(prefixes ...Prefix) *Graph { return &Graph{prefixes: prefixes, subjects: map[IRI]*subject{}} }

// Add states that each of objects stands to s as p. Nothing is stated twice;
// a Literal without a value, and an IRI that is empty, says nothing.
func (g *Graph) Add(s, p IRI, objects ...Term) {
	for _, o := range objects {
		if l, ok := o.(Literal); ok && l.Value == "" || o == IRI("") {
			continue
		}
		of := g.subjects[s]
		if of == nil {
			of = &subject{objects: map[IRI][]Term{}}
			g.subjects[s], g.order = of, append(g.order, s)
		}
		if of.objects[p] == nil {
			of.predicates = append(of.predicates, p)
		}
		if !slices.Contains(of.objects[p], o) {
			of.objects[p] = append(of.objects[p], o)
		}
	}
}

// Has reports whether anything is stated of s.
func (g *Graph) Has(s IRI) bool { return g.subjects[s] != nil }

// clean escapes what may stand in no IRI.
func clean(iri IRI) string {
	var b strings.Builder
	for _, r := range string(iri) {
		if r <= ' ' || strings.ContainsRune("<>\"{}|^`\\", r) || r == '\uFFFD' {
			for _, c := range []byte(string(r)) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

var localName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// short is an IRI with its prefix, "" where it has none.
func (g *Graph) short(iri IRI) string {
	for _, p := range g.prefixes {
		if local, ok := strings.CutPrefix(string(iri), p.Namespace); ok && localName.MatchString(local) {
			return p.Name + ":" + local
		}
	}
	return ""
}

// Turtle writes the graph as text/turtle (RDF 1.1 Turtle).
func (g *Graph) Turtle() []byte {
	var b bytes.Buffer
	for _, p := range g.prefixes {
		fmt.Fprintf(&b, "@prefix %s: <%s> .\n", p.Name, p.Namespace)
	}
	name := func(iri IRI) string {
		if short := g.short(iri); short != "" {
			return short
		}
		return "<" + clean(iri) + ">"
	}
	for _, s := range g.order {
		fmt.Fprintf(&b, "\n%s", name(s))
		of := g.subjects[s]
		for i, p := range of.predicates {
			if i > 0 {
				b.WriteString(" ;\n   ")
			}
			predicate := name(p)
			if p == Type {
				predicate = "a"
			}
			b.WriteString(" " + predicate)
			for j, o := range of.objects[p] {
				if j > 0 {
					b.WriteString(" ,")
				}
				switch o := o.(type) {
				case IRI:
					b.WriteString(" " + name(o))
				case Literal:
					b.WriteString(" " + quote(o.Value))
					if o.Lang != "" {
						b.WriteString("@" + o.Lang)
					} else if o.Type != "" {
						b.WriteString("^^" + name(o.Type))
					}
				}
			}
		}
		b.WriteString(" .\n")
	}
	return b.Bytes()
}

var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\x00", "\uFFFD")

func quote(s string) string { return `"` + escapes.Replace(strings.ToValidUTF8(s, "\uFFFD")) + `"` }

// JSONLD writes the graph as application/ld+json (JSON-LD 1.1), one object a
// subject.
func (g *Graph) JSONLD() ([]byte, error) {
	key := func(iri IRI) string {
		if short := g.short(iri); short != "" {
			return short
		}
		return clean(iri)
	}
	context := object{}
	for _, p := range g.prefixes {
		context = append(context, member{p.Name, p.Namespace})
	}
	nodes := []any{}
	for _, s := range g.order {
		node := object{{"@id", clean(s)}}
		of := g.subjects[s]
		for _, p := range of.predicates {
			var values []any
			for _, o := range of.objects[p] {
				switch o := o.(type) {
				case IRI:
					if p == Type {
						values = append(values, key(o))
					} else {
						values = append(values, object{{"@id", clean(o)}})
					}
				case Literal:
					v := object{{"@value", strings.ToValidUTF8(o.Value, "\uFFFD")}}
					if o.Lang != "" {
						v = append(v, member{"@language", o.Lang})
					} else if o.Type != "" {
						v = append(v, member{"@type", key(o.Type)})
					}
					values = append(values, v)
				}
			}
			name := key(p)
			if p == Type {
				name = "@type"
			}
			if len(values) == 1 {
				node = append(node, member{name, values[0]})
			} else {
				node = append(node, member{name, values})
			}
		}
		nodes = append(nodes, node)
	}
	return json.MarshalIndent(object{{"@context", context}, {"@graph", nodes}}, "", " ")
}

// object is a JSON object that keeps its order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, name...), ':'), value...)
	}
	return append(b, '}'), nil
}
