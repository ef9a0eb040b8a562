package soda

// expr is an expression of SoQL.
type expr interface {
	// offset is where it begins in the text.
	offset() int
}

type (
	// column is a field, a system field such as :id, or an alias.
	column struct {
		name string
		at   int
	}
	// literal is a constant.
	literal struct {
		kind literalKind
		text string
		at   int
	}
	// call is a function, or an operator under the names of operators.
	call struct {
		name string
		args []expr
		// star marks count(*).
		star bool
		at   int
	}
)

func (e *column) offset() int  { return e.at }
func (e *literal) offset() int { return e.at }
func (e *call) offset() int    { return e.at }

type literalKind int

const (
	literalNull literalKind = iota
	literalString
	literalNumber
	literalBoolean
)

// Operators are calls under these names, beside their own signs; a "#" cannot
// begin the name of a function.
const (
	opIsNull     = "#is null"
	opIsNotNull  = "#is not null"
	opLike       = "#like"
	opNotLike    = "#not like"
	opIn         = "#in"
	opNotIn      = "#not in"
	opBetween    = "#between"
	opNotBetween = "#not between"
	opAnd        = "#and"
	opOr         = "#or"
	opNot        = "#not"
	opCase       = "#case"  // condition, value, ...; an odd last one is ELSE
	opCast       = "#cast:" // and the type
	opUnary      = "#unary" // and the sign
)

// selection is what a query gives: all system fields, all fields, expressions,
// in this order.
type selection struct {
	system, fields *star
	items          []item
}

// star stands for all fields but some.
type star struct {
	except []*column
	at     int
}

// item is one expression of a selection; alias is "" where it has none.
type item struct {
	expr  expr
	alias string
	at    int // of the alias
}

// ordering is one term of an order.
type ordering struct {
	expr       expr
	desc       bool
	nullsFirst bool
}

// statement is one SELECT; several make a chain, each over the rows of the one
// before.
type statement struct {
	distinct      bool
	filters       []filter
	selection     selection
	where, having expr
	group         []expr
	order         []ordering
	search        string
	limit, offset *int64
	// source is the text that offsets are in, by part.
	source sources
}

// sources are the texts of the parts of a statement: one for all of $query, or
// one for each parameter.
type sources struct {
	selected, where, group, having, order string
}

// filter is a condition beside WHERE: a bare field=value of an address.
type filter struct {
	condition expr
	source    string
}
