// Choosing a record of another object by its name.
import { graphql } from "../lib/api.js"
import { h } from "../lib/dom.js"
import { t } from "../lib/words.js"
import { labelFilter, labelOf, labelSelection, typeName } from "./model.js"

let pickers = 0

/** `onchoose` is called with each choice, and with null when it is taken back. */
export function recordPicker(model, field, value, onchoose = () => {}) {
  const target = model.target(field)
  const id = `picker-${(pickers += 1)}`
  let chosen = value?.id ?? null
  let shown = value ? labelOf(value, target) : ""
  let active = -1
  let timer
  // The text whose matches are listed; what has been typed since has others.
  let listed
  let turn = 0
  // The input keeps the focus while somebody points at the list.
  const list = h("ul", { role: "listbox", id, hidden: true, "aria-label": target.labelPlural, onmousedown: (event) => event.preventDefault() })
  const input = h("input", {
    role: "combobox", autocomplete: "off", value: shown, placeholder: t("Type to search"),
    "aria-label": field.label, "aria-controls": id, "aria-expanded": "false", "aria-autocomplete": "list",
    oninput: () => { clearTimeout(timer); timer = setTimeout(search, 200); active = -1; if (input.value === "") { chosen = null; shown = ""; onchoose(null) } },
    onfocus: () => { input.select(); search() },
    // What was typed and not chosen means nothing: what is shown is what is kept.
    onblur: () => { clearTimeout(timer); hide(); input.value = shown },
    onkeydown: (event) => {
      const options = [...list.children]
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault()
        active = (active + (event.key === "ArrowDown" ? 1 : -1) + options.length) % Math.max(options.length, 1)
        options.forEach((option, at) => option.setAttribute("aria-selected", String(at === active)))
        if (options[active]) input.setAttribute("aria-activedescendant", options[active].id)
        options[active]?.scrollIntoView({ block: "nearest" })
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault()
        event.stopPropagation()
        hide()
      } else if (event.key === "Enter" && (options[active] || input.value !== shown)) {
        // Never sent with a text that is not what was chosen.
        event.preventDefault()
        event.stopPropagation()
        take(options[active])
      }
    },
  })

  async function search() {
    const asked = input.value
    const mine = (turn += 1)
    const filter = labelFilter(target, asked === shown ? "" : asked)
    const query = `query ($filter: ${typeName(target)}FilterInput) { ${target.namePlural}(first: 12, filter: $filter) { edges { node { id ${labelSelection(target)} } } } }`
    const answer = await graphql(query, { filter: filter ?? null })
    if (mine !== turn || document.activeElement !== input) return
    listed = asked
    const records = answer[target.namePlural].edges.map((edge) => edge.node)
    active = -1
    list.replaceChildren(
      ...(records.length ? records : [null]).map((record, at) =>
        h("li", { role: "option", id: `${id}-${at}`, "aria-selected": "false", onmousedown: () => record && choose(record) },
          record ? labelOf(record, target) : t("Nothing found"))))
    list.hidden = false
    input.setAttribute("aria-expanded", "true")
  }
  // The option, or the first match of what is typed.
  async function take(option) {
    if (!option && listed !== input.value) {
      clearTimeout(timer)
      await search()
      if (listed !== input.value) return
    }
    if (!list.hidden) (option ?? list.firstElementChild)?.dispatchEvent(new MouseEvent("mousedown", { bubbles: true }))
  }
  function choose(record) {
    chosen = record.id
    shown = labelOf(record, target)
    input.value = shown
    hide()
    onchoose(record)
  }
  function hide() {
    list.hidden = true
    input.setAttribute("aria-expanded", "false")
  }
  return { element: h("div", { class: "picker" }, input, list), read: () => (input.value === "" ? null : chosen) }
}
