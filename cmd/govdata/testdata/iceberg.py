"""Attaches a site to PyIceberg by one address, reads every table and compares
its values with those of the plain CSV file, with Polars too; then reads the
same files as objects, with s3fs and pyarrow. Usage: iceberg.py BASE_URL, or
iceberg.py BASE_URL DATASET RELEASE..., for the snapshots of a dataset, the
current one last."""

import datetime, io, json, os, sys, urllib.error, urllib.request
from decimal import Decimal

os.environ["POLARS_ICEBERG_PLANNER"] = "pyiceberg"
import polars as pl
import pyarrow as pa, pyarrow.compute as pc, pyarrow.csv, pyarrow.dataset, pyarrow.fs, pyarrow.parquet
import s3fs
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import ForbiddenError, NoSuchNamespaceError, NoSuchTableError
from pyiceberg.expressions import EqualTo, GreaterThan, IsNull, LessThan, NotNull
from pyiceberg.table import StaticTable

base, snapshots = sys.argv[1], sys.argv[2:]


def fetch(path):
    with urllib.request.urlopen(base + path) as r:
        return r.read()


def catalog(**more):
    return load_catalog("site", type="rest", uri=base + "/iceberg", **more)


def plain(schema):
    """Texts as CSV readers have them."""
    return pa.schema([pa.field(f.name, pa.string() if pa.types.is_large_string(f.type) else f.type) for f in schema])


def csv_of(ref, schema):
    """The CSV file, where nothing is a missing value and "" an empty text."""
    options = pyarrow.csv.ConvertOptions(column_types=schema, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""])
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
    return pyarrow.csv.read_csv(io.BytesIO(fetch(f"/d/{ref}.csv")), parse_options=parse, convert_options=options)


def same(what, got, want):
    got = got.cast(plain(got.schema))
    assert got.column_names == want.column_names, f"{what}: columns {got.column_names}, want {want.column_names}"
    assert got.num_rows == want.num_rows, f"{what}: {got.num_rows} rows, want {want.num_rows}"
    for name in want.column_names:
        for i, (a, b) in enumerate(zip(got[name].to_pylist(), want[name].to_pylist())):
            assert a == b and type(a) == type(b), f"{what}: row {i}, {name}: found {a!r}, want {b!r}"


def read(what, table, ref):
    got = table.scan().to_arrow()
    want = csv_of(ref, plain(got.schema))
    same(what, got, want)
    return want


def metrics(what, table, want):
    """What the manifest says of the columns is true of the rows."""
    files = table.inspect.files().to_pylist()
    assert len(files) == 1 and files[0]["record_count"] == want.num_rows, f"{what}: {files}"
    bounded = 0
    for name, m in files[0]["readable_metrics"].items():
        column = want[name]
        if want.num_rows == 0:
            continue
        assert m["value_count"] == want.num_rows and m["null_value_count"] == column.null_count, f"{what}: {name}: {m}"
        if column.null_count == want.num_rows:
            assert m["lower_bound"] is None and m["upper_bound"] is None, f"{what}: {name}: {m}"
            continue
        values = [v for v in column.to_pylist() if v is not None]
        for bound, real, right in (("lower_bound", min(values), lambda b, v: b <= v), ("upper_bound", max(values), lambda b, v: b >= v)):
            b = m[bound]
            if b is None:
                continue
            bounded += 1
            assert right(b, real), f"{what}: {name}: {bound} {b!r}, but there is {real!r}"
            if not isinstance(real, str):
                assert b == real, f"{what}: {name}: {bound} {b!r}, but the rows have {real!r}"
            else:
                assert b[:15] == real[:15] or bound == "upper_bound" and len(real) > 16, f"{what}: {name}: {bound} {b!r} for {real!r}"
    return bounded


def ordered(what, table, want):
    """The rows are in the order that the table says they are in."""
    columns = []
    for f in table.sort_order().fields:
        assert str(f.transform) == "identity" and f.direction.name == "ASC" and f.null_order.name == "NULLS_LAST", f
        columns.append([(v is None, v if v is not None else 0) for v in want[table.schema().find_column_name(f.source_id)].to_pylist()])
    rows = list(zip(*columns))
    assert rows == sorted(rows), f"{what}: not in the order of {table.sort_order()}"
    return len(columns)


def beyond(v):
    if isinstance(v, bool):
        return None
    if isinstance(v, (int, Decimal)):
        return v + 1
    if isinstance(v, (datetime.date, datetime.datetime)):
        return v + datetime.timedelta(days=1)
    return v + "\U0010ffff"


def literal(v):
    return v.isoformat() if isinstance(v, (datetime.date, datetime.datetime)) else v


def filters(what, table, want):
    """Filters find the rows that the CSV file has, and what no row can meet is
    known before a file is read."""
    asked = 0
    for name in want.column_names:
        column = want[name]
        values = [v for v in column.to_pylist() if v is not None]
        if not values:
            assert list(table.scan(row_filter=NotNull(name)).plan_files()) == [], f"{what}: {name} has no values"
            continue
        if column.null_count == 0:
            assert list(table.scan(row_filter=IsNull(name)).plan_files()) == [], f"{what}: {name} has no nulls"
        v = values[len(values) // 2]
        found = table.scan(row_filter=EqualTo(name, literal(v)), selected_fields=(name,)).to_arrow().num_rows
        assert found == values.count(v), f"{what}: {name} = {v!r}: {found} rows, want {values.count(v)}"
        asked += 1
        high = beyond(max(values))
        if high is None or len(str(high)) > 300 or isinstance(high, Decimal) and len(high.as_tuple().digits) > column.type.precision:
            continue
        if not isinstance(v, str):
            assert list(table.scan(row_filter=GreaterThan(name, literal(max(values)))).plan_files()) == [], f"{what}: {name} > {max(values)!r}"
            assert list(table.scan(row_filter=LessThan(name, literal(min(values)))).plan_files()) == [], f"{what}: {name} < {min(values)!r}"
        n = table.scan(row_filter=EqualTo(name, literal(high)), selected_fields=(name,)).to_arrow().num_rows
        assert n == 0, f"{what}: {name} = {high!r}: {n} rows"
    return asked


def numbers(what, table):
    """The columns of the file have the ids of the schema, and are found by them alone."""
    schema = pyarrow.parquet.read_schema(io.BytesIO(fetch(f"/d/{what}.parquet")))
    got = {f.name: int(f.metadata[b"PARQUET:field_id"]) for f in schema}
    assert got == {f.name: f.field_id for f in table.schema().fields}, f"{what}: {got}"


def fails(kind, call):
    try:
        call()
    except kind as e:
        return str(e)
    raise AssertionError(f"no {kind}")


def status(path, method, body=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(base + path, method=method, data=body)) as r:
            return r.status, r.headers, r.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers, e.read()


def tables():
    c = catalog()
    assert c.list_namespaces() == [("govdata",)], c.list_namespaces()
    assert c.list_namespaces("govdata") == []
    assert c.load_namespace_properties("govdata")["title"]
    assert c.namespace_exists("govdata") and not c.namespace_exists("other")
    fails(NoSuchNamespaceError, lambda: c.list_tables("other"))
    fails(NoSuchTableError, lambda: c.load_table("govdata.nothing"))
    fails(NoSuchTableError, lambda: c.load_table("govdata.Nothing-at-all"))
    fails(NoSuchTableError, lambda: c.load_table("govdata.regions.snapshots"))
    assert not c.table_exists("govdata.regions.snapshots") and not c.namespace_exists("govdata.regions")
    assert c.list_views("govdata") == []
    assert c.table_exists("govdata.regions") and not c.table_exists("govdata.nothing")
    known = {d["id"]: d for d in json.loads(fetch("/d/catalog.json"))["datasets"]}
    names = c.list_tables("govdata")
    assert sorted(names) == sorted(("govdata", name) for name in known), names
    assert catalog(**{"rest-page-size": "7"}).list_tables("govdata") == names

    # Open on a condition: no table, and it says why.
    assert ("govdata", "ppp_projects") not in names
    assert "有条件开放" in fails(ForbiddenError, lambda: c.load_table("govdata.ppp_projects"))

    fsspec = catalog(**{"py-io-impl": "pyiceberg.io.fsspec.FsspecFileIO"})
    rows = bounds = questions = orders = 0
    for name, d in known.items():
        t = c.load_table(("govdata", name))
        want = read(name, t, name)
        assert want.num_rows == d["rows"], name
        assert t.properties["govdata.licence"] == d["licence"] and t.properties.get("govdata.synthetic") == ("示例数据" if d["synthetic"] else None), t.properties
        assert t.current_snapshot().summary["release"] == d["release"], t.current_snapshot()
        assert t.scan().count() == want.num_rows, name
        fields = json.loads(fetch(f"/api/v1/datasets/{name}"))["fields"]
        assert [f.name for f in t.schema().fields] == [f["name"] for f in fields], name
        for f, g in zip(t.schema().fields, fields):
            assert f.doc.startswith(g["title"]["zh"]), f
            assert not f.required or g.get("required") and want[f.name].null_count == 0, f
        numbers(name, t)
        bounds += metrics(name, t, want)
        questions += filters(name, t, want)
        orders += ordered(name, t, want) > 0
        other = fsspec.load_table(("govdata", name))
        same(name + " with fsspec", other.scan().to_arrow(), want)
        assert type(other.io).__name__ == "FsspecFileIO" and type(t.io).__name__ == "PyArrowFileIO"
        frame = pl.scan_iceberg(t, storage_options=t.io.properties).collect()
        same(name + " with Polars", frame.to_arrow().cast(t.schema().as_arrow().remove_metadata()), want)
        rows += want.num_rows

    keyed = c.load_table("govdata.admin_penalties")
    assert [keyed.schema().find_column_name(i) for i in keyed.schema().identifier_field_ids], keyed.schema()
    assert keyed.sort_order().fields, keyed.sort_order()

    # The same by the address of the metadata file alone.
    storage = {k: v for k, v in keyed.io.properties.items() if k.startswith("s3.")}
    static = StaticTable.from_metadata(keyed.metadata_location, storage)
    assert static.metadata == keyed.metadata
    assert static.scan().to_arrow().num_rows == known["admin_penalties"]["rows"]
    first = StaticTable.from_metadata(keyed.metadata.location + "/metadata/v1.metadata.json", storage)
    assert first.metadata.table_uuid == keyed.metadata.table_uuid and len(first.metadata.snapshots) == 1

    for method, path in (("POST", "/namespaces"), ("DELETE", "/namespaces/govdata"), ("POST", "/namespaces/govdata/properties"), ("POST", "/namespaces/govdata/tables"),
                         ("DELETE", "/namespaces/govdata/tables/regions"), ("POST", "/namespaces/govdata/tables/regions"), ("POST", "/tables/rename"), ("POST", "/transactions/commit")):
        code, headers, body = status("/iceberg/v1" + path, method, b"{}")
        error = json.loads(body)["error"]
        assert (code, error["code"], error["type"]) == (405, 405, "UnsupportedOperationException"), (path, code, body)
    fails(NotImplementedError, lambda: c.create_namespace("more"))
    fails(NotImplementedError, lambda: c.drop_table("govdata.regions"))
    print(f"tables {len(known)} rows {rows} bounds {bounds} filters {questions} ordered {orders}")
    return known


def objects(known):
    files = {f"govdata/{d['id']}/{d['release']}/{d['id']}.{f['format']}": f for d in known.values() for f in d["files"]}
    for fs in (s3fs.S3FileSystem(anon=True, endpoint_url=base), s3fs.S3FileSystem(key="whatever", secret="it is", endpoint_url=base)):
        assert sorted(fs.ls("govdata")) == sorted("govdata/" + name for name in known)
        assert fs.ls("") == ([] if fs.anon else ["govdata"]), fs.ls("")  # s3fs asks with a key alone
        found = fs.find("govdata", detail=True)
        assert len(found) > 1000, len(found)  # more than one page
        for path, f in files.items():
            o = found[path]
            assert o["size"] == f["bytes"] and o["ETag"] == f'"{f["sha256"]}"', (path, o, f)
        for name in ("regions", "admin_penalties"):
            folder = f"govdata/{name}/{known[name]['release']}"
            inside = fs.ls(folder)
            assert f"{folder}/manifest.json" in inside and f"{folder}/manifest.sig" in inside and not any("duckdb" in p for p in inside), inside
            assert fs.cat(f"{folder}/manifest.json") == fetch(f"/d/{name}@{known[name]['release']}.manifest.json")
            path = f"{folder}/{name}.csv"
            whole = fetch(f"/d/{name}.csv")
            assert fs.cat(path) == whole
            assert fs.cat_file(path, start=100, end=1100) == whole[100:1100]
            assert fs.cat_file(path, start=-50) == whole[-50:]
            with fs.open(path, block_size=4096) as f:
                f.seek(5000)
                assert f.read(123) == whole[5000:5123]
            assert fs.info(path)["size"] == len(whole) and fs.info(folder)["type"] == "directory"
        for path in ("govdata/regions/nothing", "govdata/nothing", "govdata/regions/../../private/signing-key.pem", "elsewhere/regions"):
            assert not fs.exists(path), path
        assert not any("ppp_projects" in p for p in found)
        closed = json.loads(fetch("/api/v1/datasets/ppp_projects/releases"))["releases"][0]["release"]["release"]
        fails(PermissionError, lambda: fs.cat(f"govdata/ppp_projects/{closed}/ppp_projects.parquet"))
        fails((PermissionError, OSError), lambda: fs.pipe("govdata/regions/new.csv", b"a"))
        fails((PermissionError, OSError), lambda: fs.rm_file(f"govdata/regions/{known['regions']['release']}/regions.csv"))

    read = 0
    store = pyarrow.fs.S3FileSystem(anonymous=True, endpoint_override=base, scheme="http")
    for name, d in known.items():
        folder = f"govdata/{name}/{d['release']}"
        parquet = [f for f in store.get_file_info(pyarrow.fs.FileSelector(folder, recursive=True)) if f.path.endswith(".parquet")]
        assert len(parquet) == 1 and parquet[0].size == files[parquet[0].path]["bytes"], parquet
        table = pyarrow.parquet.read_table(parquet[0].path, filesystem=store)
        same(name + " as an object", table, csv_of(name, plain(table.schema)))
        read += 1
    columns = pyarrow.dataset.dataset([p for p in files if p.endswith("admin_penalties.parquet")], filesystem=store)
    want = pyarrow.parquet.read_table(io.BytesIO(fetch("/d/admin_penalties.parquet")))
    some = pc.field("decided_on") > datetime.date(2026, 1, 1)
    assert columns.to_table(columns=["decision_no"], filter=some).equals(want.filter(some).select(["decision_no"])) and want.filter(some).num_rows > 0
    print(f"objects {len(files)} read {read}")


def history():
    name, releases = snapshots[0], snapshots[1:]
    t = catalog().load_table(("govdata", name))
    shown = t.inspect.snapshots().to_pylist()
    assert [dict(s["summary"])["release"] for s in shown] == sorted(releases, key=[dict(s["summary"])["release"] for s in shown].index), shown
    by_release = {dict(s["summary"])["release"]: s for s in shown}
    assert set(by_release) == set(releases) and t.current_snapshot().snapshot_id == by_release[releases[-1]]["snapshot_id"]
    schemas = set()
    for r in releases:
        s = by_release[r]
        got = t.scan(snapshot_id=s["snapshot_id"]).to_arrow()
        same(r, got, csv_of(f"{name}@{r}", plain(got.schema)))
        same(r + " by its tag", t.scan().use_ref(r).to_arrow(), csv_of(f"{name}@{r}", plain(got.schema)))
        schemas.add(t.snapshot_by_id(s["snapshot_id"]).schema_id)
        column = got.column_names[0]
        v = got[column].to_pylist()[0]
        assert t.scan(snapshot_id=s["snapshot_id"], row_filter=EqualTo(column, v)).to_arrow().num_rows == got[column].to_pylist().count(v)
    current = t.scan().to_arrow()
    same("current", current, csv_of(name, plain(current.schema)))
    bounds = metrics("current", t, csv_of(name, plain(current.schema)))
    log = t.history()
    assert log[-1].snapshot_id == t.current_snapshot().snapshot_id, log
    assert all(a.timestamp_ms < b.timestamp_ms for a, b in zip(log, log[1:])), log
    for entry in log:
        assert t.snapshot_as_of_timestamp(entry.timestamp_ms).snapshot_id == entry.snapshot_id
    stamps = [s.timestamp_ms for s in t.metadata.snapshots]
    assert all(a < b for a, b in zip(stamps, stamps[1:])), stamps
    versions = t.inspect.metadata_log_entries().to_pylist()
    assert versions[-1]["file"] == t.metadata_location and all(a["timestamp"] < b["timestamp"] for a, b in zip(versions, versions[1:])), versions
    storage = {k: v for k, v in t.io.properties.items() if k.startswith("s3.")}
    for v in versions:
        then = StaticTable.from_metadata(v["file"], storage)
        known = log[0].timestamp_ms <= then.metadata.last_updated_ms  # the log begins anew behind a collection
        assert v["latest_snapshot_id"] == (then.current_snapshot().snapshot_id if known else None), v
    assert t.snapshot_as_of_timestamp(log[0].timestamp_ms - 1) is None
    assert set(t.refs()) == {"main", *releases}, t.refs()
    assert len(t.inspect.refs().to_pylist()) == len(releases) + 1 and len(t.inspect.history().to_pylist()) == len(log)
    assert t.inspect.manifests().num_rows == 1 and t.inspect.all_manifests().num_rows == len(releases) and t.inspect.entries().num_rows == 1
    assert t.inspect.all_data_files().num_rows == len(releases)
    print(json.dumps({"bounds": bounds, "snapshots": len(shown), "schemas": len(schemas), "versions": len(versions), "log": len(log), "ids": {r: by_release[r]["snapshot_id"] for r in releases},
                      "fields": {f.name: f.field_id for s in t.schemas().values() for f in s.fields}, "uuid": str(t.metadata.table_uuid), "properties": {k: v for k, v in t.properties.items() if k != "schema.name-mapping.default"}}))


if snapshots:
    history()
else:
    objects(tables())
