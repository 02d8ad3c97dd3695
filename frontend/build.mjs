// Bundles what browsers need into src/threescore/web/assets: files named by their content, each with its
// compressed forms beside it, and manifest.json, which says what a page has to name.
//     node build.mjs [DIRECTORY]
import { readFile, rm, mkdir, writeFile, rename } from "node:fs/promises"
import { createHash } from "node:crypto"
import { basename, dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { brotliCompress, constants, gzip } from "node:zlib"
import { build } from "esbuild"

const here = dirname(fileURLToPath(import.meta.url))
const target = resolve(process.argv[2] ?? join(here, "../src/threescore/web/assets"))
const made = `${target}.new`

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  outdir: made,
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
  assetNames: "[name]-[hash]",
  publicPath: "/assets/",
  loader: { ".woff2": "file", ".ttf": "file", ".svg": "file" },
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "linked",
  metafile: true,
  write: false,
  logLevel: "warning",
}

// The editor of the GraphQL playground does its thinking in workers, which must be files of their own.
const workers = await build({
  ...common,
  format: "iife",
  entryPoints: {
    "json.worker": "monaco-editor/esm/vs/language/json/json.worker.js",
    "graphql.worker": "monaco-graphql/esm/graphql.worker.js",
    "editor.worker": "monaco-editor/esm/vs/editor/editor.worker.js",
  },
})
const workerUrls = Object.fromEntries(
  Object.entries(entries(workers)).map(([name, file]) => [name.split(".")[0], `/assets/${file}`]),
)

const pages = await build({
  ...common,
  splitting: true,
  entryPoints: ["app", "data", "key", "model", "webhooks", "rest-playground", "graphql-playground"].map((name) => `src/${name}.js`)
    .concat("src/app.css"),
  define: { ...common.define, WORKER_URLS: JSON.stringify(workerUrls) },
})

function entries(result) {
  const found = {}
  for (const [path, output] of Object.entries(result.metafile.outputs)) {
    if (!output.entryPoint) continue
    const file = basename(path)
    const name = file.replace(/-[A-Z0-9]{8}(\.\w+)$/, "$1")
    if (name.startsWith("chunk.")) continue
    found[name] = file
    // The styles that a script imports are a file of their own, which a page has to name too.
    if (output.cssBundle) found[name.replace(/\.js$/, ".css")] = basename(output.cssBundle)
  }
  return found
}

// One file with every icon that the standard model, the pages and the pickers name: <use href="…#name">.
async function sprite() {
  const standard = await readFile(join(here, "../src/threescore/model/standard/objects.json"), "utf8")
  const named = [...standard.matchAll(/"Icon([A-Za-z0-9]+)"/g)].map(([, words]) =>
    words.replace(/[A-Z]/g, (letter, at) => (at ? "-" : "") + letter.toLowerCase()),
  )
  const listed = (await readFile(join(here, "src/icons.txt"), "utf8")).split(/\s+/).filter(Boolean)
  const icons = []
  const symbols = []
  for (const name of [...new Set([...named, ...listed])].sort()) {
    const svg = await readFile(join(here, `node_modules/@tabler/icons/icons/outline/${name}.svg`), "utf8").catch(() => null)
    if (svg === null) continue
    icons.push(name)
    const inside = svg.replace(/<!--[\s\S]*?-->/g, "").replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "")
    symbols.push(
      `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" ` +
        `stroke-linecap="round" stroke-linejoin="round">${inside.replace(/\s*\n\s*/g, "")}</symbol>`,
    )
  }
  const contents = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`)
  const file = `icons-${hashed(contents)}.svg`
  sprites.push({ path: join(made, file), contents })
  return { file, icons }
}

function hashed(contents) {
  return createHash("sha256").update(contents).digest("hex").slice(0, 8).toUpperCase()
}

const zip = promisify(gzip)
const brotli = promisify(brotliCompress)

await rm(made, { recursive: true, force: true })
await mkdir(made, { recursive: true })
const sprites = []
const mark = await readFile(join(here, "src/mark.svg"))
const markFile = `mark-${hashed(mark)}.svg`
sprites.push({ path: join(made, markFile), contents: mark })
const names = await sprite()
await Promise.all(
  [...workers.outputFiles, ...pages.outputFiles, ...sprites].map(async ({ path, contents }) => {
    await writeFile(path, contents)
    if (!/\.(js|css|svg|ttf)$/.test(path) || contents.length < 1024) return
    const quality = contents.length > 1_000_000 ? 7 : 11
    await writeFile(`${path}.gz`, await zip(contents, { level: 9 }))
    await writeFile(`${path}.br`, await brotli(contents, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }))
  }),
)
const files = { ...entries(pages), "icons.svg": names.file, "mark.svg": markFile }
const manifest = { files, icons: names.icons }
await writeFile(join(made, "manifest.json"), JSON.stringify(manifest, null, 1))
await rm(target, { recursive: true, force: true })
await rename(made, target)
