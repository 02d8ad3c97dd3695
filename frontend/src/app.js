// What every page has: small helpers on top of HTML that works without them.
import "htmx.org"
import { toast } from "./lib/dom.js"
import { t } from "./lib/words.js"

const on = (type, selector, act) =>
  document.addEventListener(type, (event) => {
    const found = event.target.closest?.(selector)
    if (found) act(found, event)
  })

on("click", "[data-menu]", (button) => {
  const sidebar = document.getElementById("sidebar")
  const open = sidebar.classList.toggle("open")
  button.setAttribute("aria-expanded", String(open))
})

on("click", "[data-copy]", async (button) => {
  const source = document.querySelector(button.dataset.copy)
  const text = source.value ?? source.textContent
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    // A page that is not served over HTTPS may have no clipboard: select the text, as people would.
    const selection = getSelection()
    if (source.select) source.select()
    else selection.selectAllChildren(source)
    document.execCommand("copy")
  }
  toast(t("Copied"))
})

on("click", "[data-open]", (button) => document.getElementById(button.dataset.open).showModal())
on("click", "[data-close]", (button) => button.closest("dialog").close())
on("change", "[data-submits]", (input) => input.form.requestSubmit())

// Deleting what cannot be had back asks for a word.
on("input", "[data-confirm]", (input) => checkTyped(input))
function checkTyped(input) {
  const button = input.form.querySelector("[data-needs-typed]")
  button.disabled = input.value.trim() !== input.dataset.confirm
}

on("click", '[role="tab"]', (tab) => choose(tab))
on("keydown", '[role="tab"]', (tab, event) => {
  const tabs = [...tab.parentElement.querySelectorAll('[role="tab"]')]
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
  if (!step) return
  const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length]
  choose(next)
  next.focus()
})
function choose(chosen) {
  for (const tab of chosen.parentElement.querySelectorAll('[role="tab"]')) {
    const is = tab === chosen
    tab.setAttribute("aria-selected", String(is))
    tab.tabIndex = is ? 0 : -1
    document.getElementById(tab.getAttribute("aria-controls")).hidden = !is
  }
}

// A table that its own search box narrows.
on("input", "[data-narrows]", (input) => {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean)
  for (const row of document.querySelectorAll(`${input.dataset.narrows} tbody tr`)) {
    const text = row.textContent.toLowerCase()
    row.hidden = !words.every((word) => text.includes(word))
  }
})

// Names follow labels until somebody writes them by hand.
on("input", "[data-names]", (input) => {
  const target = document.getElementById(input.dataset.names)
  if (target && !target.dataset.touched) target.value = nameOf(input.value)
})
on("input", "[data-named]", (input) => {
  input.dataset.touched = "yes"
})
function nameOf(label) {
  const words = latin(label).split(/[^\p{L}\p{N}]+/u).filter(Boolean)
  const name = words.map((word, at) => (at ? word[0].toUpperCase() + word.slice(1).toLowerCase() : word.toLowerCase())).join("")
  // What this cannot do well, the server does where the name is left empty: other scripts, words that begin with digits.
  return /^[a-z][A-Za-z0-9]*$/.test(name) && !/\d[a-z]/.test(name) ? name : ""
}
const latin = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "")

// Lists of rows that grow and shrink: options of a field, filters of a webhook.
on("click", "[data-add-row]", (button) => {
  const template = document.getElementById(button.dataset.addRow)
  const list = document.getElementById(template.dataset.list)
  const row = template.content.firstElementChild.cloneNode(true)
  list.append(row)
  row.querySelector("input:not([type=hidden]), select")?.focus()
  list.dispatchEvent(new Event("input", { bubbles: true }))
})
on("click", "[data-remove-row]", (button) => {
  const row = button.closest("li")
  const form = row.closest("form")
  row.remove()
  form?.dispatchEvent(new Event("input", { bubbles: true }))
})
on("click", "[data-move-row]", (button) => {
  const row = button.closest("li")
  row.previousElementSibling?.before(row)
  button.focus()
  row.parentElement.dispatchEvent(new Event("input", { bubbles: true }))
})
on("input", "[data-option-label]", (input) => {
  const value = input.closest("li").querySelector("[data-option-value]")
  if (!value.dataset.kept) value.value = /[^\0-\x7f]/.test(latin(input.value)) ? "" : latin(input.value).replace(/[^A-Za-z0-9]+/g, "_").replace(/^_|_$/g, "").toUpperCase()
})
on("input", "[data-option-value]", (input) => {
  input.dataset.kept = "yes"
})

// A page that answers a form and shows something once: loading it again shows the thing itself, and sends nothing.
const address = document.querySelector("[data-address]")?.dataset.address
if (address) history.replaceState(null, "", address)

function prepare(root) {
  const language = document.documentElement.lang
  for (const time of root.querySelectorAll("time[datetime]:not([data-shown])")) {
    const moment = new Date(time.dateTime)
    time.dataset.shown = "yes"
    time.title = moment.toLocaleString(language)
    time.textContent = moment.toLocaleString(language, { dateStyle: "medium", timeStyle: "short" })
  }
  root.querySelectorAll("[data-confirm]").forEach(checkTyped)
}
prepare(document)
// What is to be mended comes first.
document.querySelector("main [aria-invalid=true]")?.focus()
document.addEventListener("htmx:after:swap", () => prepare(document))
setTimeout(() => document.querySelectorAll("#toasts > .toast").forEach((shown) => shown.remove()), 8000)
