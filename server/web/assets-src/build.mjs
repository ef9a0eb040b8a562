// Bundles editor.js with what it imports into one file of the portal's assets,
// and collects the licences of what went in. With --check it writes nothing and
// fails where the committed files are not what comes out.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const assets = join(here, "..", "assets");

// The sum of the sources stands in the bundle, so that a test without Node can
// tell whether the bundle is of these sources.
const sum = createHash("sha256");
for (const name of ["build.mjs", "editor.js", "names.js", "package-lock.json", "styles.js"]) sum.update(readFileSync(join(here, name)));

const { outputFiles, metafile } = await build({
  absWorkingDir: here,
  entryPoints: ["editor.js"],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  banner: { js: `/* CodeMirror and others, MIT licence: see editor.licences.txt. Made by assets-src/build.mjs of sources ${sum.digest("hex")}. */` },
  metafile: true,
  write: false,
});

const packages = new Set();
for (const input of Object.keys(metafile.inputs)) {
  const name = input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1];
  if (name) packages.add(name);
}
const byText = new Map();
for (const name of [...packages].sort()) {
  const dir = join(here, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8"));
  const file = readdirSync(dir).find((f) => /^licen[cs]e/i.test(f));
  if (license !== "MIT" || !file) throw new Error(`${name}: licence ${license}, file ${file}`);
  const text = readFileSync(join(dir, file), "utf8").trim();
  byText.set(text, [...(byText.get(text) ?? []), `${name} ${version}`]);
}
const licences = [...byText].map(([text, names]) => `${names.join("\n")}\n\n${text}\n`).join("\n----\n\n");

let stale = false;
for (const [name, text] of [["editor.js", outputFiles[0].text], ["editor.licences.txt", licences]]) {
  const path = join(assets, name);
  if (!process.argv.includes("--check")) {
    writeFileSync(path, text);
  } else if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
    console.error(`${name} is not what the sources make; run npm run build`);
    stale = true;
  }
}
process.exit(stale ? 1 : 0);
