// Records of an object as a table: columns, order, filters, search, pages; editing in place; CSV.
import { api, graphql } from "../lib/api.js"
import { dialog, h, icon, toast } from "../lib/dom.js"
import { recordsIn, t } from "../lib/words.js"
import { exportCsv } from "./csv.js"
import { Filters, searchFilter } from "./filters.js"
import { isToOne, labelField, subFields } from "./model.js"
import { recordPicker } from "./picker.js"
import { editor, editedSubFields, isEditable, isNumber, show } from "./values.js"

const PAGE = 50

export function tablePage(model, body, actions) {
  const { object } = model
  const columnsKey = `columns:${object.id}`
  const asked = new URLSearchParams(location.search)
  const state = {
    search: asked.get("search") ?? "", order: ordered(asked.get("order")), deleted: asked.has("deleted"),
    page: {}, chosen: new Set(), columns: remembered(), records: [], turn: 0,
  }

  // What is shown is in the address: a reload keeps it, and it can be passed on.
  function keep() {
    const said = new URLSearchParams()
    if (state.search) said.set("search", state.search)
    if (state.order) said.set("order", `${state.order.direction === "desc" ? "-" : ""}${state.order.field.name}`)
    if (state.deleted) said.set("deleted", "1")
    for (const text of filters.state()) said.append("filter", text)
    history.replaceState(null, "", said.size ? `?${said}` : location.pathname)
  }
  function ordered(text) {
    const field = text && model.columns.find((one) => one.name === text.replace(/^-/, ""))
    return field ? { field, direction: text.startsWith("-") ? "desc" : "asc" } : null
  }

  function remembered() {
    const kept = JSON.parse(localStorage.getItem(columnsKey) ?? "null")
    const names = new Set(model.columns.map((field) => field.name))
    const known = kept?.filter((name) => names.has(name))
    if (known?.length) return known
    return model.columns.filter((field) => !field.isSystem || field === model.label || field.name === "createdAt").slice(0, 8).map((field) => field.name)
  }
  const columns = () => model.columns.filter((field) => state.columns.includes(field.name))

  const filters = new Filters(model, () => load({}))
  let timer
  const search = h("input", { type: "search", value: state.search, placeholder: t("Search"), "aria-label": t("Search"), oninput: () => {
    clearTimeout(timer)
    timer = setTimeout(() => { state.search = search.value.trim(); load({}) }, 250)
  } })
  const columnMenu = h("details", { class: "menu" },
    h("summary", { class: "button" }, icon("columns"), t("Columns")),
    h("div", { class: "menu-panel" }, ...model.columns.map((field) =>
      h("label", {}, h("input", { type: "checkbox", checked: state.columns.includes(field.name), onchange: (event) => {
        state.columns = event.target.checked ? [...state.columns, field.name] : state.columns.filter((name) => name !== field.name)
        localStorage.setItem(columnsKey, JSON.stringify(state.columns))
        load(state.page)
      } }), field.label))))
  const deletedBox = h("input", { type: "checkbox", checked: state.deleted, onchange: (event) => { state.deleted = event.target.checked; load({}) } })
  const table = h("table", { class: "grid" })
  const count = h("span", { class: "soft", role: "status" })
  const previous = h("button", { type: "button", class: "button", onclick: () => load({ before: state.pageInfo.startCursor }) }, icon("chevron-left"), t("Previous"))
  const next = h("button", { type: "button", class: "button", onclick: () => load({ after: state.pageInfo.endCursor }) }, t("Next"), icon("chevron-right"))
  const chosenBar = h("div", { class: "actions", hidden: true })

  actions.replaceChildren(
    h("a", { class: "button", href: `/data/${object.namePlural}/import` }, icon("table-import"), t("Import")),
    h("button", { type: "button", class: "button", onclick: () => exportAll() }, icon("table-export"), t("Export")),
    h("button", { type: "button", class: "button button-primary", onclick: () => create() }, icon("plus"), t("New record")))
  body.replaceChildren(
    h("div", { class: "toolbar" },
      h("div", { class: "search" }, icon("search"), search),
      h("button", { type: "button", class: "button", onclick: () => filters.toggle() }, icon("filter"), t("Filter")),
      columnMenu,
      h("label", { class: "button button-quiet" }, deletedBox, t("Deleted")),
      chosenBar),
    filters.element,
    h("div", { class: "grid-wrap", tabIndex: 0, role: "region", "aria-label": object.labelPlural, "aria-describedby": "grid-hint", onkeydown: (event) => {
      if (event.key !== "ArrowDown" || event.target !== event.currentTarget) return
      event.preventDefault()
      table.tBodies[0]?.rows[0]?.cells[1]?.focus()
    } }, table),
    h("div", { class: "pager" }, count, h("span", { class: "soft grid-hint", id: "grid-hint" }, t("Arrow keys move from cell to cell; Enter or a double click changes one.")), h("div", { class: "actions" }, previous, next)))

  function filter() {
    const parts = filters.read()
    const found = state.search && searchFilter(model, state.search)
    if (found) parts.push(found)
    if (state.deleted) parts.push({ deletedAt: { is: "NOT_NULL" } })
    return parts.length ? { and: parts } : null
  }
  function orderBy() {
    // New records are put before the others.
    if (!state.order) return object.fields.some((field) => field.name === "position") ? [{ position: "AscNullsLast" }] : null
    const { field, direction } = state.order
    const word = direction === "asc" ? "AscNullsLast" : "DescNullsLast"
    if (!isToOne(field)) return orderOf(field, word)
    const label = labelField(model.target(field))
    return label && label.name !== "id" ? orderOf(label, word).map((part) => ({ [field.name]: part })) : [{ [field.settings.joinColumnName]: word }]
  }
  function orderOf(field, word) {
    if (!subFields(field).length) return [{ [field.name]: word }]
    const subs = field.type === "FULL_NAME" ? subFields(field) : editedSubFields(field).slice(0, 1)
    return subs.map((sub) => ({ [field.name]: { [sub]: word } }))
  }
  const query = (shown) => `query ($filter: ${model.typeName}FilterInput, $orderBy: [${model.typeName}OrderByInput], $first: Int, $last: Int, $after: String, $before: String) {
    ${object.namePlural}(filter: $filter, orderBy: $orderBy, first: $first, last: $last, after: $after, before: $before) {
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { node { id deletedAt ${shown.filter((field) => !["id", "deletedAt"].includes(field.name)).map((field) => model.selection(field)).join(" ")} } } } }`
  const ask = async (shown, page, size = PAGE) => {
    const around = page.before ? { last: size, before: page.before } : { first: size, after: page.after }
    const answer = await graphql(query(shown), { filter: filter(), orderBy: orderBy(), ...around })
    return answer[object.namePlural]
  }

  async function load(page) {
    const turn = (state.turn += 1)
    body.setAttribute("aria-busy", "true")
    try {
      const found = await ask(columns(), page)
      if (turn !== state.turn) return
      keep()
      state.page = page
      state.pageInfo = found.pageInfo
      state.records = found.edges.map((edge) => edge.node)
      state.chosen.clear()
      draw(found.totalCount)
    } catch (error) {
      toast(error.message, { bad: true })
    } finally {
      if (turn === state.turn) body.setAttribute("aria-busy", "false")
    }
  }

  function draw(total) {
    const shown = columns()
    previous.disabled = !state.pageInfo.hasPreviousPage
    next.disabled = !state.pageInfo.hasNextPage
    count.textContent = recordsIn(total)
    const all = h("input", { type: "checkbox", "aria-label": t("Choose all"), onchange: (event) => {
      for (const box of table.querySelectorAll("tbody .pick input")) if (box.checked !== event.target.checked) box.click()
    } })
    const heads = shown.map((field) => {
      const sorted = state.order?.field === field ? state.order.direction : null
      const flip = () => {
        state.order = sorted === "desc" ? null : { field, direction: sorted ? "desc" : "asc" }
        load({})
      }
      const sortable = !["RAW_JSON", "FILES", "MULTI_SELECT", "ARRAY", "RICH_TEXT"].includes(field.type)
      return h("th", { scope: "col", "aria-sort": sorted ? `${sorted}ending` : undefined },
        sortable ? h("button", { type: "button", onclick: flip }, field.label, sorted && icon(sorted === "asc" ? "sort-ascending" : "sort-descending")) : field.label)
    })
    const rows = state.records.map((record) => row(record, shown))
    table.replaceChildren(
      h("thead", {}, h("tr", {}, h("th", { class: "pick" }, all), ...heads)),
      h("tbody", {}, ...rows))
    if (!rows.length) {
      table.tBodies[0].append(h("tr", {}, h("td", { colSpan: shown.length + 1 },
        h("div", { class: "empty" }, icon("table"), h("h3", {}, state.search || filters.read().length ? t("Nothing matches") : t("No records yet")),
          h("p", {}, state.search || filters.read().length ? t("Try fewer words or filters.") : t("Create the first one, or import a CSV file."))))))
    }
    drawChosen()
  }

  function row(record, shown) {
    const box = h("input", { type: "checkbox", "aria-label": t("Choose the record"), onchange: () => {
      if (box.checked) state.chosen.add(record.id)
      else state.chosen.delete(record.id)
      drawChosen()
    } })
    const line = h("tr", { "data-id": record.id, "data-deleted": record.deletedAt ? "" : undefined }, h("td", { class: "pick" }, box))
    shown.forEach((field, at) => line.append(cell(record, field, at === 0)))
    return line
  }

  function cell(record, field, isFirst) {
    const editable = isEditable(field) && !record.deletedAt
    const element = h("td", { tabIndex: -1, class: isNumber(field) ? "number" : undefined, "data-field": field.name })
    const fill = () => {
      const shown = show(field, record[field.name], model)
      element.replaceChildren(isFirst ? h("a", { href: `/data/${object.namePlural}/${record.id}` }, shown.textContent || t("Untitled")) : shown)
      // Where a click follows a link, and where there is no second click: a button. By keyboard, Enter does the same.
      if (editable) element.append(h("button", { type: "button", class: "cell-edit", tabIndex: -1, title: t("Edit"), "aria-label": t("Edit {name}", { name: field.label }), onclick: edit }, icon("pencil")))
      element.classList.remove("editing")
    }
    fill()
    element.addEventListener("keydown", (event) => {
      if (element.classList.contains("editing")) return
      const moves = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }
      if (moves[event.key]) {
        event.preventDefault()
        const [down, right] = moves[event.key]
        const line = element.parentElement
        const target = down ? (down > 0 ? line.nextElementSibling : line.previousElementSibling)?.cells[element.cellIndex] : line.cells[element.cellIndex + right]
        target?.focus()
      } else if ((event.key === "Enter" || event.key === "F2") && event.target === element && editable) {
        event.preventDefault()
        edit()
      }
    })
    if (editable) element.addEventListener("dblclick", (event) => event.target.closest("a, button") ?? edit())
    function edit() {
      if (element.classList.contains("editing")) return
      const inputs = editor(field, record[field.name], model, (of, value) => recordPicker(model, of, value))
      const save = async () => {
        try {
          await api("PATCH", `${object.namePlural}/${record.id}`, { body: inputs.read() })
          Object.assign(record, await one(record.id, [field]))
          fill()
          element.focus()
          toast(t("Saved"))
        } catch (error) {
          element.querySelector(".problem")?.remove()
          element.append(h("p", { class: "problem", role: "alert" }, error.message))
        }
      }
      element.classList.add("editing")
      element.replaceChildren(h("form", { class: "editor", onsubmit: (event) => { event.preventDefault(); save() }, onkeydown: (event) => {
        if (event.key === "Escape") { fill(); element.focus() }
      } }, inputs.element, h("div", { class: "editor-actions" },
        h("button", { class: "button button-primary button-small" }, t("Save")),
        h("button", { type: "button", class: "button button-small", onclick: () => { fill(); element.focus() } }, t("Cancel")))))
      element.querySelector("input, select, textarea").focus()
    }
    return element
  }

  async function one(id, shown) {
    const answer = await graphql(`query ($id: UUID!) { ${object.nameSingular}(filter: {id: {eq: $id}}) { id ${shown.map((field) => model.selection(field)).join(" ")} } }`, { id })
    return answer[object.nameSingular]
  }

  function drawChosen() {
    chosenBar.hidden = state.chosen.size === 0
    const n = state.chosen.size
    chosenBar.replaceChildren(
      h("span", { class: "soft" }, t("{n} chosen", { n })),
      state.deleted
        ? h("button", { type: "button", class: "button", onclick: () => each((id) => api("PATCH", `restore/${object.namePlural}/${id}`, { body: {} }), t("Restored")) }, icon("arrow-back-up"), t("Restore"))
        : h("button", { type: "button", class: "button button-danger-quiet", onclick: () => each((id) => api("DELETE", `${object.namePlural}/${id}`, { query: { soft_delete: "true" } }), t("Deleted; “Deleted” shows them again")) }, icon("trash"), t("Delete")))
  }

  async function each(act, done) {
    try {
      for (const id of state.chosen) await act(id)
      toast(done)
    } catch (error) {
      toast(error.message, { bad: true })
    }
    load(state.page)
  }

  function create() {
    const fields = model.columns.filter((field) => isEditable(field)).filter((field) => field === model.label || !field.isNullable || state.columns.includes(field.name))
    const inputs = fields.map((field) => [field, editor(field, blank(field), model, (of, value) => recordPicker(model, of, value)), h("p", { class: "problem", role: "alert" })])
    const problem = h("p", { class: "problem", role: "alert" })
    const fail = (error, at) => {
      const name = error.field?.split(".")[0]
      const [, input, place] = at ?? inputs.find(([field]) => field.name === name || field.settings?.joinColumnName === name) ?? []
      ;(place ?? problem).textContent = error.message
      const faulty = input?.element.matches("input, select, textarea") ? input.element : input?.element.querySelector("input, select, textarea")
      faulty?.setAttribute("aria-invalid", "true")
      faulty?.focus()
    }
    const form = h("form", { onsubmit: async (event) => {
      event.preventDefault()
      for (const place of [problem, ...inputs.map(([, , one]) => one)]) place.textContent = ""
      for (const faulty of form.querySelectorAll("[aria-invalid]")) faulty.removeAttribute("aria-invalid")
      const given = []
      for (const row of inputs) {
        try {
          const value = row[1].read()
          if (Object.values(value)[0] !== null && Object.values(value)[0] !== "") given.push([row[0], value])
        } catch (error) {
          return fail(error, row)
        }
      }
      try {
        const answer = await api("POST", object.namePlural, { body: Object.assign({}, ...given.map(([, value]) => value)) })
        const [made] = Object.values(answer.data)
        location.assign(`/data/${object.namePlural}/${made.id}`)
      } catch (error) {
        fail(error)
      }
    } },
      ...inputs.map(([field, input, place]) => h("div", { class: "form-row", "data-field": field.name }, h("span", { class: "label" }, field.label), input.element, place)),
      problem,
      h("div", { class: "dialog-actions" },
        h("button", { type: "button", class: "button", onclick: () => opened.close() }, t("Cancel")),
        h("button", { class: "button button-primary" }, t("Create"))))
    const opened = dialog(t("New record"), form)
  }
  const blank = (field) => (field.type === "BOOLEAN" ? false : null)

  async function exportAll() {
    try {
      await exportCsv(model, columns(), (after) => ask(columns(), { after }, 500))
    } catch (error) {
      toast(error.message, { bad: true })
    }
  }

  return filters.restore(asked.getAll("filter")).then(() => load({}))
}
