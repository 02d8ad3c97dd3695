// Scalar, for the REST API: its document comes from this server, and calls carry the visitor's own token.
import { createApiReference } from "@scalar/api-reference"
import "@scalar/api-reference/style.css"
import { accessToken } from "./lib/token.js"
import { h } from "./lib/dom.js"

const root = document.getElementById("playground")
const { schema, server } = root.dataset

try {
  const token = await accessToken()
  const answer = await fetch(`/rest/open-api/${schema}`, { headers: { Authorization: `Bearer ${token}` } })
  if (!answer.ok) throw new Error(`/rest/open-api/${schema}: ${answer.status}`)
  const content = await answer.json()
  const scheme = Object.keys(content.components?.securitySchemes ?? { bearerAuth: {} })[0]
  root.replaceChildren()
  createApiReference(root, {
    content,
    baseServerURL: server,
    authentication: { preferredSecurityScheme: scheme, securitySchemes: { [scheme]: { token } } },
    forceDarkModeState: isDark() ? "dark" : "light",
    hideDarkModeToggle: true,
    hideClientButton: true,
    hideModels: schema === "metadata",
    showDeveloperTools: "never",
    withDefaultFonts: false,
    telemetry: false,
    persistAuth: false,
    agent: { disabled: true },
    mcp: { disabled: true },
    defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
  })
} catch (error) {
  root.replaceChildren(h("p", { class: "alert alert-bad", role: "alert" }, error.message))
}

function isDark() {
  const chosen = document.documentElement.dataset.theme
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches
}
