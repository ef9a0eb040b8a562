package query

import (
	"errors"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// What readers most often do wrong is told in their language, at its place; an
// estimate, which is asked first, tells the same.
func TestFaultsAreToldInChineseAtTheirPlace(t *testing.T) {
	s := newSite(t, nil)
	for _, test := range []struct {
		sql, message, hint string
		line, col          int
	}{
		{"SELECT\n  documnt FROM penalties", `没有名为 "documnt" 的列`, `是否想写 "document"？`, 2, 3},
		{"SELECT '处罚' AS a, documnt FROM penalties", `没有名为 "documnt" 的列`, `是否想写 "document"？`, 1, 19},
		{"SELECT 1 FROM penaltie", `没有名为 "penaltie" 的表`, `是否想写 "penalties"？`, 1, 15},
		{"SELEC 1", `"SELEC" 附近有语法错误`, "", 1, 1},
		{"SELECT 1 FROM", `语句没有写完`, "", 1, 14},
		{"SELECT (1", `有括号没有闭合`, "", 1, 10},
		{"SELECT '1", `"'1" 处的引号没有闭合`, "", 1, 8},
		{"SELECT region, count(*) FROM penalties", `列 "region" 须出现在 GROUP BY 中，或放进聚合函数`, "", 1, 8},
		{"SELECT id FROM penalties WHERE sum(id) > 1", `WHERE 中不能用聚合函数；请改用 HAVING`, "", 1, 32},
		{"SELECT id FROM penalties a JOIN penalties b ON true", `列名 "id" 不止一个表有，请写明："a.id" or "b.id"`, "", 1, 8},
		{"SELECT countt(id) FROM penalties", `函数 countt 不可用`, `是否想写 "count"？`, 1, 8},
		{"SELECT 1; SELECT 2", `这里有 2 条语句，只能有一条 SELECT`, "", 0, 0},
		{"DROP TABLE penalties", `只能是一条 SELECT 语句`, "", 0, 0},
	} {
		for _, estimate := range []bool{false, true} {
			r := s.request(test.sql)
			r.Estimate = estimate
			_, err := s.ask(t.Context(), r)
			var fault *SQLError
			if !errors.As(err, &fault) {
				t.Errorf("%s: %v", test.sql, err)
				continue
			}
			message, hint := fault.Chinese()
			if message != test.message || hint != test.hint {
				t.Errorf("%s (estimate %v): %q, %q; want %q, %q", test.sql, estimate, message, hint, test.message, test.hint)
			}
			if fault.Line != test.line || fault.Col != test.col {
				t.Errorf("%s (estimate %v): at %d, %d; want %d, %d", test.sql, estimate, fault.Line, fault.Col, test.line, test.col)
			}
		}
	}
}

// Every message and hint that this package writes has its Chinese sentence.
func TestEveryMessageIsAlsoChinese(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var sources []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := goparser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, f)
	}
	verb := regexp.MustCompile(`%[sd]`)
	found := 0
	check := func(e ast.Expr) {
		if call, ok := e.(*ast.CallExpr); ok {
			if f, ok := call.Fun.(*ast.SelectorExpr); !ok || f.Sel.Name != "Sprintf" {
				return
			}
			e = call.Args[0]
		}
		if sum, ok := e.(*ast.BinaryExpr); ok {
			text, ok := sum.Y.(*ast.BasicLit)
			if _, deeper := sum.X.(*ast.BinaryExpr); !ok || deeper {
				return // put together of more than two pieces: tested above
			}
			e = &ast.BasicLit{Kind: token.STRING, Value: strconv.Quote("x" + unquote(text.Value))} // parameter + ": want ..."
		}
		literal, ok := e.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return
		}
		text := unquote(literal.Value)
		if text == "" {
			return
		}
		found++
		said := verb.ReplaceAllStringFunc(strings.ReplaceAll(strings.ReplaceAll(text, "%q", `"x"`), "$%s", "$x"), func(v string) string {
			return map[string]string{"%s": "x", "%d": "7"}[v]
		})
		said = strings.Replace(said, `"x" without`, `'x' without`, 1) // a character, not a text
		if got := inChinese(said); got == said {
			t.Errorf("%q has no Chinese sentence", said)
		}
	}
	for _, f := range sources {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if name, ok := n.Type.(*ast.Ident); !ok || name.Name != "SQLError" {
					return true
				}
				for _, e := range n.Elts {
					if pair, ok := e.(*ast.KeyValueExpr); ok {
						if key, ok := pair.Key.(*ast.Ident); ok && (key.Name == "Message" || key.Name == "Hint") {
							check(pair.Value)
						}
					}
				}
			case *ast.CallExpr:
				switch f := n.Fun.(type) {
				case *ast.Ident:
					if f.Name == "errorAt" {
						check(n.Args[2])
						check(n.Args[3])
					}
				case *ast.SelectorExpr:
					if f.Sel.Name == "refuse" {
						check(n.Args[1])
					}
				}
			}
			return true
		})
	}
	if found < 30 {
		t.Errorf("only %d messages were found in the sources", found)
	}
}

func unquote(s string) string {
	text, err := strconv.Unquote(s)
	if err != nil {
		panic(err)
	}
	return text
}
