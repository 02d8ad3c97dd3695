// GraphiQL with the explorer, for /graphql or /metadata; calls carry the visitor's own token.
import { explorerPlugin } from "@graphiql/plugin-explorer"
import { createGraphiQLFetcher } from "@graphiql/toolkit"
import "@graphiql/plugin-explorer/style.css"
import { GraphiQL, HISTORY_PLUGIN } from "graphiql"
import "graphiql/style.css"
import { createElement } from "react"
import { createRoot } from "react-dom/client"
import { toast } from "./lib/dom.js"
import { accessToken } from "./lib/token.js"
import { t } from "./lib/words.js"

globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(WORKER_URLS[label] ?? WORKER_URLS.editor),
}

const root = document.getElementById("playground")
const { schema, server } = root.dataset
const path = schema === "core" ? "/graphql" : "/metadata"
const samples = {
  core: `# The records of your workspace. Ctrl-Enter runs the query.
query Companies {
  companies(first: 5) {
    totalCount
    edges {
      node {
        id
        name
      }
    }
  }
}
`,
  metadata: `# The data model of your workspace. Ctrl-Enter runs the query.
query Objects {
  objects(paging: { first: 100 }) {
    edges {
      node {
        nameSingular
        labelPlural
        isCustom
      }
    }
  }
}
`,
}

let last = { query: samples[schema] }
const send = createGraphiQLFetcher({
  url: path,
  fetch: async (url, options) =>
    fetch(url, { ...options, headers: { ...options.headers, Authorization: `Bearer ${await accessToken()}` } }),
})
const fetcher = (parameters, options) => {
  if (parameters.operationName !== "IntrospectionQuery") last = parameters
  return send(parameters, options)
}

// What is typed stays with its API, in this browser; tokens are never kept.
const storage = {
  getItem: (key) => localStorage.getItem(`${schema}:${key}`),
  setItem: (key, value) => localStorage.setItem(`${schema}:${key}`, value),
  removeItem: (key) => localStorage.removeItem(`${schema}:${key}`),
  clear: () => {},
  get length() {
    return localStorage.length
  },
}

document.getElementById("copy-curl").addEventListener("click", async () => {
  const { query, variables, operationName } = last
  const body = JSON.stringify({ query, variables, operationName }).replace(/'/g, "'\\''")
  const text = `curl -sS '${server}${path}' \\\n  -H 'Authorization: Bearer YOUR_API_KEY' \\\n  -H 'Content-Type: application/json' \\\n  -d '${body}'`
  await navigator.clipboard.writeText(text)
  toast(t("Copied"))
})

root.replaceChildren()
createRoot(root).render(
  createElement(GraphiQL, {
    fetcher,
    storage,
    plugins: [HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })],
    defaultQuery: samples[schema],
    forcedTheme: document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"),
    shouldPersistHeaders: false,
    isHeadersEditorEnabled: false,
  }),
)
