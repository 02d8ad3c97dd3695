// What a cell of a CSV file means for a field, or for a part of a composite one.
import { t } from "../lib/words.js"
import { numeric } from "./numbers.js"
import { json } from "./values.js"

const NO_FORMULA = /^'(?=[=+\-@\t\r])/

/** A cell that a spreadsheet would take for a formula is marked as text; `fromCell` takes the mark off again. */
export const harmless = (text) => (/^[=+\-@\t\r]/.test(text) && !/^[-+]?[\d.,]+$/.test(text) ? `'${text}` : text)

/** The value to send, or undefined for an empty cell. Throws an Error that says what is wrong. */
export function fromCell(field, sub, text) {
  const cell = text.trim().replace(NO_FORMULA, "")
  if (cell === "") return undefined
  if (sub) {
    if (sub === "amountMicros") return Math.round(numeric(cell) * 1e6)
    if (["addressLat", "addressLng"].includes(sub)) return numeric(cell)
    if (["additionalEmails", "additionalPhones", "secondaryLinks"].includes(sub)) return several(sub, cell)
    return cell
  }
  switch (field.type) {
    case "NUMBER":
      if (field.settings?.type === "percentage" && cell.endsWith("%")) return numeric(cell.slice(0, -1)) / 100
      return numeric(cell)
    case "NUMERIC":
      return numeric(cell)
    case "BOOLEAN":
      if (/^(true|yes|1|y|x|✓)$/i.test(cell) || same(cell, t("Yes"))) return true
      if (/^(false|no|0|n)$/i.test(cell) || same(cell, t("No"))) return false
      throw new Error(t("“{text}” is neither true nor false", { text: cell }))
    case "SELECT":
    case "RATING":
      return choose(field, cell)
    case "MULTI_SELECT":
      return cell.split(/[;|]/).map((item) => choose(field, item.trim()))
    case "ARRAY":
      return cell.startsWith("[") ? json(cell) : cell.split(/[;|]/).map((item) => item.trim()).filter(Boolean)
    case "RAW_JSON":
    case "FILES":
      return json(cell)
    case "DATE":
      if (/^\d{4}-\d{2}-\d{2}$/.test(cell)) return cell
      throw new Error(t("“{text}” is no date: write it as 2026-03-31", { text: cell }))
    case "DATE_TIME": {
      // Other orders of day and month could be read in two ways.
      const moment = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}|$)/.test(cell) ? new Date(cell.length === 10 ? `${cell}T00:00` : cell) : new Date(NaN)
      if (Number.isNaN(moment.getTime())) throw new Error(t("“{text}” is no moment: write it as 2026-03-31 09:30", { text: cell }))
      return moment.toISOString()
    }
    default:
      return cell
  }
}

const same = (one, other) => one.toLowerCase() === other.toLowerCase()

// Lists of addresses stand as they are; what has parts is JSON.
function several(sub, cell) {
  return sub === "additionalEmails" && !cell.startsWith("[") ? cell.split(/[;|]/).map((item) => item.trim()).filter(Boolean) : json(cell)
}

function choose(field, text) {
  const number = field.type === "RATING" && /^[1-5]$/.test(text) ? Number(text) : 0
  if (number) return [...field.options].sort((a, b) => a.position - b.position)[number - 1].value
  const found = field.options.find((option) => option.value === text || same(option.label, text))
  if (!found) throw new Error(t("“{text}” is none of the options", { text }))
  return found.value
}
