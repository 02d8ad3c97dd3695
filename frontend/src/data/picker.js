// Choosing a record of another object by its name.
import { graphql } from "../lib/api.js"
import { h } from "../lib/dom.js"
import { t } from "../lib/words.js"
import { labelFilter, labelOf, labelSelection } from "./model.js"

let pickers = 0

export function recordPicker(model, field, value) {
  const target = model.target(field)
  const typeName = target.nameSingular[0].toUpperCase() + target.nameSingular.slice(1)
  const id = `picker-${(pickers += 1)}`
  let chosen = value?.id ?? null
  let active = -1
  let timer
  const list = h("ul", { role: "listbox", id, hidden: true, "aria-label": target.labelPlural })
  const input = h("input", {
    role: "combobox", autocomplete: "off", value: value ? labelOf(value, target) : "", placeholder: t("Type to search"),
    "aria-label": field.label, "aria-controls": id, "aria-expanded": "false", "aria-autocomplete": "list",
    oninput: () => { clearTimeout(timer); timer = setTimeout(search, 200); if (input.value === "") chosen = null },
    onfocus: () => search(),
    onblur: () => setTimeout(hide, 150),
    onkeydown: (event) => {
      const options = [...list.children]
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault()
        active = (active + (event.key === "ArrowDown" ? 1 : -1) + options.length) % Math.max(options.length, 1)
        options.forEach((option, at) => option.setAttribute("aria-selected", String(at === active)))
        if (options[active]) input.setAttribute("aria-activedescendant", options[active].id)
      } else if (event.key === "Enter" && !list.hidden && options[active]) {
        event.preventDefault()
        event.stopPropagation()
        options[active].dispatchEvent(new MouseEvent("mousedown", { bubbles: true }))
      }
    },
  })

  async function search() {
    const filter = labelFilter(target, input.value === labelOf(value, target) ? "" : input.value)
    const query = `query ($filter: ${typeName}FilterInput) { ${target.namePlural}(first: 12, filter: $filter) { edges { node { id ${labelSelection(target)} } } } }`
    const answer = await graphql(query, { filter: filter ?? null })
    const records = answer[target.namePlural].edges.map((edge) => edge.node)
    active = -1
    list.replaceChildren(
      ...(records.length ? records : [null]).map((record, at) =>
        h("li", { role: "option", id: `${id}-${at}`, "aria-selected": "false", onmousedown: () => record && choose(record) },
          record ? labelOf(record, target) : t("Nothing found"))))
    list.hidden = false
    input.setAttribute("aria-expanded", "true")
  }
  function choose(record) {
    chosen = record.id
    input.value = labelOf(record, target)
    hide()
  }
  function hide() {
    list.hidden = true
    input.setAttribute("aria-expanded", "false")
  }
  return { element: h("div", { class: "picker" }, input, list), read: () => (input.value === "" ? null : chosen) }
}
