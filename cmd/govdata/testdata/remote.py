"""Reads a site's files by their addresses, as notebooks do, and compares the cells
with those of the plain CSV file, as Python's csv module reads them.
Usage: remote.py BASE_URL LARGE_URL. LARGE_URL is a site with one large dataset,
behind a proxy that counts: /-/count gives the bytes of answers to requests for
ranges, of other GETs, and the number of requests."""

import csv, datetime, io, json, sys, urllib.parse, urllib.request
from decimal import Decimal
from email.utils import parsedate_to_datetime

import duckdb, fsspec, pandas as pd, pyarrow as pa, pyarrow.dataset as ds, pyarrow.ipc, pyarrow.parquet as pq
from fsspec.implementations.http import HTTPFileSystem

base, large = sys.argv[1:]
checked = 0


def fetch(url):
    with urllib.request.urlopen(url) as r:
        return r.read()


def table(url):
    header, *rows = csv.reader(io.StringIO(fetch(url).decode(), newline=""))
    return header, rows


def text(v):
    """A value as the CSV file writes it; a missing one and an empty text are both ''."""
    if v is None or v is pd.NaT or v is pd.NA or (isinstance(v, float) and v != v):
        return ""
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, datetime.datetime):
        return v.isoformat() if v.time() != datetime.time() else v.date().isoformat()
    if isinstance(v, Decimal):
        return format(v, "f")
    return str(v)


def same(what, rows, want):
    global checked
    rows = [[text(v) for v in row] for row in rows]
    assert len(rows) == len(want), f"{what}: {len(rows)} rows, want {len(want)}"
    for i, (got, row) in enumerate(zip(rows, want)):
        assert got == row, f"{what}: row {i + 1}: found {got}, want {row}"
    checked += 1


def alike(what, frame, header, want, types):
    """The same, where a reader knows numbers as floating point alone."""
    global checked
    assert list(frame.columns) == header and len(frame) == len(want), (what, frame.shape)
    for name, kind in types.items():
        cells = [row[header.index(name)] for row in want]
        if kind == "integer" or kind.startswith("decimal"):
            for value, cell in zip(frame[name], cells):
                assert (cell == "" and pd.isna(value)) or Decimal(repr(float(value))) == Decimal(cell), (what, name, value, cell)
        elif kind == "text":
            # What looks like a number is one to a reader that was told nothing.
            got = [text(v) for v in frame[name]]
            assert got == cells or all(c == "" or c.replace(".", "", 1).lstrip("-").isdigit() for c in cells) or "NA" in what, (what, name)
    checked += 1


def columns(t):
    return zip(*(c.to_pylist() for c in t.columns)) if t.num_rows else []


for name in ("admin_penalties", "budgets", "regions", "working_days", "disclosure_timeliness", "normative_documents"):
    at = f"{base}/d/{name}"
    header, want = table(at + ".csv")
    fields = json.loads(fetch(f"{base}/api/v1/datasets/{name}"))["fields"]
    types = {f["name"]: f["type"] for f in fields}
    titles = [f["title"]["zh"] + (f"（{f['unit']}）" if f.get("unit") else "") for f in fields]  # the heads of the workbook
    assert header == list(types) and want, name

    # pandas, told nothing but the address.
    alike(f"{name}: read_csv", pd.read_csv(at + ".csv"), header, want, types)
    same(f"{name}: read_csv as text", pd.read_csv(at + ".csv", dtype=str, keep_default_na=False).values.tolist(), want)
    same(f"{name}: read_csv of gzip", pd.read_csv(at + ".csv.gz", dtype=str, keep_default_na=False).values.tolist(), want)
    alike(f"{name}: read_parquet", pd.read_parquet(at + ".parquet"), header, want, types)
    frame = pd.read_parquet(at + ".parquet", dtype_backend="pyarrow")
    same(f"{name}: read_parquet", frame.astype(object).where(frame.notna(), None).values.tolist(), want)
    sheet = pd.read_excel(at + ".xlsx")
    assert list(sheet.columns) == titles, (sheet.columns, titles)
    alike(f"{name}: read_excel", sheet.set_axis(header, axis=1), header, want, types)
    alike(f"{name}: read_json", pd.read_json(at + ".jsonl", lines=True, dtype=False, convert_dates=False), header, want, types)
    # The rows of the API and of SQL are files as well.
    query = urllib.parse.urlencode({"q": f"SELECT * FROM {name}"})
    same(f"{name}: read_csv of SQL", pd.read_csv(f"{base}/api/v1/sql.csv?{query}", dtype=str, keep_default_na=False).values.tolist(), want)

    # Arrow, as it comes.
    for address in (at + ".arrow", f"{base}/api/v1/sql.arrow?{query}", f"{base}/api/v1/datasets/{name}/rows.arrow"):
        with urllib.request.urlopen(address) as stream:
            assert stream.headers["Content-Type"] == "application/vnd.apache.arrow.stream", stream.headers
            same(address, columns(pa.Table.from_batches(list(pa.ipc.open_stream(stream)))), want)
    http = fsspec.filesystem("http", cache_type="none")
    same(f"{name}: pyarrow by ranges", columns(pq.read_table(at + ".parquet", filesystem=http)), want)


class Ranges(HTTPFileSystem):
    """What DuckDB asks of a file system and fsspec's lacks: when a file was changed."""

    protocol = "http"

    def modified(self, path):
        with urllib.request.urlopen(urllib.request.Request(path, method="HEAD")) as r:
            return parsedate_to_datetime(r.headers["Last-Modified"])


def counted(what, share, ask):
    """Asks, and compares the bytes of ranges with the size of the file."""
    global checked
    before = json.loads(fetch(large + "/-/count"))
    got = ask()
    after = json.loads(fetch(large + "/-/count"))
    read = after["ranges"] - before["ranges"]
    print(f"{what}: {read} bytes of {size} in ranges ({read / size:.1%}), {after['requests'] - before['requests']} requests", file=sys.stderr)
    assert 0 < read < share * size, f"{what}: {read} of {size} bytes"
    checked += 1
    return got


address = large + "/d/admin_penalties.parquet"
with urllib.request.urlopen(urllib.request.Request(address, method="HEAD")) as r:
    size = int(r.headers["Content-Length"])
    assert r.headers["Accept-Ranges"] == "bytes", r.headers
header, rows = table(large + "/d/admin_penalties.csv")
column = {name: i for i, name in enumerate(header)}
wanted = rows[len(rows) * 2 // 3]
key, point = wanted[column["decision_no"]], [[wanted[column["agency"]], wanted[column["fine"]]]]
assert sum(row[column["decision_no"]] == key for row in rows) == 1, key


def dataset():
    # A new file system each time, so that nothing is remembered.
    return ds.dataset(address, filesystem=fsspec.filesystem("http", cache_type="none", skip_instance_cache=True))


groups = counted("metadata", 0.02, lambda: dataset().get_fragments().__next__().metadata)
assert groups.num_rows == len(rows) and groups.num_row_groups >= 3, groups
same("point by pyarrow", columns(counted("a point query by pyarrow", 0.15, lambda: dataset().to_table(columns=["agency", "fine"], filter=ds.field("decision_no") == key))), point)


def by_duckdb_over_arrow():
    penalties = dataset()
    return duckdb.execute("SELECT agency, fine FROM penalties WHERE decision_no = ?", [key]).fetchall()


def by_duckdb(sql, *values):
    connection = duckdb.connect()
    connection.register_filesystem(Ranges(cache_type="none", skip_instance_cache=True))
    return connection.execute(sql.replace("penalties", f"read_parquet('{address}')"), values).fetchall()


same("point by duckdb over pyarrow", counted("a point query by DuckDB over pyarrow", 0.15, by_duckdb_over_arrow), point)
same("point by duckdb", counted("a point query by DuckDB's own reader", 0.15, lambda: by_duckdb("SELECT agency, fine FROM penalties WHERE decision_no = ?", key)), point)
same("count by duckdb", counted("a count by DuckDB's own reader", 0.02, lambda: by_duckdb("SELECT count(*) FROM penalties")), [[str(len(rows))]])
total = sum(Decimal(row[column["fine"]]) for row in rows if row[column["fine"]])
same("sum by duckdb", counted("a sum by DuckDB's own reader", 0.2, lambda: by_duckdb("SELECT sum(fine) FROM penalties")), [[format(total, "f")]])

print(f"ok {checked}")
