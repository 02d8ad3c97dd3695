// A small chart of bars: how many there were, and how many of them went wrong. What it shows is a table, too, for those
// who cannot see it or want to know exactly.
import { h } from "./dom.js"
import { t } from "./words.js"

const language = document.documentElement.lang
const number = (value) => value.toLocaleString(language)
const WIDTH = 600
const HEIGHT = 60

function svg(name, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  element.append(...children)
  return element
}

/**
 * `bars` are `{name, total, bad}`, the bad ones among all. `label` says what the chart is of; `words` what a bar stands
 * for (`bar`), all of it (`total`) and the bad ones (`bad`); `ends` what the first and the last bar are called.
 */
export function chart(label, bars, words, ends) {
  const most = Math.max(1, ...bars.map((bar) => bar.total))
  const step = WIDTH / bars.length
  const width = step * 0.72
  const column = (bar, at) => {
    const x = (at + 0.14) * step
    const good = ((bar.total - bar.bad) / most) * HEIGHT
    const bad = (bar.bad / most) * HEIGHT
    return svg("g", {},
      svg("title", {}, `${bar.name} · ${words.total}: ${number(bar.total)} · ${words.bad}: ${number(bar.bad)}`),
      svg("rect", { class: "bar", x, y: HEIGHT - good, width, height: good }),
      svg("rect", { class: "bar-bad", x, y: HEIGHT - good - bad, width, height: bad }))
  }
  const sum = (name) => number(bars.reduce((before, bar) => before + bar[name], 0))
  return h("figure", { class: "chart" },
    h("figcaption", {}, h("span", {}, words.total, ": ", sum("total")), h("span", { class: "mark-bad" }, words.bad, ": ", sum("bad"))),
    // The letters stand outside of the drawing, which is as wide as the page has room.
    h("div", { class: "chart-most", "aria-hidden": "true" }, number(most)),
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label }, ...bars.map(column)),
    h("div", { class: "chart-ends", "aria-hidden": "true" }, ...ends.map((text) => h("span", {}, text))),
    h("details", {}, h("summary", {}, t("As a table")),
      h("div", { class: "table-scroll" }, h("table", { class: "rows" },
        h("caption", { class: "visually-hidden" }, label),
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, words.bar), ...[words.total, words.bad].map((text) => h("th", { scope: "col", class: "number" }, text)))),
        h("tbody", {}, ...bars.map((bar) => h("tr", {}, h("th", { scope: "row" }, bar.name), h("td", { class: "number" }, number(bar.total)), h("td", { class: "number" }, number(bar.bad)))))))))
}
