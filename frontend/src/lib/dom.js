// Elements in few words. Text is always text: nothing here reads HTML.
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value)
    else if (name in element && typeof value !== "string") element[name] = value
    else element.setAttribute(name, value === true ? "" : value)
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false))
  return element
}

const SVG = "http://www.w3.org/2000/svg"

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg")
  svg.setAttribute("class", "icon")
  svg.setAttribute("aria-hidden", "true")
  const use = document.createElementNS(SVG, "use")
  use.setAttribute("href", `${document.body.dataset.icons ?? spriteUrl()}#${name}`)
  svg.append(use)
  return svg
}

function spriteUrl() {
  const used = document.querySelector("svg.icon use")?.getAttribute("href") ?? ""
  document.body.dataset.icons = used.split("#")[0]
  return document.body.dataset.icons
}

export function toast(message, { bad = false } = {}) {
  const shown = h("div", { class: "toast" }, icon(bad ? "alert-triangle" : "circle-check"), h("span", {}, message))
  document.getElementById("toasts").append(shown)
  setTimeout(() => shown.remove(), bad ? 12000 : 5000)
}

export function dialog(title, ...content) {
  const element = h("dialog", { class: "dialog", "aria-label": title }, h("h2", {}, title), ...content)
  element.addEventListener("close", () => element.remove())
  document.body.append(element)
  element.showModal()
  return element
}
