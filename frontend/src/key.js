// How much an API key is used, over the public API: hours, put together to days of the visitor's time zone.
import { api } from "./lib/api.js"
import { chart } from "./lib/chart.js"
import { h } from "./lib/dom.js"
import { t } from "./lib/words.js"

const root = document.getElementById("usage")
const language = document.documentElement.lang
const SPANS = { 7: () => t("7 days"), 30: () => t("30 days") }

/** The days up to now, each with the moment at which it begins here. */
function days(count) {
  const now = new Date()
  return Array.from({ length: count }, (_, at) => {
    const begins = new Date(now.getFullYear(), now.getMonth(), now.getDate() - (count - 1) + at)
    return { begins, name: begins.toLocaleDateString(language, { day: "numeric", month: "short" }), total: 0, bad: 0 }
  })
}

async function read(count) {
  const bars = days(count)
  const { data } = await api("GET", `metadata/apiKeys/${root.dataset.key}/usage`, { query: { since: bars[0].begins.toISOString() } })
  for (const item of data) {
    const at = new Date(item.hour)
    const day = bars.findLast((bar) => bar.begins <= at)
    if (!day) continue
    day.total += item.requests
    day.bad += item.refused
  }
  return bars
}

const shown = h("div", { class: "card-body", "aria-live": "polite" })
const buttons = Object.entries(SPANS).map(([count, label]) => h("button", { type: "button", "aria-pressed": "false", onclick: () => show(Number(count)) }, label()))

let wanted

async function show(count) {
  wanted = count
  shown.setAttribute("aria-busy", "true")
  buttons.forEach((button, at) => button.setAttribute("aria-pressed", String(Number(Object.keys(SPANS)[at]) === count)))
  try {
    const bars = await read(count)
    // Somebody may have chosen otherwise in the meantime.
    if (wanted !== count) return
    const words = { bar: t("Day"), total: t("Requests"), bad: t("Refused") }
    shown.replaceChildren(chart(t("Requests with this key, day by day"), bars, words, [bars[0].name, t("today")]))
  } catch (error) {
    shown.replaceChildren(h("p", { class: "problem", role: "alert" }, error.message))
  } finally {
    if (wanted === count) shown.removeAttribute("aria-busy")
  }
}

document.getElementById("usage-span").replaceChildren(...buttons)
root.append(shown)
await show(7)
