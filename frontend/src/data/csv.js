// Records as a CSV file, and a CSV file as records.
import Papa from "papaparse"
import { api } from "../lib/api.js"
import { h, icon, toast } from "../lib/dom.js"
import { t } from "../lib/words.js"
import { isToOne } from "./model.js"
import { editedSubFields, fromText, isEditable, subLabel } from "./values.js"

const BATCH = 60

// A cell that a spreadsheet would take for a formula is marked as text.
const harmless = (text) => (/^[=+\-@\t\r]/.test(text) && !/^-?[\d.,]+$/.test(text) ? `'${text}` : text)

// One column for each field, or each sub-field that people fill in, named so that an import knows it again.
function columnsOf(fields) {
  return fields.flatMap((field) => {
    if (isToOne(field)) return [{ key: field.settings.joinColumnName, label: field.label, field, isId: true }]
    const subs = editedSubFields(field)
    if (!subs.length) return [{ key: field.name, label: field.label, field }]
    return subs.map((sub) => ({ key: `${field.name}.${sub}`, label: `${field.label}: ${subLabel(sub)}`, field, sub }))
  })
}

function cellOf(column, record) {
  const { field, sub, isId } = column
  const value = record[field.name]
  if (isId) return value?.id ?? ""
  if (sub) {
    const part = value?.[sub]
    if (part === null || part === undefined) return ""
    if (sub === "amountMicros") return String(Number(part) / 1e6)
    return harmless(typeof part === "object" ? JSON.stringify(part) : String(part))
  }
  if (value === null || value === undefined) return ""
  if (Array.isArray(value) && ["MULTI_SELECT", "ARRAY"].includes(field.type)) return harmless(value.join("; "))
  if (typeof value === "object") return JSON.stringify(value)
  return harmless(String(value))
}

export async function exportCsv(model, fields, ask) {
  const columns = columnsOf(fields)
  const rows = []
  let after
  do {
    const page = await ask(after)
    rows.push(...page.edges.map(({ node }) => ["id", ...columns].map((column) => (column === "id" ? node.id : cellOf(column, node)))))
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null
  } while (after)
  const csv = Papa.unparse({ fields: ["id", ...columns.map((column) => column.key)], data: rows })
  const url = URL.createObjectURL(new Blob(["\ufeff", csv], { type: "text/csv" }))
  h("a", { href: url, download: `${model.object.namePlural}.csv` }).click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
  toast(t("{n} records exported", { n: rows.length }))
}

const plain = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "")

export function importPage(model, body) {
  const { object } = model
  const columns = [{ key: "id", label: "Id", field: { name: "id", type: "UUID", options: [] } }, ...columnsOf(model.columns.filter(isEditable))]
  const file = h("input", { type: "file", accept: ".csv,text/csv", "aria-label": t("CSV file"), onchange: () => file.files[0] && read(file.files[0]) })
  const steps = h("div")
  body.replaceChildren(
    h("section", { class: "card" }, h("h2", {}, t("1. Choose a file")),
      h("p", { class: "soft" }, t("A CSV file whose first line names the columns. Nothing is written before you have seen a preview.")), file),
    steps)

  function read(chosen) {
    Papa.parse(chosen, {
      skipEmptyLines: "greedy",
      complete: ({ data }) => {
        const [head, ...rows] = data
        if (!rows.length) return steps.replaceChildren(h("p", { class: "alert alert-bad" }, t("The file has no rows.")))
        map(head.map((name) => name.replace(/^\ufeff/, "")), rows)
      },
      error: (error) => toast(error.message, { bad: true }),
    })
  }

  function map(head, rows) {
    const guess = (name) => columns.find((column) => plain(column.key) === plain(name) || plain(column.label) === plain(name))?.key ?? ""
    const selects = head.map((name) => {
      const select = h("select", { "aria-label": t("Field for the column {name}", { name }), onchange: () => preview() },
        h("option", { value: "" }, t("Leave out")), ...columns.map((column) => h("option", { value: column.key }, column.label)))
      select.value = guess(name)
      return select
    })
    const sample = (at) => rows.slice(0, 3).map((row) => row[at]).filter(Boolean).join(", ").slice(0, 80)
    const previewed = h("div")
    steps.replaceChildren(
      h("section", { class: "card card-flush" }, h("div", { class: "card-head" }, h("h2", {}, t("2. Which column is what"))),
        h("div", { class: "table-scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ...[t("Column"), t("For example"), t("Field")].map((text) => h("th", { scope: "col" }, text)))),
          h("tbody", {}, ...head.map((name, at) => h("tr", {}, h("td", {}, h("strong", {}, name)), h("td", { class: "sub" }, sample(at)), h("td", {}, selects[at]))))))),
      previewed)
    preview()

    function preview() {
      const mapped = selects.map((select) => columns.find((column) => column.key === select.value))
      const records = rows.map((row, at) => recordOf(row, mapped, at))
      const bad = records.filter((record) => record.problem)
      const good = records.length - bad.length
      const shown = mapped.map((column, at) => [column, at]).filter(([column]) => column)
      const start = h("button", { type: "button", class: "button button-primary", disabled: !shown.length || !good, onclick: () => run(records, previewed) },
        icon("table-import"), good === 1 ? t("Import 1 record") : t("Import {n} records", { n: good }))
      previewed.replaceChildren(h("section", { class: "card card-flush" },
        h("div", { class: "card-head" }, h("div", {}, h("h2", {}, t("3. Preview")), h("p", {}, bad.length ? t("{n} rows cannot be imported as they are; the others can.", { n: bad.length }) : t("All rows look right."))), start),
        h("div", { class: "table-scroll" }, h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("Row")), ...shown.map(([column]) => h("th", { scope: "col" }, column.label)), h("th", { scope: "col" }, t("Problem")))),
          h("tbody", {}, ...[...bad.slice(0, 20), ...records.filter((record) => !record.problem).slice(0, 10)].map((record) =>
            h("tr", {}, h("td", { class: "number" }, String(record.row)), ...shown.map(([, at]) => h("td", {}, (rows[record.at][at] ?? "").slice(0, 80))), h("td", {}, record.problem ? h("span", { class: "problem" }, record.problem) : "")))))) ))
    }
  }

  function recordOf(row, mapped, at) {
    const body = {}
    try {
      mapped.forEach((column, place) => {
        if (!column) return
        const value = fromText(column.field, column.isId ? null : column.sub, row[place] ?? "")
        if (value === undefined) return
        if (column.sub) body[column.field.name] = { ...body[column.field.name], [column.sub]: value }
        else body[column.key] = value
      })
    } catch (error) {
      return { at, row: at + 2, problem: error.message }
    }
    return { at, row: at + 2, body, problem: Object.keys(body).length ? "" : t("The row is empty") }
  }

  // Batches are all or nothing: one with a row at fault is sent again without it.
  async function run(records, place) {
    const waiting = records.filter((record) => !record.problem)
    const failed = records.filter((record) => record.problem)
    const total = waiting.length
    let done = 0
    const bar = h("progress", { max: total, value: 0, "aria-label": t("Progress") })
    const status = h("p", { role: "status" }, "")
    place.replaceChildren(h("section", { class: "card" }, h("h2", {}, t("4. Import")), bar, status))
    for (let start = 0; start < waiting.length; start += BATCH) {
      let batch = waiting.slice(start, start + BATCH)
      while (batch.length) {
        try {
          await api("POST", `batch/${object.namePlural}`, { query: { upsert: "true" }, body: batch.map((record) => record.body) })
          done += batch.length
          break
        } catch (error) {
          const at = error.index ?? (batch.length === 1 ? 0 : undefined)
          if (at === undefined && error.status && error.status < 500) {
            // Nobody says which row it is: send them one by one.
            for (const record of batch) {
              try {
                await api("POST", `batch/${object.namePlural}`, { query: { upsert: "true" }, body: [record.body] })
                done += 1
              } catch (alone) {
                failed.push({ ...record, problem: alone.message })
              }
            }
            break
          }
          if (at === undefined) {
            failed.push(...batch.map((record) => ({ ...record, problem: error.message })))
            break
          }
          failed.push({ ...batch[at], problem: error.message })
          batch = batch.filter((_record, other) => other !== at)
        }
      }
      bar.value = Math.min(start + BATCH, total)
      status.textContent = t("{done} of {total} records imported", { done, total })
    }
    status.textContent = t("{done} of {total} records imported", { done, total })
    const section = place.firstElementChild
    if (failed.length) {
      section.append(h("div", { class: "alert alert-warn" }, icon("alert-triangle"), h("p", {}, t("{n} rows were not imported:", { n: failed.length }))),
        h("div", { class: "table-scroll" }, h("table", {}, h("tbody", {}, ...failed.sort((a, b) => a.row - b.row).slice(0, 200).map((record) =>
          h("tr", {}, h("td", { class: "number" }, t("Row {n}", { n: record.row })), h("td", {}, h("span", { class: "problem" }, record.problem))))))))
    }
    section.append(h("p", {}, h("a", { class: "button button-primary", href: `/data/${object.namePlural}` }, t("Show the records"))))
  }
}

