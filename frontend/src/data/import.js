// A CSV file becomes records: which column is what, a preview, and then batches over the public API.
import { api } from "../lib/api.js"
import { h, icon, toast } from "../lib/dom.js"
import { t } from "../lib/words.js"
import { fromCell } from "./cells.js"
import { columnsOf, save } from "./csv.js"
import { findLinks, linkOf } from "./links.js"
import { readSheet } from "./sheet.js"
import { isEditable, subLabel } from "./values.js"

const BATCH = 60
const SHOWN_AT_FAULT = 20
const SHOWN_RIGHT = 10
const SHOWN_FAILED = 200

const plain = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "")
// The part of a composite value that a column named like the whole field holds.
const MAIN = new Set(["amountMicros", "primaryEmail", "primaryPhoneNumber", "primaryLinkUrl", "markdown"])

/** The column that a name in the file most likely means, or undefined. */
function guess(columns, name) {
  const fits = (...texts) => texts.some((text) => plain(text) === plain(name))
  const parts = columns.filter(({ sub }) => sub && fits(sub, subLabel(sub)))
  return columns.find(({ key, label }) => fits(key, label)) ??
    columns.find(({ sub, isLink, field }) => (isLink || MAIN.has(sub)) && fits(field.name, field.label, field.name.replace(/s$/, ""), field.label.replace(/s$/, ""))) ??
    (parts.length === 1 ? parts[0] : undefined)
}

export function importPage(model, body) {
  const { object } = model
  const columns = [{ key: "id", label: "Id", field: { name: "id", type: "UUID", options: [] } }, ...columnsOf(model.columns.filter(isEditable))]
  const file = h("input", { type: "file", accept: ".csv,.tsv,.txt,text/csv", "aria-label": t("CSV file"), onclick: () => { file.value = "" }, onchange: () => file.files[0] && read(file.files[0]) })
  const steps = h("div")
  body.replaceChildren(
    h("section", { class: "card" }, h("h2", {}, t("1. Choose a file")),
      h("p", { class: "soft" }, t("A CSV file whose first line names the columns. Nothing is written before you have seen a preview.")),
      h("p", { class: "soft" }, t("A row with an id, or another unique value, that is there already changes that record; its empty cells change nothing. Every other row makes a new record. Relations are filled in by name or by id.")), file),
    steps)

  async function read(chosen) {
    try {
      const { head, lines } = await readSheet(chosen)
      if (!lines.length) return steps.replaceChildren(h("p", { class: "alert alert-bad", role: "alert" }, t("The file has no rows.")))
      map(chosen.name, head, lines)
    } catch (error) {
      steps.replaceChildren(h("p", { class: "alert alert-bad", role: "alert" }, error.message))
    }
  }

  function map(fileName, head, lines) {
    const guessed = new Set()
    const selects = head.map((name) => {
      const select = h("select", { "aria-label": t("Field for the column {name}", { name }), onchange: () => preview() },
        h("option", { value: "" }, t("Leave out")), ...columns.map((column) => h("option", { value: column.key }, column.label)))
      const key = guess(columns, name)?.key ?? ""
      select.value = guessed.has(key) ? "" : key
      guessed.add(key)
      return select
    })
    const sample = (at) => lines.slice(0, 3).map(({ cells }) => cells[at]).filter(Boolean).join(", ").slice(0, 80)
    const previewed = h("div")
    const links = new Map()
    let turn = 0
    steps.replaceChildren(
      h("section", { class: "card card-flush" }, h("div", { class: "card-head" }, h("h2", {}, t("2. Which column is what"))),
        h("div", { class: "table-scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ...[t("Column"), t("For example"), t("Field")].map((text) => h("th", { scope: "col" }, text)))),
          h("tbody", {}, ...head.map((name, at) => h("tr", {}, h("td", {}, h("strong", {}, name || t("Column {n}", { n: at + 1 }))), h("td", { class: "sub" }, sample(at)), h("td", { class: "mapped" }, selects[at]))))))),
      previewed)
    preview()

    /** What the names in the columns of relations stand for; asked once for each. */
    async function resolve(mapped) {
      for (const [at, column] of mapped.entries()) {
        const key = `${at} ${column?.key}`
        if (!column?.isLink || links.has(key)) continue
        links.set(key, await findLinks(model.target(column.field), lines.map(({ cells }) => (cells[at] ?? "").trim())))
      }
      return mapped.map((column, at) => column && { ...column, found: links.get(`${at} ${column.key}`) })
    }

    async function preview() {
      const current = (turn += 1)
      const chosen = selects.map((select) => columns.find((column) => column.key === select.value))
      const twice = chosen.find((column, at) => column && chosen.indexOf(column) !== at)
      previewed.setAttribute("aria-busy", "true")
      try {
        const mapped = await resolve(chosen)
        if (current === turn) draw(mapped, twice)
      } catch (error) {
        if (current === turn) previewed.replaceChildren(h("p", { class: "alert alert-bad", role: "alert" }, error.message))
      } finally {
        if (current === turn) previewed.removeAttribute("aria-busy")
      }
    }

    function draw(mapped, twice) {
      const records = lines.map((line) => recordOf(line, mapped))
      const bad = records.filter((record) => record.problem)
      const good = records.length - bad.length
      const shown = mapped.map((column, at) => [column, at]).filter(([column]) => column)
      const start = h("button", { type: "button", class: "button button-primary", disabled: !shown.length || !good || Boolean(twice), onclick: () => run(records) },
        icon("table-import"), good === 1 ? t("Import 1 record") : t("Import {n} records", { n: good }))
      const verdict = twice ? t("Two columns go into “{name}”: leave one of them out.", { name: twice.label })
        : !shown.length ? t("Choose a field for one of the columns at least.")
        : !good ? t("No row can be imported as it is.")
        : bad.length === 1 ? t("1 row cannot be imported as it is; the others can.")
        : bad.length ? t("{n} rows cannot be imported as they are; the others can.", { n: bad.length }) : t("All rows look right.")
      const cell = (record, at) => h("td", {}, (record.cells[at] ?? "").slice(0, 80))
      previewed.replaceChildren(h("section", { class: "card card-flush" },
        h("div", { class: "card-head" }, h("div", {}, h("h2", {}, t("3. Preview")), h("p", { role: "status" }, verdict)), start),
        h("div", { class: "table-scroll" }, h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("Row")), bad.length > 0 && h("th", { scope: "col" }, t("Problem")), ...shown.map(([column]) => h("th", { scope: "col" }, column.label)))),
          h("tbody", {}, ...[...bad.slice(0, SHOWN_AT_FAULT), ...records.filter((record) => !record.problem).slice(0, SHOWN_RIGHT)].map((record) =>
            h("tr", {}, h("td", {}, String(record.row)), bad.length > 0 && h("td", { class: "problem" }, record.problem), ...shown.map(([, at]) => cell(record, at))))))),
        h("p", { class: "card-body soft" }, records.length > SHOWN_RIGHT ? t("Of {n} rows, these are the first, those with a problem before the others.", { n: records.length }) : "")))
    }

    function recordOf(line, mapped) {
      if (line.problem) return line
      if (line.cells.length > head.length && line.cells.slice(head.length).some(Boolean)) return { ...line, problem: t("There are more cells than columns") }
      const made = {}
      const problems = []
      for (const [at, column] of mapped.entries()) {
        if (!column) continue
        try {
          const text = (line.cells[at] ?? "").trim()
          const value = column.isLink ? text && linkOf(column.found, model.target(column.field), text) : fromCell(column.field, column.sub, text)
          if (value === undefined || value === "") continue
          if (column.sub) made[column.field.name] = { ...made[column.field.name], [column.sub]: value }
          else made[column.key] = value
        } catch (error) {
          problems.push(`${column.label}: ${error.message}`)
        }
      }
      return { ...line, body: made, problem: problems.join(" · ") || (Object.keys(made).length ? "" : t("The row is empty")) }
    }

    async function run(records) {
      const waiting = records.filter((record) => !record.problem)
      const failed = records.filter((record) => record.problem)
      const total = waiting.length
      let stopped = false
      const bar = h("progress", { max: total, value: 0, "aria-label": t("Progress") })
      const status = h("p", { role: "status" }, "")
      const stop = h("button", { type: "button", class: "button", onclick: () => { stopped = true; stop.disabled = true } }, t("Stop"))
      const section = h("section", { class: "card" }, h("h2", {}, t("4. Import")), bar, status, stop)
      // The way back is closed while it runs: nobody should change what is half done, or leave unawares.
      file.disabled = true
      for (const select of selects) select.disabled = true
      const stay = (event) => event.preventDefault()
      addEventListener("beforeunload", stay)
      previewed.replaceChildren(section)
      const send = sender(object.namePlural, failed)
      let done = 0
      let tried = 0
      while (tried < total && !stopped) {
        done += await send(waiting.slice(tried, tried + BATCH))
        tried = Math.min(tried + BATCH, total)
        bar.value = tried
        status.textContent = t("{done} of {total} records imported", { done, total })
      }
      removeEventListener("beforeunload", stay)
      file.disabled = false
      stop.remove()
      if (stopped && tried < total) failed.push(...waiting.slice(tried).map((record) => ({ ...record, problem: t("Stopped before this row") })))
      failed.sort((a, b) => a.row - b.row)
      if (failed.length) section.append(...report(failed))
      section.append(h("p", {}, h("a", { class: "button button-primary", href: `/data/${object.namePlural}` }, t("Show the records"))))
      toast(t("{done} of {total} records imported", { done, total }))
    }

    function report(failed) {
      const rows = failed.map((record) => [...head.map((_name, at) => record.cells[at] ?? ""), record.problem])
      return [
        h("div", { class: "alert alert-warn" }, icon("alert-triangle"), h("p", {}, failed.length === 1 ? t("1 row was not imported:") : t("{n} rows were not imported:", { n: failed.length }))),
        h("div", { class: "table-scroll" }, h("table", {}, h("tbody", {}, ...failed.slice(0, SHOWN_FAILED).map((record) =>
          h("tr", {}, h("td", { class: "nowrap" }, t("Row {n}", { n: record.row })), h("td", {}, h("span", { class: "problem" }, record.problem))))))),
        h("p", { class: "import-rest" }, h("button", { type: "button", class: "button", onclick: () => save(`${fileName.replace(/\.\w+$/, "")}-rest.csv`, [...head, t("Problem")], rows) },
          icon("download"), t("Download these rows, to mend and import them")))]
    }
  }
}

/**
 * A function that sends a batch of records and says how many were taken; those that were not go to `failed`, with why.
 * Batches are all or nothing: one with a row at fault is sent again without it.
 */
function sender(plural, failed) {
  const post = (batch) => api("POST", `batch/${plural}`, { query: { upsert: "true" }, body: batch.map((record) => record.body) })
  const alone = async (record) => {
    try {
      await post([record])
      return 1
    } catch (error) {
      failed.push({ ...record, problem: error.message })
      return 0
    }
  }
  return async function send(batch) {
    while (batch.length) {
      try {
        await post(batch)
        return batch.length
      } catch (error) {
        const at = error.index ?? (batch.length === 1 ? 0 : undefined)
        if (at === undefined && error.status && error.status < 500) {
          // Nobody says which row it is.
          let taken = 0
          for (const record of batch) taken += await alone(record)
          return taken
        }
        if (at === undefined) {
          failed.push(...batch.map((record) => ({ ...record, problem: error.message })))
          return 0
        }
        failed.push({ ...batch[at], problem: error.message })
        batch = batch.filter((_record, other) => other !== at)
      }
    }
    return 0
  }
}
