// Reads a site's Arrow streams with apache-arrow, as a web page would, and compares
// the cells with those of the plain CSV file.
// Usage: node remote.mjs BASE_URL NODE_MODULES
import { createRequire } from "node:module";

const [base, modules] = process.argv.slice(2);
const arrow = createRequire(modules + "/")("apache-arrow");
let checked = 0;

// cells reads RFC 4180. A missing value and an empty text are both "".
function cells(text) {
  const rows = [];
  let row = [], cell = "", quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') cell += text[++i];
      else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ",") { row.push(cell); cell = ""; }
    else if (c === "\n") { row.push(cell); rows.push(row); row = []; cell = ""; }
    else cell += c;
  }
  return rows;
}

// decimal writes an unscaled number of 128 bits with its point.
function decimal(words, scale) {
  let n = 0n;
  for (let i = words.length - 1; i >= 0; i--) n = (n << 32n) | BigInt(words[i]);
  if (n >= 1n << 127n) n -= 1n << 128n;
  const sign = n < 0n ? "-" : "";
  const digits = (n < 0n ? -n : n).toString().padStart(scale + 1, "0");
  return sign + (scale ? digits.slice(0, -scale) + "." + digits.slice(-scale) : digits);
}

function written(value, type) {
  if (value === null) return "";
  if (arrow.DataType.isDecimal(type)) return decimal(value, type.scale);
  if (arrow.DataType.isDate(type)) return new Date(Number(value)).toISOString().slice(0, 10);
  return String(value);
}

function same(what, table, want) {
  if (table.numRows !== want.length) throw new Error(`${what}: ${table.numRows} rows, want ${want.length}`);
  table.schema.fields.forEach((field, j) => {
    const column = table.getChildAt(j);
    for (let i = 0; i < want.length; i++) {
      const got = written(column.get(i), field.type);
      if (got !== want[i][j]) throw new Error(`${what}: row ${i + 1}, ${field.name} (${field.type}): found ${got}, want ${want[i][j]}`);
    }
  });
  checked++;
}

for (const name of ["admin_penalties", "budgets", "regions", "working_days", "disclosure_timeliness"]) {
  const [header, ...want] = cells(await (await fetch(`${base}/d/${name}.csv`)).text());
  if (want.length === 0) throw new Error(name);
  for (const address of [`/d/${name}.arrow`, `/api/v1/sql.arrow?q=${encodeURIComponent(`SELECT * FROM ${name}`)}`, `/api/v1/datasets/${name}/rows.arrow`]) {
    const table = await arrow.tableFromIPC(fetch(base + address));
    if (table.schema.fields.map((f) => f.name).join() !== header.join()) throw new Error(`${address}: ${table.schema}`);
    same(address, table, want);
  }
  // Batch by batch, as it comes.
  let rows = 0;
  for await (const batch of await arrow.RecordBatchReader.from(fetch(`${base}/d/${name}.arrow`))) rows += batch.numRows;
  if (rows !== want.length) throw new Error(`${name}: ${rows} rows in batches, want ${want.length}`);
  checked++;
}
console.log(`ok ${checked}`);
