// The words of our scripts: written in English, shown in the language of the page.
let known

export function t(message, values = {}) {
  known ??= JSON.parse(document.getElementById("messages")?.textContent || "{}")
  return (known[message] ?? message).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all)
}

// How many records there are.
export const recordsIn = (n) => (n === 1 ? t("1 record") : t("{n} records", { n: n.toLocaleString(document.documentElement.lang) }))
