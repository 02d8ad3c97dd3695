// Numbers as people write them. Throws an Error where nobody could say which number is meant.
import { t } from "../lib/words.js"

/**
 * The number that a text says. Thousands may be set apart by spaces, points, commas or apostrophes, fractions by a point or a
 * comma; `1,234` alone could be either and is refused.
 */
export function numeric(text) {
  const plain = text.trim().replace(/[\s\u00a0\u202f'’\p{Sc}]/gu, "").replace("−", "-")
  const points = plain.split(".").length - 1
  const commas = plain.split(",").length - 1
  if (commas === 1 && points === 0 && /^[-+]?[1-9]\d{0,2},\d{3}$/.test(plain)) {
    throw new Error(t("“{text}” can be read in two ways: leave out the comma, or write a point", { text }))
  }
  let decimal = points === 1 && !commas ? "." : commas === 1 && !points ? "," : ""
  if (points && commas) decimal = plain.lastIndexOf(".") > plain.lastIndexOf(",") ? "." : ","
  const [whole, fraction, ...more] = decimal ? plain.split(decimal) : [plain]
  const groups = /^[-+]?\d{1,3}([.,]\d{3})+$/.test(whole) ? whole.replace(/[.,]/g, "") : whole
  const number = Number(fraction === undefined ? groups : `${groups}.${fraction}`)
  if (!/^[-+]?[\d.,]+(e[-+]?\d+)?$/i.test(plain) || more.length || !Number.isFinite(number)) throw new Error(t("“{text}” is no number", { text }))
  return number
}
