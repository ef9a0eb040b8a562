"""Reads every download file of every dataset of a site with the libraries that
people use, and compares the cells with those of the plain CSV file, as Python's
csv module reads them. Usage: read_everything.py BASE_URL"""

import csv, datetime, io, json, sys, tempfile, urllib.request
from decimal import Decimal

import duckdb, openpyxl, pandas as pd, pyarrow as pa, pyarrow.csv, pyarrow.ipc, pyarrow.json, pyarrow.parquet

base = sys.argv[1]
checked = 0


def fetch(path):
    with urllib.request.urlopen(base + path) as r:
        return r.read()


def text(v):
    """A value as the CSV file writes it; a missing one and an empty text are both ''."""
    if v is None or v is pd.NaT or (isinstance(v, float) and v != v):
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


def columns(table):
    return zip(*(c.to_pylist() for c in table.columns)) if table.num_rows else []


for dataset in json.loads(fetch("/d/catalog.json"))["datasets"]:
    name = dataset["id"]
    files = {f["format"]: fetch(f["url"][len(base):]) for f in dataset["files"]}
    files["arrow"] = fetch(f"/d/{name}.arrow")
    types = {f["name"]: f["type"] for f in json.loads(fetch(f"/api/v1/datasets/{name}"))["fields"]}
    header, *want = csv.reader(io.StringIO(files["csv"].decode(), newline=""))
    assert header == list(types), name
    assert len(want) == dataset["rows"], name

    frame = pd.read_csv(io.BytesIO(files["csv"]), dtype=str, keep_default_na=False)
    same(f"{name}: pandas.read_csv", frame.values.tolist(), want)
    for ext, how in (("csv.gz", "gzip"), ("csv.zst", "zstd")):
        frame = pd.read_csv(io.BytesIO(files[ext]), dtype=str, keep_default_na=False, compression=how)
        same(f"{name}: pandas.read_csv {ext}", frame.values.tolist(), want)
    assert pd.read_csv(io.BytesIO(files["csv"])).shape == (len(want), len(header)), name
    frame = pd.read_parquet(io.BytesIO(files["parquet"]), dtype_backend="pyarrow")
    same(f"{name}: pandas.read_parquet", frame.astype(object).where(frame.notna(), None).values.tolist(), want)
    assert pd.read_json(io.BytesIO(files["jsonl"]), lines=True, dtype=False).shape == (len(want), len(header)), name
    frame = pd.read_excel(io.BytesIO(files["xlsx"]))
    assert frame.shape == (len(want), len(header)), (name, frame.shape)

    same(f"{name}: pyarrow.parquet", columns(pa.parquet.read_table(io.BytesIO(files["parquet"]))), want)
    same(f"{name}: pyarrow.ipc", columns(pa.ipc.open_stream(files["arrow"]).read_all()), want)
    strings = pa.csv.ConvertOptions(column_types={c: pa.string() for c in header}, strings_can_be_null=False)
    newlines = pa.csv.ParseOptions(newlines_in_values=True)
    same(f"{name}: pyarrow.csv", columns(pa.csv.read_csv(io.BytesIO(files["csv"]), parse_options=newlines, convert_options=strings)), want)
    assert pa.json.read_json(io.BytesIO(files["jsonl"])).num_rows == len(want), name
    meta = pa.parquet.read_metadata(io.BytesIO(files["parquet"]))
    assert meta.metadata[b"dataset"] == name.encode() and meta.metadata[b"release"] == dataset["release"].encode(), meta.metadata
    assert meta.metadata[b"licence"] == dataset["licence"].encode(), meta.metadata

    book = openpyxl.load_workbook(io.BytesIO(files["xlsx"]), read_only=True)
    assert len(book.sheetnames) == 3, book.sheetnames
    rows = list(book.worksheets[0].iter_rows(values_only=True))[1:]
    for row, expected in zip(rows, want, strict=True):
        row = list(row) + [None] * (len(header) - len(row))
        for value, cell, kind in zip(row, expected, types.values()):
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                assert kind.startswith(("integer", "decimal")) and Decimal(repr(value)) == Decimal(cell), (name, value, cell)
            else:
                assert text(value) == cell, (name, value, cell)
            # Codes are text, whatever they look like.
            assert kind != "text" or value is None or isinstance(value, str), (name, value)
    checked += 1

    with tempfile.TemporaryDirectory() as folder:
        for ext, data in files.items():
            with open(f"{folder}/f.{ext}", "wb") as f:
                f.write(data)
        fields = "{" + ", ".join(f"'{c}': '{kind if kind.startswith('decimal') else 'VARCHAR'}'" for c, kind in types.items()) + "}"
        for ext, query in {
            "csv": f"SELECT * FROM read_csv('{folder}/f.csv', all_varchar = true, header = true)",
            "csv.gz": f"SELECT * FROM read_csv('{folder}/f.csv.gz', all_varchar = true, header = true)",
            "csv.zst": f"SELECT * FROM read_csv('{folder}/f.csv.zst', all_varchar = true, header = true)",
            "parquet": f"SELECT * FROM '{folder}/f.parquet'",
            "jsonl": f"SELECT * FROM read_json('{folder}/f.jsonl', format = 'newline_delimited', columns = {fields})",
            "jsonl.gz": f"SELECT * FROM read_json('{folder}/f.jsonl.gz', format = 'newline_delimited', columns = {fields})",
        }.items():
            same(f"{name}: duckdb {ext}", duckdb.sql(query).fetchall(), want)

print(f"ok {checked}")
