// Lists, pages, asks and downloads with the client that @hey-api/openapi-ts made of
// the site's OpenAPI document, and compares the values. Usage: node use.mjs BASE_URL
import { client } from "./client/client.gen";
import { download, listDatasets, rowsJson, showDataset, sqlJson, type Rows, type Summary } from "./client";

declare const process: { argv: string[] };
client.setConfig({ baseUrl: process.argv[2] });

function must<T>(answer: { data?: T; error?: unknown }, what: string): T {
  if (answer.data === undefined) throw new Error(`${what}: ${JSON.stringify(answer.error)}`);
  return answer.data;
}

function same(got: unknown, want: unknown, what: string) {
  if (got !== want) throw new Error(`${what}: found ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

const all: Summary[] = [];
for (let cursor: string | null = "0"; cursor !== null; ) {
  const page: { datasets: Summary[]; total: number; next_cursor: string | null } = must(await listDatasets({ query: { limit: 20, cursor: Number(cursor) } }), "list");
  all.push(...page.datasets);
  cursor = page.next_cursor;
  if (cursor === null) same(all.length, page.total, "datasets");
}

let values = 0;
for (const d of all) {
  const full = must(await showDataset({ path: { id: d.id } }), d.id);
  same(full.title.zh, d.title.zh, d.id);
  if (!full.queryable) continue;
  const lines = must(await download({ path: { file: `${d.id}.jsonl` }, parseAs: "text" }), d.id) as unknown as string;
  const want = lines.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Record<string, unknown>);
  same(want.length, d.rows, d.id);
  const got: Record<string, unknown>[] = [];
  for (let cursor: string | undefined; got.length < want.length; ) {
    const page: Rows = must(await rowsJson({ path: { id: d.id }, query: { limit: 1000, cursor } }), d.id);
    got.push(...(page.rows as Record<string, unknown>[]));
    if (page.next_cursor === null) break;
    cursor = page.next_cursor;
  }
  same(got.length, want.length, d.id);
  const key = full.key.length > 0 ? full.key : full.fields.map((f) => f.name);
  const keyed = new Map(want.map((row) => [JSON.stringify(key.map((k) => row[k])), row]));
  for (const row of got) {
    const other = keyed.get(JSON.stringify(key.map((k) => row[k])));
    if (other === undefined) throw new Error(`${d.id}: no row ${JSON.stringify(row)}`);
    for (const f of full.fields) {
      // A decimal is a text in an answer and a number in the file.
      const plain = (v: unknown) => JSON.stringify(v !== null && f.type.startsWith("decimal") ? Number(v) : v);
      same(plain(row[f.name]), plain(other[f.name]), `${d.id}: ${f.name}`);
      values++;
    }
  }
  const count = must(await sqlJson({ query: { q: `SELECT count(*) AS n FROM ${d.id}` } }), d.id);
  same((count.rows[0] as Record<string, unknown>).n, want.length, d.id);
  const bytes = must(await download({ path: { file: `${d.id}.parquet` }, parseAs: "arrayBuffer" }), d.id) as unknown as ArrayBuffer;
  same(bytes.byteLength, full.downloads.find((f) => f.format === "parquet")?.bytes, `${d.id}.parquet`);
}
console.log(`${all.length} datasets ${values} values`);
