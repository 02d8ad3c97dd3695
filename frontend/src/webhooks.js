// Webhooks and their deliveries, over the public API.
import { api } from "./lib/api.js"
import { chart } from "./lib/chart.js"
import { dialog, h, icon, toast } from "./lib/dom.js"
import { t } from "./lib/words.js"

const root = document.getElementById("webhooks")
const objects = JSON.parse(document.getElementById("webhook-objects").textContent)
const language = document.documentElement.lang
const PATH = "metadata/webhooks"
const DELIVERIES = "metadata/webhookDeliveries"
const when = (text) => (text ? new Date(text).toLocaleString(language, { dateStyle: "medium", timeStyle: "medium" }) : "")
const place = (webhook) => { try { return new URL(webhook.targetUrl).host } catch { return webhook.targetUrl } }
const ROWS = 20

const actions = () => [["*", t("Everything")], ["created", t("Created")], ["updated", t("Updated")], ["deleted", t("Deleted")], ["restored", t("Restored")], ["destroyed", t("Destroyed")]]
const parts = (operation) => operation.split(/\.(?=[^.]*$)/)
// What people call an event; as the API has it where it is none that a form offers.
function eventName(operation) {
  const [object, action] = parts(operation)
  const words = [[["*", t("All objects")], ...objects].find(([key]) => key === object)?.[1], actions().find(([key]) => key === action)?.[1]]
  return words.every(Boolean) ? words.join(" · ") : operation
}

function health(webhook) {
  if (!webhook.isActive) return h("span", { class: "tag tag-bad" }, t("Switched off"))
  if (webhook.isPaused) return h("span", { class: "tag tag-warn" }, t("Paused"))
  if (webhook.failingSince) return h("span", { class: "tag tag-bad" }, t("Failing"))
  return h("span", { class: "tag tag-good" }, t("Healthy"))
}

async function list() {
  const { data } = await api("GET", PATH, { query: { limit: 1000 } })
  const create = h("a", { class: "button button-primary", href: "/settings/api/webhooks/new" }, icon("plus"), t("New webhook"))
  root.replaceChildren(h("section", { class: "card card-flush" },
    h("div", { class: "card-head" }, h("div", {}, h("h2", {}, t("Webhooks")), h("p", {}, t("Your server hears of every change, signed, at least once."))), create),
    data.length
      ? h("div", { class: "table-scroll" }, h("table", { class: "rows" },
          h("thead", {}, h("tr", {}, ...[t("Address"), t("Events"), t("Health")].map((text) => h("th", { scope: "col" }, text)))),
          h("tbody", {}, ...data.map((webhook) => h("tr", {},
            h("td", {}, h("a", { class: "row-link", href: `/settings/api/webhooks/${webhook.id}` }, place(webhook)), h("div", { class: "sub" }, webhook.description || webhook.targetUrl)),
            h("td", {}, ...webhook.operations.slice(0, 4).map((name) => h("span", { class: "tag", title: name }, eventName(name))), webhook.operations.length > 4 && h("span", { class: "soft" }, ` +${webhook.operations.length - 4}`)),
            h("td", {}, health(webhook)))))))
      : h("div", { class: "empty" }, icon("webhook"), h("h3", {}, t("No webhooks yet")), h("p", {}, t("Create one, and this workspace calls your server whenever a record changes.")))))
}

function form(webhook, submit) {
  const url = h("input", { id: "url", type: "text", required: true, value: webhook?.targetUrl ?? "", placeholder: "https://example.com/hook" })
  const description = h("textarea", { id: "description", rows: "2" }, webhook?.description ?? "")
  const rows = h("ul", { class: "option-list" })
  const add = (operation = "*.*") => {
    const [object, action] = parts(operation)
    const select = (label, pairs, value) => {
      if (!pairs.some(([key]) => key === value)) pairs = [...pairs, [value, value]]
      const element = h("select", { "aria-label": label }, ...pairs.map(([key, text]) => h("option", { value: key }, text)))
      element.value = value
      return element
    }
    const line = h("li", { class: "event-row" },
      select(t("Object"), [["*", t("All objects")], ...objects], object),
      select(t("Action"), actions(), action ?? "*"),
      h("button", { type: "button", class: "button button-quiet", title: t("Remove"), onclick: () => line.remove() }, icon("x"), h("span", { class: "visually-hidden" }, t("Remove"))))
    rows.append(line)
  }
  ;(webhook?.operations ?? ["*.*"]).forEach(add)
  const problem = h("p", { class: "problem", role: "alert", id: "url-problem1" })
  return h("form", { class: "card form", onsubmit: async (event) => {
    event.preventDefault()
    problem.textContent = ""
    const operations = [...rows.children].map((line) => [...line.querySelectorAll("select")].map((select) => select.value).join("."))
    try {
      await submit({ targetUrl: url.value.trim(), description: description.value.trim(), operations: operations.length ? operations : ["*.*"] })
    } catch (error) {
      problem.textContent = error.message
      url.setAttribute("aria-invalid", "true")
      url.focus()
    }
  } },
    h("div", { class: "form-row" }, h("label", { for: "url" }, t("Address")), h("p", { class: "help" }, t("Where events are sent, with POST.")), url, problem),
    h("div", { class: "form-row" }, h("label", { for: "description" }, t("Description")), description),
    h("fieldset", {}, h("legend", {}, t("Events")), rows, h("button", { type: "button", class: "button button-small", onclick: () => add() }, icon("plus"), t("Add events"))),
    h("div", { class: "form-actions" }, h("button", { class: "button button-primary" }, webhook ? t("Save") : t("Create webhook")), !webhook && h("a", { class: "button", href: "/settings/api/webhooks" }, t("Cancel"))))
}

function create() {
  root.replaceChildren(form(null, async (body) => {
    const made = await api("POST", PATH, { body })
    location.assign(`/settings/api/webhooks/${made.id}`)
  }))
}

async function one(id) {
  const webhook = await api("GET", `${PATH}/${id}`)
  if (!webhook) throw new Error(t("There is no such webhook."))
  const again = () => one(id)
  const act = async (work, done) => {
    try {
      await work()
      toast(done)
      await again()
    } catch (error) {
      toast(error.message, { bad: true })
    }
  }
  const change = (body, done) => act(() => api("PATCH", `${PATH}/${id}`, { body }), done)
  const secret = h("input", { class: "mono", id: "secret", type: "password", readOnly: true, value: webhook.secret, "aria-label": t("Secret") })
  const buttons = [
    h("button", { type: "button", class: "button", onclick: () => act(async () => { await api("POST", `${PATH}/${id}/test`); await arrived(id) }, t("A test event was sent: it is the first below")) }, icon("send"), t("Send a test")),
    webhook.isActive
      ? h("button", { type: "button", class: "button", onclick: () => change({ isPaused: !webhook.isPaused }, t("Saved")) }, webhook.isPaused ? t("Go on") : t("Pause"))
      : h("button", { type: "button", class: "button", onclick: () => change({ isActive: true }, t("Saved")) }, t("Switch on")),
  ]
  root.replaceChildren(
    h("div", { class: "page-head" }, h("div", {}, h("h2", {}, place(webhook), " ", health(webhook)), h("p", { class: "mono sub" }, webhook.targetUrl), webhook.switchedOffReason && h("p", {}, webhook.switchedOffReason)), h("div", { class: "actions" }, ...buttons)),
    await deliveries(id, again),
    form(webhook, async (body) => { await change(body, t("Saved")) }),
    h("section", { class: "card" }, h("h2", {}, t("Signature")), h("p", {}, t("Each call is signed with this secret: check it before you believe a call.")),
      h("div", { class: "copyable" }, secret,
        h("button", { type: "button", class: "button", onclick: () => { secret.type = secret.type === "password" ? "text" : "password" } }, icon("eye"), t("Show")),
        h("button", { type: "button", class: "button", "data-copy": "#secret" }, icon("copy"), t("Copy")),
        h("button", { type: "button", class: "button", onclick: () => act(() => api("POST", `${PATH}/${id}/rotate`, { body: {} }), t("There is a new secret; the old one stays good for a while")) }, icon("refresh"), t("Replace"))),
      h("p"), ...verification()),
    h("section", { class: "card danger-zone" }, h("h2", {}, t("Danger zone")),
      h("button", { type: "button", class: "button button-danger-quiet", onclick: () => remove(id) }, icon("trash"), t("Delete the webhook"))))
}

function remove(id) {
  const typed = h("input", { autocomplete: "off", id: "typed", oninput: () => { button.disabled = typed.value.trim() !== "yes" } })
  const button = h("button", { class: "button button-danger", disabled: true }, t("Delete"))
  const opened = dialog(t("Delete the webhook?"), h("form", { onsubmit: async (event) => {
    event.preventDefault()
    await api("DELETE", `${PATH}/${id}`)
    location.assign("/settings/api/webhooks")
  } }, h("p", {}, t("What has not been delivered is given up.")), h("div", { class: "form-row" }, h("label", { for: "typed" }, t("Type “yes” to confirm")), typed),
    h("div", { class: "dialog-actions" }, h("button", { type: "button", class: "button", onclick: () => opened.close() }, t("Cancel")), button)))
}

const listed = (id, query) => api("GET", DELIVERIES, { query: { webhookId: id, limit: 200, ...query } })

// Waits until the newest delivery, a test, was tried; a few seconds at most.
async function arrived(id) {
  for (let tries = 0; tries < 12; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 250))
    const { data: [newest] } = await listed(id, { limit: 1 })
    if (newest?.eventName === "webhook.test" && newest.status !== "pending") return
  }
}

async function deliveries(id, again) {
  const { data } = await listed(id)
  const state = { succeeded: ["tag-good", t("Delivered")], failed: ["tag-bad", t("Failed")], pending: ["tag-warn", t("Waiting")] }
  return h("section", { class: "card card-flush" },
    h("div", { class: "card-head" }, h("h2", {}, t("Deliveries")), h("button", { type: "button", class: "button button-small", onclick: again }, icon("refresh"), t("Refresh"))),
    data.length ? h("div", { class: "card-body" }, lastDay(data)) : null,
    data.length
      ? h("div", { class: "table-scroll" }, h("table", { class: "rows" },
          h("thead", {}, h("tr", {}, ...[t("Event"), t("When"), t("Status")].map((text) => h("th", { scope: "col" }, text)), h("th", { scope: "col", class: "number" }, t("Attempts")))),
          h("tbody", {}, ...data.map((item, at) => h("tr", { hidden: at >= ROWS },
            h("td", {}, h("button", { type: "button", class: "button button-quiet mono", onclick: () => show(item, again) }, item.eventName)),
            h("td", {}, when(item.createdAt)),
            h("td", {}, h("span", { class: `tag ${state[item.status][0]}` }, state[item.status][1]), " ", item.responseStatus ?? item.error ?? ""),
            h("td", { class: "number" }, String(item.attemptCount)))))), data.length > ROWS && more())
      : h("div", { class: "empty" }, icon("send"), h("h3", {}, t("Nothing delivered yet")), h("p", {}, t("Send a test, or change a record."))))
}

// A button under a table, which shows as many rows again.
function more() {
  const button = h("button", { type: "button", class: "button button-small", onclick: () => {
    const hidden = [...line.previousElementSibling.querySelectorAll("tbody tr[hidden]")]
    for (const row of hidden.slice(0, ROWS)) row.hidden = false
    line.hidden = hidden.length <= ROWS
  } }, t("Show more"))
  const line = h("p", { class: "card-body" }, button)
  return line
}

// Deliveries of the last day, an hour each bar; what failed in its own colour.
function lastDay(data) {
  const now = Date.now()
  const name = (ago) => new Date(now - ago * 3_600_000).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" })
  const hours = Array.from({ length: 24 }, (_, at) => ({ name: `${name(24 - at)} – ${name(23 - at)}`, total: 0, bad: 0 }))
  for (const item of data) {
    const hour = hours[23 - Math.floor((now - new Date(item.createdAt).getTime()) / 3_600_000)]
    if (!hour) continue
    hour.total += 1
    hour.bad += item.status === "failed" ? 1 : 0
  }
  const words = { bar: t("Hour"), total: t("Deliveries"), bad: t("Failed") }
  return chart(t("Deliveries of the last 24 hours"), hours, words, [t("24 hours ago"), t("now")])
}

async function show(item, again) {
  const full = await api("GET", `${DELIVERIES}/${item.id}`)
  const headers = (given) => Object.entries(given ?? {}).map(([name, value]) => `${name}: ${value}`).join("\n")
  const opened = dialog(item.eventName,
    h("h3", {}, t("Request")), h("pre", { tabIndex: 0 }, pretty(full.requestBody)),
    ...full.attempts.flatMap((attempt) => [
      h("h3", {}, t("Attempt {n}", { n: attempt.number }), " ", h("span", { class: "soft" }, when(attempt.at), " · ", String(attempt.status ?? attempt.error ?? ""), " · ", `${attempt.durationMs ?? "–"} ms`)),
      h("details", {}, h("summary", {}, t("Headers sent")), h("pre", { tabIndex: 0 }, headers(attempt.requestHeaders))),
      attempt.responseBody === null
        ? h("p", { class: "hint" }, t("What the receiver answered is shown to administrators alone."))
        : [h("h4", {}, t("Response")), attempt.responseBody ? h("pre", { tabIndex: 0 }, attempt.responseBody) : h("p", { class: "soft" }, t("Empty"))]].flat()),
    h("div", { class: "dialog-actions" },
      h("button", { type: "button", class: "button", onclick: () => opened.close() }, t("Close")),
      h("button", { type: "button", class: "button button-primary", onclick: async () => {
        try {
          await api("POST", `${DELIVERIES}/${item.id}/resend`)
          opened.close()
          toast(t("Sent again"))
          await again()
        } catch (error) {
          toast(error.message, { bad: true })
        }
      } }, icon("refresh"), t("Send again"))))
  opened.classList.add("dialog-wide")
}

const pretty = (text) => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text ?? ""
  }
}

function verification() {
  const python = `import hashlib, hmac, time

def is_ours(secret: str, headers, body: bytes) -> bool:
    timestamp = headers["X-Twenty-Webhook-Timestamp"]
    signed = timestamp.encode() + b":" + body
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    fresh = abs(time.time() * 1000 - int(timestamp)) < 5 * 60 * 1000
    return fresh and hmac.compare_digest(expected, headers["X-Twenty-Webhook-Signature"])`
  const javascript = `import { createHmac, timingSafeEqual } from "node:crypto"

export function isOurs(secret, headers, body) {
  const timestamp = headers["x-twenty-webhook-timestamp"]
  const expected = createHmac("sha256", secret).update(timestamp + ":").update(body).digest()
  const given = Buffer.from(headers["x-twenty-webhook-signature"], "hex")
  const fresh = Math.abs(Date.now() - Number(timestamp)) < 5 * 60 * 1000
  return fresh && given.length === expected.length && timingSafeEqual(given, expected)
}`
  return [["Python", python, "verify-python"], ["JavaScript", javascript, "verify-javascript"]].map(([name, text, id]) =>
    h("details", {}, h("summary", {}, t("Check it in {language}", { language: name })),
      h("div", { class: "code-block" }, h("pre", { id, tabIndex: 0 }, text),
        h("button", { type: "button", class: "button button-quiet code-copy", "data-copy": `#${id}` }, icon("copy"), t("Copy")))))
}

try {
  if (root.dataset.view === "list") await list()
  else if (root.dataset.view === "new") create()
  else await one(root.dataset.webhook)
} catch (error) {
  root.replaceChildren(h("p", { class: "alert alert-bad", role: "alert" }, error.message))
}
