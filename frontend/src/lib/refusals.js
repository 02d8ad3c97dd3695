// What the API says when it refuses, in the language of the page, which carries templates (`Name "%(name)s" is taken`)
// with their translations. A message that fits none stays as it is.
let known

export function translated(message) {
  known ??= JSON.parse(document.getElementById("refusals")?.textContent || "[]").map(([template, text]) => [pattern(template), text])
  for (const [fits, text] of known) {
    const found = fits.exec(message)
    if (found) return text.replace(/%\((\w+)\)s/g, (_, name) => found.groups[name])
  }
  return message
}

function pattern(template) {
  const parts = template.split(/%\((\w+)\)s/)
  const source = parts.map((part, at) => (at % 2 ? `(?<${part}>.+)` : part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")))
  return new RegExp(`^${source.join("")}$`, "s")
}
