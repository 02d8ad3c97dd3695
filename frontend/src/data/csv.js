// The columns of CSV files, and records as such a file.
import Papa from "papaparse"
import { h, toast } from "../lib/dom.js"
import { t } from "../lib/words.js"
import { harmless } from "./cells.js"
import { isToOne, subFields } from "./model.js"
import { subLabel } from "./values.js"

// Amounts stand in the file as people write them, so the column is not called by its micros.
const subKey = (sub) => (sub === "amountMicros" ? "amount" : sub)

/** One column for each field, or each part of a composite one, named so that an import knows it again. */
export function columnsOf(fields) {
  return fields.flatMap((field) => {
    if (isToOne(field)) return [{ key: field.settings.joinColumnName, label: field.label, field, isLink: true }]
    const subs = subFields(field).filter((sub) => sub !== "blocknote")
    if (!subs.length) return [{ key: field.name, label: field.label, field }]
    return subs.map((sub) => ({ key: `${field.name}.${subKey(sub)}`, label: `${field.label}: ${subLabel(sub)}`, field, sub }))
  })
}

function cellOf(column, record) {
  const { field, sub, isLink } = column
  const value = record[field.name]
  if (isLink) return value?.id ?? ""
  if (sub) {
    const part = value?.[sub]
    if (part === null || part === undefined || (Array.isArray(part) && !part.length)) return ""
    if (sub === "amountMicros") return String(Number(part) / 1e6)
    return harmless(typeof part === "object" ? JSON.stringify(part) : String(part))
  }
  if (value === null || value === undefined) return ""
  if (Array.isArray(value) && ["MULTI_SELECT", "ARRAY"].includes(field.type)) {
    // What separates texts is in one of them: only JSON keeps them apart.
    return value.some((text) => /[;|]|^\[/.test(text)) ? JSON.stringify(value) : harmless(value.join("; "))
  }
  if (typeof value === "object") return JSON.stringify(value)
  return harmless(String(value))
}

export async function exportCsv(model, fields, ask) {
  const columns = columnsOf(fields.filter((field) => field.name !== "id"))
  const rows = []
  let after
  do {
    const page = await ask(after)
    rows.push(...page.edges.map(({ node }) => [node.id, ...columns.map((column) => cellOf(column, node))]))
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null
  } while (after)
  save(`${model.object.namePlural}.csv`, ["id", ...columns.map((column) => column.key)], rows)
  toast(rows.length === 1 ? t("1 record exported") : t("{n} records exported", { n: rows.length }))
}

/** Hands a CSV file to the browser. */
export function save(name, fields, data) {
  const url = URL.createObjectURL(new Blob(["\ufeff", Papa.unparse({ fields, data })], { type: "text/csv" }))
  h("a", { href: url, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
