package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"govdata/catalog"
)

// layoutFlags are the flags that settle how a file is laid out.
type layoutFlags struct {
	layout catalog.Layout
	header string
	skip   []string
}

func (f *layoutFlags) add(c *cobra.Command) {
	l := &f.layout
	c.Flags().StringVar(&l.Charset, "charset", "", "character set of the file, as in gb18030; empty: decided from its bytes")
	c.Flags().StringVar(&l.Sheet, "sheet", "", "sheet of the workbook, or member of the archive; empty: all that hold the dataset")
	c.Flags().BoolVar(&l.All, "all", false, "read every member of an archive, not the one that is a table")
	c.Flags().StringVar(&l.Delimiter, "delimiter", "", "what parts the cells of a text file, up to eight bytes; empty: decided from its rows")
	c.Flags().StringVar(&l.Record, "record", "", "element of an XML file that is a row, by name or path; empty: the one that is repeated")
	c.Flags().IntSliceVar(&l.Widths, "widths", nil, "widths of the columns of a fixed-width text file, in characters")
	c.Flags().StringVar(&f.header, "header", "", "lines of the header, as in 3 or 3-4, or none; empty: found")
	c.Flags().StringSliceVar(&l.Columns, "columns", nil, "names of the columns, where the file has none or not all")
	c.Flags().StringSliceVar(&f.skip, "skip", nil, "lines to leave out, as in 1-2,40-")
	c.Flags().StringVar(&l.Origin, "origin", "", "name of a column that says which sheet, member or heading each row stands under; empty: none, or for add 来源 where there are several")
	c.Flags().StringSliceVar(&l.FillDown, "fill-down", nil, "columns whose blank cells repeat the cell above")
}

func (f *layoutFlags) parse() (catalog.Layout, error) {
	l := f.layout
	if f.header != "" {
		var err error
		if l.Header, err = catalog.ParseLines(f.header); err != nil {
			return l, usageError{err}
		}
	}
	for _, s := range f.skip {
		lines, err := catalog.ParseLines(s)
		if err != nil {
			return l, usageError{err}
		}
		l.Skip = append(l.Skip, lines)
	}
	return l, nil
}

// language is that of what a person at the terminal reads.
func language() string {
	for _, name := range []string{"GOVDATA_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if strings.HasPrefix(v, "zh") {
				return "zh"
			}
			return "en"
		}
	}
	return "en"
}
