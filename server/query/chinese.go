package query

import (
	"regexp"
	"sync"
)

// chinese says in Chinese what messages and hints say in English; $1 is what
// stands in the brackets. TestEveryMessageIsAlsoChinese holds that no message of
// this package is left out. DuckDB's commonest are here too. Workers, whose start
// counts, need none of it.
var chinese = sync.OnceValue(func() []saying {
	return []saying{
		{is(`there is no column (".*")`), `没有名为 $1 的列`},
		{is(`there is no table (".*")`), `没有名为 $1 的表`},
		{is(`no table (".*")`), `没有名为 $1 的表`},
		{is(`the function (.*) is not available`), `函数 $1 不可用`},
		{is(`the table function (.*) is not available`), `表函数 $1 不可用`},
		{is(`did you mean (".*")\?`), `是否想写 $1？`},
		{is(`one form that exists: (.*)`), `可用的形式之一：$1`},
		{is(`write (SELECT .*)`), `请写 $1`},
		{is(`datasets are named without a schema; the schema catalog lists them`), `数据集名称前不加模式名；模式 catalog 列出全部数据集`},
		{is(`the statement is empty`), `语句为空`},
		{is(`there is no statement`), `没有语句`},
		{is(`try SELECT \* FROM <dataset> LIMIT 10`), `可以试试 SELECT * FROM <数据集> LIMIT 10`},
		{is(`the statement has (\d+) bytes; at most (\d+) are allowed`), `语句长 $1 字节，最多允许 $2 字节`},
		{is(`the request and its parameters have (\d+) bytes; at most (\d+) are allowed`), `请求连同参数长 $1 字节，最多允许 $2 字节`},
		{is(`the statement is not valid UTF-8`), `语句不是有效的 UTF-8 文本`},
		{is(`the statement holds a NUL character`), `语句中有 NUL 字符`},
		{is(`brackets nest more than (\d+) deep`), `括号嵌套超过 $1 层`},
		{is(`('.') without its opening bracket`), `$1 没有对应的左括号`},
		{is(`the column (.*) is an? (\S+), which no format of answers can hold`), `列 $1 的类型是 $2，任何结果格式都无法表示`},
		{is(`CAST it to VARCHAR`), `请用 CAST 转换为 VARCHAR`},
		{is(`a bracket is not closed`), `有括号没有闭合`},
		{is(`the statement is too deeply nested`), `语句嵌套过深`},
		{is(`only a SELECT is allowed`), `只能是一条 SELECT 语句`},
		{is(`only a SELECT is allowed, and DESCRIBE or SUMMARIZE of a table`), `只能是一条 SELECT 语句，或对表的 DESCRIBE、SUMMARIZE`},
		{is(`these are (\d+) statements; exactly one SELECT is allowed`), `这里有 $1 条语句，只能有一条 SELECT`},
		{is(`the (statement|request) names (\d+) tables; at most (\d+) are allowed`), `引用了 $2 个表，最多允许 $3 个`},
		{is(`AT \(\.\.\.\) is not supported; name the release: (.*)`), `不支持 AT (...)；请直接写出版本：$1`},
		{is(`the type (.*) is not available`), `类型 $1 不可用`},
		{is(`(.*) is not allowed here`), `此处不允许 $1`},
		{is(`this call is not allowed`), `不允许这样调用`},
		{is(`the parameter (\$.*) has no value`), `参数 $1 没有值`},
		{is(`the statement has no parameter (\$.*)`), `语句中没有参数 $1`},
		{is(`the value of parameter (\$.*) is not null, true, false, a number or a text`), `参数 $1 的值只能是空值、真假、数字或文本`},
		{is(`(.*): unnest is not available here`), `$1：此处不能用 unnest`},
		{is(`use SQL`), `请使用 SQL`},
		{is(`where: want a condition on single rows`), `where：应为对单行的条件`},
		{is(`(.*): want the name of a field or an expression`), `$1：应为字段名或表达式`},
		{is(`(".*") is not one expression`), `$1 不是一个表达式`},
		{is(`the cursor does not belong to this request`), `游标不属于此请求`},
		{is(`offset: want a number that is not negative, and no cursor beside it`), `offset：应为不小于 0 的数，且不能与游标同用`},
		{is(`DuckDB cannot run this statement: it meets a fault of its own`), `DuckDB 无法执行此语句：遇到其自身的缺陷`},
		{is(`write it in another way`), `请换一种写法`},
		{is(`start again without one`), `请不带游标重新开始`},

		{is(`syntax error at or near (".*")`), `$1 附近有语法错误`},
		{is(`syntax error at end of input`), `语句没有写完`},
		{is(`unterminated quoted (?:string|identifier) at or near (".*")`), `$1 处的引号没有闭合`},
		{is(`unterminated /\* comment at or near (".*")`), `$1 处的注释没有闭合`},
		{is(`(date|timestamp|time) field value out of range: (".*")`), `日期或时间 $2 不存在`},
		{is(`invalid (date|timestamp|time) field format: (".*?").*`), `$2 不是日期或时间的写法`},
		{is(`column (".*") must appear in the GROUP BY clause or (?:must )?be (?:part of|used in) an aggregate function\.?(?s:.*)`), `列 $1 须出现在 GROUP BY 中，或放进聚合函数`},
		{is(`Ambiguous reference to column name (".*") \(use: (.*)\)`), `列名 $1 不止一个表有，请写明：$2`},
		{is(`Could not convert string (.*) to (\w+)(?s:.*)`), `不能把文本 $1 转换成 $2`},
		{is(`No function matches the given name and argument types (.*)\. You might need to add explicit type casts\.`), `没有接受这些类型的函数 $1；可能需要显式转换类型`},
		{is(`WHERE clause cannot contain aggregates!?`), `WHERE 中不能用聚合函数；请改用 HAVING`},
		{is(`aggregate function calls cannot be nested`), `聚合函数不能嵌套`},
		{is(`Table (".*") does not have a column named (".*")`), `表 $1 没有名为 $2 的列`},
		{is(`Referenced table (".*") not found!`), `没有引入名为 $1 的表或别名`},
		{is(`Cannot compare values of type (.*) and type (.*) - an explicit cast is required`), `不能比较类型 $1 和 $2；需要显式转换类型`},
	}
})

type saying struct {
	english *regexp.Regexp
	said    string
}

func is(english string) *regexp.Regexp { return regexp.MustCompile(`^` + english + `$`) }

// Chinese gives message and hint to Chinese readers. What DuckDB says and is
// not known here stays as it is.
func (e *SQLError) Chinese() (message, hint string) {
	return inChinese(e.Message), inChinese(e.Hint)
}

func inChinese(s string) string {
	for _, c := range chinese() {
		if m := c.english.FindStringSubmatchIndex(s); m != nil {
			return string(c.english.ExpandString(nil, c.said, s, m))
		}
	}
	return s
}
