// One record: its fields, edited in place; its relations; deleting and restoring it.
import { api, graphql } from "../lib/api.js"
import { h, icon, toast } from "../lib/dom.js"
import { t } from "../lib/words.js"
import { inverseName, isToMany, isToOne, labelOf, labelSelection } from "./model.js"
import { recordPicker } from "./picker.js"
import { editor, isEditable, show, textOf } from "./values.js"

const HISTORY_PAGE = 20

export async function recordPage(model, body, id) {
  const { object } = model
  const own = model.fields.filter((field) => !["position", "id"].includes(field.name) && !isToMany(field))
  const many = model.fields.filter((field) => isToMany(field))
  const ask = (fields) => graphql(`query ($id: UUID!) { ${object.nameSingular}(filter: {id: {eq: $id}, or: [{deletedAt: {is: NULL}}, {deletedAt: {is: NOT_NULL}}]}) {
    id deletedAt ${fields.filter((field) => !["id", "deletedAt"].includes(field.name)).map((field) => model.selection(field)).join(" ")} } }`, { id })
  const told = h("section", { class: "card card-flush" })
  let record

  async function load() {
    const answer = await ask([...own, ...many])
    record = answer[object.nameSingular]
    if (!record) throw new Error(t("Record not found"))
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
    told.replaceChildren(h("div", { class: "card-head" }, h("h2", {}, t("History"))))
    history()
    body.replaceChildren(
      h("div", { class: "page-head" },
        h("div", {}, h("h1", {}, title, record.deletedAt && h("span", { class: "tag tag-warn" }, t("Deleted"))), h("p", { class: "mono sub" }, id)),
        h("div", { class: "actions" }, ...act)),
      h("div", { class: "record" },
        h("section", { class: "card card-flush" }, h("div", { class: "card-head" }, h("h2", {}, t("Fields"))), h("dl", { class: "record-fields" }, ...shown.map(row))),
        h("div", {},
          ...many.map(linked),
          h("section", { class: "card card-flush" }, h("div", { class: "card-head" }, h("h2", {}, t("About the record"))), h("dl", { class: "record-fields" }, ...system.map(row))),
          told)))
  }

  // Who changed what, newest first; with `after`, what came before the entry of this cursor.
  async function history(after) {
    const words = { created: t("Created"), updated: t("Updated"), deleted: t("Deleted"), restored: t("Restored"), destroyed: t("Destroyed"), merged: t("Merged") }
    try {
      const { data, pageInfo } = await api("GET", `${object.namePlural}/${id}/history`, { query: { limit: HISTORY_PAGE, after } })
      const fieldOf = (change) => model.fields.find((one) => one.name === change.field || one.settings?.joinColumnName === change.field)
      const names = await namesOf(data.history.flatMap((entry) => entry.changes ?? []), fieldOf)
      const line = (change) => {
        const field = fieldOf(change)
        const text = (value) => (field && isToOne(field) ? names.get(value) ?? value ?? "" : field ? textOf(field, value) : value === null ? "" : String(value)).slice(0, 80) || "–"
        return h("div", { class: "sub" }, `${field?.label ?? change.field}: ${text(change.before)} → ${text(change.after)}`)
      }
      const entries = data.history.map((entry) =>
        h("li", {}, h("strong", {}, words[entry.operation] ?? entry.operation), " · ", entry.actor?.name ?? "", " ",
          h("span", { class: "soft" }, new Date(entry.eventDate).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" })),
          ...(entry.operation === "updated" ? entry.changes.map(line) : [])))
      if (after) told.querySelector("ul").append(...entries)
      else told.replaceChildren(told.firstElementChild, h("ul", { class: "linked" }, ...entries))
      told.querySelector(".older")?.remove()
      if (pageInfo?.hasNextPage) told.append(h("p", { class: "older card-body" }, h("button", { type: "button", class: "button button-small", onclick: () => history(pageInfo.endCursor) }, t("Older changes"))))
    } catch (error) {
      told.replaceChildren(told.firstElementChild, h("p", { class: "problem card-body" }, error.message))
    }
  }

  // What people call the records that to-one relations led to, by id.
  async function namesOf(changes, fieldOf) {
    const wanted = new Map()
    for (const change of changes) {
      const field = fieldOf(change)
      const target = field && isToOne(field) && model.target(field)
      if (!target) continue
      wanted.set(target, [...(wanted.get(target) ?? []), ...[change.before, change.after].filter(Boolean)])
    }
    const names = new Map()
    await Promise.all([...wanted].map(async ([target, ids]) => {
      const query = `query ($ids: [UUID!]!) { ${target.namePlural}(first: 200, filter: {id: {in: $ids}, or: [{deletedAt: {is: NULL}}, {deletedAt: {is: NOT_NULL}}]}) { edges { node { id ${labelSelection(target)} } } } }`
      // Of what may not be read, the id is all there is to say.
      const found = await graphql(query, { ids: [...new Set(ids)] }).catch(() => null)
      for (const { node } of found?.[target.namePlural].edges ?? []) names.set(node.id, labelOf(node, target))
    }))
    return names
  }

  function row(field) {
    const value = h("dd")
    const fill = () => {
      const button = isEditable(field) && !record.deletedAt &&
        h("button", { type: "button", class: "button button-quiet button-small", onclick: edit, title: t("Edit") }, icon("pencil"), h("span", { class: "visually-hidden" }, t("Edit {name}", { name: field.label })))
      value.replaceChildren(h("div", { class: "record-value lines" }, show(field, record[field.name], model), button))
    }
    const leave = () => {
      fill()
      value.querySelector("button")?.focus()
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
          else history()
        } catch (error) {
          problem.textContent = error.message
        }
      }, onkeydown: (event) => { if (event.key === "Escape") leave() } }, inputs.element, problem, h("div", { class: "editor-actions" },
        h("button", { class: "button button-primary button-small" }, t("Save")),
        h("button", { type: "button", class: "button button-small", onclick: leave }, t("Cancel")))))
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
      h("ul", { class: "linked" }, ...found.edges.map(({ node }) => h("li", {}, h("a", { href: `/data/${target.namePlural}/${node.id}` }, labelOf(node, target))))),
      found.totalCount > found.edges.length && inverseName(field) && h("p", { class: "card-body" },
        h("a", { class: "button button-small", href: `/data/${target.namePlural}?filter=${encodeURIComponent(`${inverseName(field)}~is~${id}`)}` }, t("Show all {n}", { n: found.totalCount }))))
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
