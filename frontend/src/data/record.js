// One record: its fields, edited in place; its relations; deleting and restoring it.
import { api, graphql } from "../lib/api.js"
import { h, icon, toast } from "../lib/dom.js"
import { t } from "../lib/words.js"
import { isToMany, isToOne, labelOf } from "./model.js"
import { recordPicker } from "./picker.js"
import { editor, isEditable, show, textOf } from "./values.js"

export async function recordPage(model, body, id) {
  const { object } = model
  const own = model.fields.filter((field) => !["position", "id"].includes(field.name) && !isToMany(field))
  const many = model.fields.filter((field) => isToMany(field))
  const ask = (fields) => graphql(`query ($id: UUID!) { ${object.nameSingular}(filter: {id: {eq: $id}, or: [{deletedAt: {is: NULL}}, {deletedAt: {is: NOT_NULL}}]}) {
    id deletedAt ${fields.filter((field) => !["id", "deletedAt"].includes(field.name)).map((field) => model.selection(field)).join(" ")} } }`, { id })
  let record

  async function load() {
    const answer = await ask([...own, ...many])
    record = answer[object.nameSingular]
    draw()
  }

  function draw() {
    const all = model.objects.get(object.id)
    const title = labelOf(record, all)
    document.title = `${title} · ${object.labelSingular} · Threescore`
    const act = record.deletedAt
      ? [h("button", { type: "button", class: "button", onclick: () => change("PATCH", `restore/${object.namePlural}/${id}`, { body: {} }, t("Restored")) }, icon("arrow-back-up"), t("Restore"))]
      : [h("button", { type: "button", class: "button button-danger-quiet", onclick: () => change("DELETE", `${object.namePlural}/${id}`, { query: { soft_delete: "true" } }, t("Deleted")) }, icon("trash"), t("Delete"))]
    const system = own.filter((field) => field.isSystem && field !== model.label)
    const shown = own.filter((field) => !system.includes(field))
    const told = h("section", { class: "card card-flush" }, h("div", { class: "card-head" }, h("h2", {}, t("History"))))
    history(told)
    body.replaceChildren(
      h("div", { class: "page-head" },
        h("div", {}, h("h1", {}, title, record.deletedAt && h("span", { class: "tag tag-warn" }, t("Deleted"))), h("p", { class: "mono" }, id)),
        h("div", { class: "actions" }, ...act)),
      h("div", { class: "record" },
        h("section", { class: "card card-flush" }, h("div", { class: "card-head" }, h("h2", {}, t("Fields"))), h("dl", { class: "record-fields" }, ...shown.map(row))),
        h("div", {},
          ...many.map(linked),
          h("section", { class: "card card-flush" }, h("div", { class: "card-head" }, h("h2", {}, t("About the record"))), h("dl", { class: "record-fields" }, ...system.map(row))),
          told)))
  }

  // Who changed what, newest first.
  async function history(place) {
    const words = { created: t("Created"), updated: t("Updated"), deleted: t("Deleted"), restored: t("Restored"), destroyed: t("Destroyed"), merged: t("Merged") }
    try {
      const { data } = await api("GET", `${object.namePlural}/${id}/history`, { query: { limit: 30 } })
      const line = (change) => {
        const field = model.object.fields.find((one) => one.name === change.field || one.settings?.joinColumnName === change.field)
        const text = (value) => (field && !isToOne(field) ? textOf(field, value) : value === null ? "" : String(value)).slice(0, 80) || "–"
        return h("div", { class: "sub" }, `${field?.label ?? change.field}: ${text(change.before)} → ${text(change.after)}`)
      }
      place.append(h("ul", { class: "linked" }, ...data.history.map((entry) =>
        h("li", {}, h("strong", {}, words[entry.operation] ?? entry.operation), " · ", entry.actor?.name ?? "", " ",
          h("span", { class: "soft" }, new Date(entry.eventDate).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" })),
          ...(entry.operation === "updated" ? entry.changes.map(line) : [])))))
    } catch (error) {
      place.append(h("p", { class: "problem linked" }, error.message))
    }
  }

  function row(field) {
    const value = h("dd")
    const fill = () => {
      const button = isEditable(field) && !record.deletedAt &&
        h("button", { type: "button", class: "button button-quiet button-small", onclick: edit, title: t("Edit") }, icon("pencil"), h("span", { class: "visually-hidden" }, t("Edit {name}", { name: field.label })))
      value.replaceChildren(h("div", { class: "record-value" }, show(field, record[field.name], model), button))
    }
    function edit() {
      const inputs = editor(field, record[field.name], model, (of, present) => recordPicker(model, of, present))
      const problem = h("p", { class: "problem", role: "alert" })
      value.replaceChildren(h("form", { class: "editor", onsubmit: async (event) => {
        event.preventDefault()
        try {
          await api("PATCH", `${object.namePlural}/${id}`, { body: inputs.read() })
          Object.assign(record, (await ask([field]))[object.nameSingular])
          fill()
          value.querySelector("button")?.focus()
          toast(t("Saved"))
          if (field === model.label) draw()
        } catch (error) {
          problem.textContent = error.message
        }
      }, onkeydown: (event) => event.key === "Escape" && fill() }, inputs.element, problem, h("div", { class: "editor-actions" },
        h("button", { class: "button button-primary button-small" }, t("Save")),
        h("button", { type: "button", class: "button button-small", onclick: fill }, t("Cancel")))))
      value.querySelector("input, select, textarea").focus()
    }
    fill()
    return h("div", { class: "record-field", "data-field": field.name }, h("dt", {}, field.label), value)
  }

  function linked(field) {
    const target = model.target(field)
    const found = record[field.name]
    if (!target || !found?.totalCount) return null
    return h("section", { class: "card card-flush" },
      h("div", { class: "card-head" }, h("h2", {}, field.label, " ", h("span", { class: "soft" }, String(found.totalCount)))),
      h("ul", { class: "linked" }, ...found.edges.map(({ node }) => h("li", {}, h("a", { href: `/data/${target.namePlural}/${node.id}` }, labelOf(node, target))))))
  }

  async function change(method, path, options, done) {
    try {
      await api(method, path, options)
      toast(done)
      await load()
    } catch (error) {
      toast(error.message, { bad: true })
    }
  }

  await load()
}
