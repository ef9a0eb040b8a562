"""Uses the tools at /mcp with the protocol's official Python client, and compares
what they say with the plain CSV files, as Python's csv module reads them. It
does so once for each way of agreeing on the protocol's version.
Usage: mcp_client.py BASE_URL KEY"""

import asyncio, csv, io, json, sys, urllib.request
from decimal import Decimal

import httpx2, jsonschema
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

base, key = sys.argv[1:]
checked = 0


def fetch(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as r:
        return r.read()


def table(url, **headers):
    header, *rows = csv.reader(io.StringIO(fetch(url, **headers).decode(), newline=""))
    return header, rows


def text(v):
    """A value as the CSV file writes it."""
    if v is None:
        return ""
    if isinstance(v, bool):
        return "true" if v else "false"
    return str(v)


def same(what, rows, want):
    global checked
    rows = [[text(v) for v in row] for row in rows]
    assert rows == want, f"{what}: {len(rows)} rows, want {len(want)}: " + str(next(((a, b) for a, b in zip(rows, want) if a != b), None))
    checked += 1


def says(what, ok, found=None):
    global checked
    assert ok, f"{what}: {found}"
    checked += 1


async def use(client, mode):
    tools = {t.name: t for t in (await client.list_tools()).tools}
    says("tools", sorted(tools) == ["describe", "export_link", "profile", "sample", "search", "sql"], list(tools))
    for t in tools.values():
        for schema in (t.input_schema, t.output_schema):
            jsonschema.Draft202012Validator.check_schema(schema)
        a = t.annotations
        says(t.name, a.read_only_hint and a.idempotent_hint and not a.destructive_hint and not a.open_world_hint and t.description, a)
    if mode != "2026-07-28":  # adopted without asking, and so nothing was said
        says("instructions", "describe" in client.instructions, client.instructions)

    async def call(tool, **arguments):
        result = await client.call_tool(tool, arguments)
        assert not result.is_error, (tool, arguments, result.content[0].text)
        jsonschema.validate(result.structured_content, tools[tool].output_schema)
        assert json.loads(result.content[0].text) == result.structured_content, tool
        return result.structured_content

    async def fails(tool, **arguments):
        result = await client.call_tool(tool, arguments)
        assert result.is_error, (tool, arguments, result.structured_content)
        return result.content[0].text, result.meta["problem"]

    # What search finds, page by page, is what the list of files has, and more.
    found, offset = {}, 0
    while offset is not None:
        page = await call("search", limit=20, offset=offset)
        found |= {d["id"]: d for d in page["datasets"]}
        says("page", page["returned"] == len(page["datasets"]) and page["truncated"] == ("next_offset" in page), page["returned"])
        offset = page.get("next_offset")
    says("search", len(found) == page["total"] >= 50, len(found))
    published = {d["id"]: d for d in json.loads(fetch(base + "/d/catalog.json"))["datasets"]}
    says("queryable", {i for i, d in found.items() if d["queryable"]} == set(published), found.keys() ^ published.keys())
    for words in ("行政处罚", "penalties", "administrative PENALTIES", "xingzheng chufa"):
        first = (await call("search", query=words))["datasets"][0]
        says(words, first["id"] == "admin_penalties", first["id"])

    for name in ("admin_penalties", "budgets", "regions", "disclosure_timeliness", "normative_documents"):
        meta = await call("describe", dataset=name)
        header, want = table(f"{base}/d/{name}.csv")
        says(f"{name}: fields", [f["name"] for f in meta["fields"]] == header and meta["rows"] == len(want), meta["fields"])
        files = {f["format"]: f for f in meta["downloads"]}
        body = fetch(files["csv"]["url"])
        says(f"{name}: download", len(body) == files["csv"]["bytes"] and "@" in files["csv"]["url"], files["csv"])

        shown = await call("sample", dataset=name, rows=20)
        same(f"{name}: sample", shown["rows"], want[:20])
        says(f"{name}: sample flags", shown["returned"] == min(20, len(want)) and shown["total"] == len(want) and shown["truncated"] == (len(want) > 20), shown["total"])
        says(f"{name}: sample release", shown["release"] == {name: published[name]["release"]}, shown["release"])

        # Whole tables, in pieces that are as large as an answer may be.
        rows = []
        while len(rows) < len(want):
            part = await call("sql", query=f'SELECT * FROM {meta["table"]} LIMIT 1000 OFFSET {len(rows)}', max_rows=1000)
            assert part["returned"] == len(part["rows"]) > 0
            rows += part["rows"]
        same(f"{name}: sql", rows, want)

        few = await call("sql", query=f"SELECT * FROM {name}")
        same(f"{name}: sql by default", few["rows"], want[:few["returned"]])
        says(f"{name}: sql flags", few["truncated"] == (len(want) > few["returned"]) and few["total"] == (None if few["truncated"] else len(want)) and few["returned"] <= 50, few["returned"])
        kept = json.loads(fetch(few["permalink"] + "&shape=arrays"))
        same(f"{name}: permalink", few["rows"], [[text(v) for v in row] for row in kept["rows"][:few["returned"]]])

        link = await call("export_link", dataset=name, format="csv")
        says(f"{name}: link", fetch(link["url"]) == body and link["pinned"] and link["rows"] == len(want) and link["sha256"] == files["csv"]["sha256"], link)

        profile, gone = None, None
        try:
            profile = await call("profile", dataset=name)
        except AssertionError:
            gone, problem = await fails("profile", dataset=name)
        if profile is None:
            says(f"{name}: no profile", "has no profile" in gone and problem["status"] == 404, gone)
            continue
        says(f"{name}: profile", [c["name"] for c in profile["columns"]] == header and profile["rows"] == len(want), profile["columns"])
        for column in profile["columns"]:
            cells = [row[header.index(column["name"])] for row in want]
            says(f"{name}.{column['name']}: nulls", column["nulls"] <= cells.count(""), column["nulls"])
            if column["distinct_exact"]:
                says(f"{name}.{column['name']}: distinct", column["distinct"] in (len(set(cells) - {""}), len(set(cells))), column["distinct"])
        one = await call("profile", dataset=name, fields=[header[0]])
        says(f"{name}: profile of a field", [c["name"] for c in one["columns"]] == [header[0]] and one["truncated"] == (len(header) > 1), one)

    header, penalties = table(base + "/d/admin_penalties.csv")
    region = header.index("region_code")
    code = penalties[0][region]
    want = [r for r in penalties if r[region] == code]
    link = await call("export_link", dataset="admin_penalties", where=f"region_code = '{code}'", select="decision_no, region_code")
    says("filtered link", link["rows"] == len(want), link["rows"])
    same("filtered link", table(link["url"])[1], [[r[header.index("decision_no")], code] for r in want])
    for how in ({"params": [code]}, {"named": {"code": code}}):
        mark = "?" if "params" in how else "$code"
        counted = await call("sql", query=f"SELECT count(*) AS n FROM admin_penalties WHERE region_code = {mark}", **how)
        says("bound", counted["rows"] == [[len(want)]], counted["rows"])
        link = await call("export_link", query=f"SELECT * FROM admin_penalties WHERE region_code = {mark}", format="csv", **how)
        same("link of a query", table(link["url"])[1], want)
        says("link of a query", link["pinned"] and link["estimate"]["cost"] == "light", link)

    header, budgets = table(base + "/d/budgets.csv")
    total = await call("sql", query="SELECT sum(budgeted) AS b FROM budgets")
    says("exact sums", Decimal(total["rows"][0][0]) == sum(Decimal(r[header.index("budgeted")]) for r in budgets if r[header.index("budgeted")]), total["rows"])

    message, problem = await fails("sql", query="SELECT decision_nr\nFROM admin_penalties")
    says("column", "line 1, column 8" in message and 'did you mean "decision_no"' in message and (problem["line"], problem["column"], problem["status"]) == (1, 8, 400), message)
    message, problem = await fails("sql", query="SELECT * FROM admin_penaltys")
    says("table", problem["status"] == 404 and "admin_penalties" in message, message)
    message, problem = await fails("sql", query="COPY regions TO '/tmp/x'")
    says("statement", problem["status"] == 400, message)
    message, problem = await fails("sql", query="SELECT * FROM read_csv('/etc/passwd')")
    says("files", problem["status"] == 400 and "root:" not in message, message)

    listed = (await client.list_resources()).resources
    says("resources", {str(r.uri).rsplit("/", 1)[1] for r in listed} == set(found), len(listed))
    read = (await client.read_resource("govdata://datasets/regions")).contents[0]
    says("resource", read.mime_type == "application/json" and json.loads(read.text) == await call("describe", dataset="regions"), read.text[:200])
    templates = (await client.list_resource_templates()).resource_templates
    says("template", [t.uri_template for t in templates] == ["govdata://datasets/{+dataset}"], templates)
    try:
        await client.read_resource("govdata://datasets/nothing")
    except Exception as e:
        says("no such resource", "not found" in str(e).lower(), e)
    else:
        raise AssertionError("a resource that is not there was read")
    return call, fails


async def main():
    versions = set()
    for mode in ("legacy", "auto", "2026-07-28"):
        async with Client(base + "/mcp", mode=mode) as client:
            versions.add(client.protocol_version)
            call, fails = await use(client, mode)
            # What is open on a condition is described and shows ten rows, and no more.
            meta = await call("describe", dataset="ppp_projects")
            says("condition", not meta["queryable"] and meta["queryable_reason"] and meta["downloads"] == [], meta["queryable_reason"])
            shown = await call("sample", dataset="ppp_projects", rows=50)
            says("condition: sample", shown["returned"] == 10 and shown["truncated"] and "no more than 10" in shown["note"], shown["note"])
            for tool, arguments in (("sql", {"query": "SELECT * FROM ppp_projects"}), ("export_link", {"dataset": "ppp_projects"}), ("profile", {"dataset": "ppp_projects"})):
                _, problem = await fails(tool, **arguments)
                says(f"condition: {tool}", problem["status"] == 403, problem)
        # The key of the HTTP request opens it.
        async with httpx2.AsyncClient(headers={"Authorization": "Bearer " + key}, timeout=60) as http:
            async with Client(streamable_http_client(base + "/mcp", http_client=http), mode=mode) as client:
                got = await client.call_tool("sql", {"query": "SELECT * FROM ppp_projects", "max_rows": 1000})
                assert not got.is_error, got.content[0].text
                want = table(base + "/d/ppp_projects.csv", Authorization="Bearer " + key)[1]
                same("with a key", got.structured_content["rows"], want)
                says("with a key", "permalink" not in got.structured_content, got.structured_content.get("permalink"))
    assert len(versions) >= 2, versions
    print(f"ok {checked} {' '.join(sorted(versions))}")


asyncio.run(main())
