// Finding records of other objects by what people call them, many at once.
import { graphql } from "../lib/api.js"
import { t } from "../lib/words.js"
import { labelField, labelOf, labelSelection, typeName } from "./model.js"

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i
const TOGETHER = 40

/** The id that a text stands for, from what `findLinks` found. Throws an Error that says why there is none. */
export function linkOf(found, target, text) {
  if (UUID.test(text)) return text
  const ids = found.get(text) ?? []
  if (ids.length === 1) return ids[0]
  const values = { name: target.labelPlural, text }
  throw new Error(ids.length ? t("“{text}” are several of {name}: write the id", values) : t("“{text}” is none of {name}", values))
}

/** The ids of the records of an object that are called so, for each of the texts. */
export async function findLinks(target, texts) {
  const found = new Map()
  const names = [...new Set(texts)].filter((text) => text && !UUID.test(text))
  for (let start = 0; start < names.length; start += TOGETHER) {
    const filter = called(target, names.slice(start, start + TOGETHER))
    if (!filter) break
    let after = null
    do {
      const query = `query ($filter: ${typeName(target)}FilterInput, $after: String) { ${target.namePlural}(first: 200, after: $after, filter: $filter) {
        pageInfo { hasNextPage endCursor } edges { node { id ${labelSelection(target)} } } } }`
      const page = (await graphql(query, { filter, after }))[target.namePlural]
      for (const { node } of page.edges) found.set(labelOf(node, target), [...(found.get(labelOf(node, target)) ?? []), node.id])
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null
    } while (after)
  }
  return found
}

function called(target, names) {
  const field = labelField(target)
  if (field?.type === "TEXT") return { [field.name]: { in: names } }
  if (field?.type !== "FULL_NAME") return undefined
  // Where a name has more than two words, nobody knows which of them are the first name.
  const splits = names.flatMap((name) => {
    const words = name.split(" ")
    return Array.from({ length: words.length + 1 }, (_, at) => [words.slice(0, at).join(" "), words.slice(at).join(" ")])
  })
  const part = (text) => (text ? { eq: text } : { is: "NULL" })
  return { or: splits.map(([firstName, lastName]) => ({ [field.name]: { firstName: part(firstName), lastName: part(lastName) } })) }
}
