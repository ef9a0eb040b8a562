package server

import (
	"context"

	"govdata/catalog"
	"govdata/server/mcp"
	"govdata/server/query"
)

// mcpDeps is what /mcp needs of the server.
func (s *Server) mcpDeps() mcp.Deps {
	return mcp.Deps{
		Catalog: s.o.Catalog, Site: s.o.Site, Ask: s.mcpAsk, Opens: opensTo, Split: split, Order: orderOf, Base: s.base, Lang: langOf,
		Origins: s.o.Origins, Log: s.o.Log, Software: s.o.Software,
	}
}

// opensTo refuses the rows of a release to a user who may not have them.
func opensTo(ctx context.Context, lang string, r *catalog.Release) error {
	u, _ := ctx.Value(userKey{}).(user)
	return u.access.opens(r, lang)
}

// mcpAsk asks a question of an assistant's tool.
func (s *Server) mcpAsk(ctx context.Context, from mcp.From, r query.Request, sample *catalog.Release) (*mcp.Answer, error) {
	result, names, err := s.askBeside(ctx, from.Lang, r, sample)
	if err != nil {
		return nil, err
	}
	answer := &mcp.Answer{Result: result, Releases: names.used(), Private: names.private()}
	for _, c := range columnsOf(result.Schema()) {
		answer.Columns = append(answer.Columns, mcp.Column{Name: c.Name, Type: c.Type, JSON: c.JSON})
	}
	answer.Permalink = func(ext string, rows int64) string {
		q := &question{request: r, names: names}
		q.request.Estimate, q.request.MaxRows = false, rows
		q.format, _ = catalog.FormatOf(ext)
		return q.permalink(from.Base, result)
	}
	return answer, nil
}
