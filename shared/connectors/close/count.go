package close

import (
	"context"
	"net/http"
	"net/url"

	"leadline/shared/connector"
)

// count asks Close how many records a scope has. Lists of activities do not tell.
func count(ctx context.Context, c connector.Client, r connector.PageRequest) (connector.Count, error) {
	p, err := newPull(c, r)
	if err != nil {
		return connector.Count{}, err
	}
	switch {
	case r.Scope.Kind == connector.IDs || r.Scope.Kind == connector.ChildrenOf:
		return connector.Count{Source: "Close is not asked for the number of " + p.kind.title + " that were named."}, nil
	case p.kind.manner == bySearch:
		return p.countFound(ctx)
	case p.kind.manner == byOrder:
		return p.countListed(ctx)
	case p.kind.small():
		return p.countShort(ctx)
	}
	return connector.Count{Source: "Close does not tell how many " + p.kind.title + " there are."}, nil
}

// countFound has a search count: no row is asked for. Changes of the last moments may not be in its index.
func (p *pull) countFound(ctx context.Context) (connector.Count, error) {
	body, err := p.searchBody(p.question(&keyset{}, fieldUpdated, fieldCreated))
	if err != nil {
		return connector.Count{}, err
	}
	delete(body, "_fields")
	delete(body, "_limit")
	delete(body, "sort")
	body["include_counts"], body["results_limit"] = true, 0
	l, err := list(ctx, p.client, connector.Request{Method: http.MethodPost, Path: pathSearch, Body: body})
	if err != nil || l.Count == nil {
		return connector.Count{}, err
	}
	return counted(l.Count.Total, "count.total of POST /data/search/ (Close's search index, which follows changes with a delay)"), nil
}

func (p *pull) countListed(ctx context.Context) (connector.Count, error) {
	first, second := p.orders()
	v := p.listQuery(p.question(&keyset{}, first, second))
	v.Set("_limit", "1")
	v.Del("_order_by")
	l, err := getList(ctx, p.client, p.kind.path, v)
	if err != nil {
		return connector.Count{}, err
	}
	return counted(l.Total, "total_results of GET "+p.kind.path), nil
}

// countShort counts the rows of a list that fits one page.
func (p *pull) countShort(ctx context.Context) (connector.Count, error) {
	source := "rows of GET " + p.kind.path
	if p.kind.manner == byMembership {
		if err := p.readMemberships(ctx); err != nil {
			return connector.Count{}, err
		}
		return connector.Count{N: int64(p.rows), Known: true, Source: "memberships and inactive_memberships of GET " + p.kind.path + "{id}/"}, nil
	}
	var v url.Values
	if p.kind.pages {
		v = url.Values{"_limit": {number(pageRows)}}
	}
	l, err := getList(ctx, p.client, p.kind.path, v)
	if err != nil {
		return connector.Count{}, err
	}
	if l.HasMore {
		return connector.Count{Source: "Close does not tell how many " + p.kind.title + " there are: they do not fit one page."}, nil
	}
	n := int64(len(l.Data))
	return counted(&n, source), nil
}

func counted(n *int64, source string) connector.Count {
	if n == nil {
		return connector.Count{Source: "There is no " + source + " in Close's answer."}
	}
	return connector.Count{N: *n, Known: true, Source: source}
}
