// Filters that people put together, and what they are in the API.
import { h, icon } from "../lib/dom.js"
import { t } from "../lib/words.js"
import { graphql } from "../lib/api.js"
import { escapeLike, isToOne, labelSelection } from "./model.js"
import { recordPicker } from "./picker.js"
import { choices, editedSubFields, isNumber, subLabel } from "./values.js"

// One entry for each thing that can be compared: a field, or a sub-field of a composite one.
export function comparables(model) {
  const found = []
  for (const field of model.columns) {
    const subs = editedSubFields(field)
    if (field.type === "RAW_JSON" || field.type === "FILES" || field.type === "RICH_TEXT") continue
    if (!subs.length) found.push({ key: field.name, label: field.label, field, kind: kindOf(field) })
    for (const sub of subs) {
      const kind = sub === "amountMicros" ? "number" : sub === "source" || sub === "workspaceMemberId" ? null : "text"
      if (kind) found.push({ key: `${field.name}.${sub}`, label: `${field.label}: ${subLabel(sub)}`, field, sub, kind })
    }
  }
  return found
}

function kindOf(field) {
  if (isToOne(field)) return "relation"
  if (isNumber(field)) return "number"
  if (field.type === "DATE" || field.type === "DATE_TIME") return "date"
  if (field.type === "BOOLEAN") return "boolean"
  if (["SELECT", "RATING"].includes(field.type)) return "select"
  if (["MULTI_SELECT", "ARRAY"].includes(field.type)) return "list"
  return field.type === "UUID" ? "id" : "text"
}

const OPERATORS = {
  text: ["contains", "is", "empty", "filled"],
  number: ["is", "least", "most", "empty", "filled"],
  date: ["since", "until", "empty", "filled"],
  boolean: ["is"],
  select: ["is", "isnot", "empty", "filled"],
  list: ["has", "empty", "filled"],
  relation: ["is", "empty", "filled"],
  id: ["is", "empty", "filled"],
}
const words = () => ({
  contains: t("contains"), is: t("is"), isnot: t("is not"), empty: t("is empty"), filled: t("is not empty"),
  least: t("is at least"), most: t("is at most"), since: t("is since"), until: t("is before"), has: t("has"),
})

function condition(entry, operator, text) {
  if (operator === "empty") return { is: "NULL" }
  if (operator === "filled") return { is: "NOT_NULL" }
  if (!text) return undefined
  const value = entry.kind === "number" ? Math.round(Number(text) * (entry.sub ? 1e6 : 1) * 1e6) / 1e6
    : entry.kind === "boolean" ? text === "true"
    : entry.field.type === "DATE_TIME" ? new Date(`${text}T00:00`).toISOString() : text
  if (Number.isNaN(value)) return undefined
  return {
    contains: { ilike: `%${escapeLike(text)}%` }, is: { eq: value }, isnot: { neq: value },
    least: { gte: value }, most: { lte: value }, since: { gte: value }, until: { lt: value }, has: { containsAny: [text] },
  }[operator]
}

export class Filters {
  constructor(model, onchange) {
    this.model = model
    this.entries = comparables(model)
    this.onchange = onchange
    this.rows = []
    this.list = h("div", { class: "filter-rows editor" })
    this.element = h("section", { class: "filters", hidden: true, "aria-label": t("Filters") }, this.list,
      h("div", { class: "actions" }, h("button", { type: "button", class: "button button-small", onclick: () => this.add() }, icon("plus"), t("Add a filter"))))
  }

  toggle() {
    this.element.hidden = !this.element.hidden
    if (!this.element.hidden && !this.rows.length) this.add()
  }

  /** A row of inputs; with `given`, what `state` said of one. */
  add(given) {
    const row = {}
    const changed = () => { clearTimeout(this.timer); this.timer = setTimeout(this.onchange, 250) }
    row.field = choices(t("Field"), this.entries.map((entry) => [entry.key, entry.label]), given?.[0] ?? this.entries[0].key)
    row.operator = h("select", { "aria-label": t("Comparison") })
    row.value = h("span")
    const entry = () => this.entries.find((item) => item.key === row.field.value)
    const renewValue = (value) => {
      const { field, kind } = entry()
      let input
      let read = () => input.value ?? ""
      if (["empty", "filled"].includes(row.operator.value)) input = h("span")
      else if (kind === "relation") {
        const picker = recordPicker(this.model, field, value, changed)
        input = picker.element
        read = picker.read
      } else if (kind === "boolean") input = choices(t("Value"), [["true", t("Yes")], ["false", t("No")]], value ?? "true")
      else if (kind === "select" || field.type === "MULTI_SELECT") input = choices(t("Value"), field.options.map((option) => [option.value, option.label]), value ?? field.options[0]?.value)
      else input = h("input", { "aria-label": t("Value"), type: { number: "number", date: "date" }[kind] ?? "text", step: "any", value: value ?? "" })
      if (kind !== "relation") input.addEventListener("input", changed)
      row.value.replaceWith(input)
      row.value = input
      row.text = read
    }
    const renew = () => {
      row.operator.replaceChildren(...OPERATORS[entry().kind].map((name) => h("option", { value: name }, words()[name])))
      renewValue()
    }
    row.field.addEventListener("change", () => { renew(); changed() })
    row.operator.addEventListener("change", () => { renewValue(); changed() })
    const remove = () => { this.rows = this.rows.filter((other) => other !== row); line.remove(); this.onchange() }
    const line = h("div", { class: "filter-row" }, row.field, row.operator, row.value,
      h("button", { type: "button", class: "button button-quiet", title: t("Remove the filter"), onclick: remove }, icon("x"), h("span", { class: "visually-hidden" }, t("Remove the filter"))))
    renew()
    if (given) {
      row.operator.value = given[1]
      renewValue(given[2])
    }
    row.read = () => {
      const { field, sub } = entry()
      const compared = condition(entry(), row.operator.value, row.text())
      if (!compared) return undefined
      if (isToOne(field)) return { [field.settings.joinColumnName]: compared }
      return { [field.name]: sub ? { [sub]: compared } : compared }
    }
    this.rows.push(row)
    this.list.append(line)
    if (!given) row.field.focus()
  }

  /** The rows as texts that an address can hold: field, operator, value. */
  state() {
    return this.rows.filter((row) => row.read()).map((row) => [row.field.value, row.operator.value, row.text() ?? ""].join("~"))
  }

  /** Puts up the rows that `state` wrote down, as far as the model still has their fields. */
  async restore(texts) {
    for (const text of texts) {
      const [key, operator, ...rest] = text.split("~")
      const entry = this.entries.find((item) => item.key === key)
      if (!entry || !OPERATORS[entry.kind].includes(operator)) continue
      const value = rest.join("~")
      this.add([key, operator, entry.kind === "relation" && value ? await this.record(entry.field, value) : value])
    }
    this.element.hidden = !this.rows.length
  }

  async record(field, id) {
    const target = this.model.target(field)
    const answer = await graphql(`query ($id: UUID!) { ${target.namePlural}(first: 1, filter: { id: { eq: $id } }) { edges { node { id ${labelSelection(target)} } } } }`, { id })
    return answer[target.namePlural].edges[0]?.node ?? { id }
  }

  read() {
    return this.rows.map((row) => row.read()).filter(Boolean)
  }
}

// Records in whose texts the words are.
export function searchFilter(model, text) {
  const like = { ilike: `%${escapeLike(text)}%` }
  const parts = []
  for (const field of model.columns) {
    if (field.type === "TEXT") parts.push({ [field.name]: like })
    const subs = { FULL_NAME: ["firstName", "lastName"], EMAILS: ["primaryEmail"], LINKS: ["primaryLinkUrl"] }[field.type] ?? []
    for (const sub of subs) parts.push({ [field.name]: { [sub]: like } })
  }
  return parts.length ? { or: parts } : undefined
}
