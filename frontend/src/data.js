// The data pages, and the counts of records on other pages.
import { metadata } from "./lib/api.js"
import { h } from "./lib/dom.js"
import { importPage } from "./data/import.js"
import { loadModel } from "./data/model.js"
import { recordPage } from "./data/record.js"
import { tablePage } from "./data/table.js"
import { recordsIn, t } from "./lib/words.js"

const counted = document.querySelectorAll("[data-count]")
if (counted.length) {
  const { objectRecordCounts } = await metadata("{ objectRecordCounts { objectNamePlural totalCount } }")
  const counts = new Map(objectRecordCounts.map((item) => [item.objectNamePlural, item.totalCount]))
  for (const place of counted) {
    const count = counts.get(place.dataset.count)
    if (count !== undefined) place.textContent = "countWords" in place.dataset ? recordsIn(count) : count.toLocaleString(document.documentElement.lang)
  }
}

const root = document.getElementById("data")
if (root) {
  const body = document.getElementById("data-body")
  try {
    const model = await loadModel(root.dataset.object)
    const { view, record } = root.dataset
    if (view === "table") await tablePage(model, body, document.getElementById("data-actions"))
    else if (view === "import") importPage(model, body)
    else await recordPage(model, body, record)
  } catch (error) {
    const { plural } = root.dataset
    body.replaceChildren(
      root.dataset.view === "record" ? h("h1", {}, t("There is nothing here")) : "",
      h("p", { class: "alert alert-bad", role: "alert" }, error.message),
      root.dataset.view === "record" ? h("p", {}, h("a", { class: "button", href: `/data/${plural}` }, t("Show the records"))) : "")
  }
  body.setAttribute("aria-busy", "false")
}
