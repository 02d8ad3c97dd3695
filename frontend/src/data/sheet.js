// Reading a CSV file as people have them: with semicolons or tabs, with a mark at the beginning, from old spreadsheets.
import Papa from "papaparse"
import { t } from "../lib/words.js"

/** The texts of the first line, the lines that follow it with their numbers in a spreadsheet, and what is wrong with them. */
export async function readSheet(file) {
  const text = textOf(await file.arrayBuffer())
  // Empty lines would mislead the guess of what separates cells, but count as lines.
  const { delimiter } = Papa.parse(text, { preview: 20, skipEmptyLines: "greedy" }).meta
  const { data, errors } = Papa.parse(text, { delimiter })
  const problems = new Map(errors.filter((error) => error.type === "Quotes").map((error) => [error.row, t("A quotation mark is not closed, or stands in the middle of a cell")]))
  const rows = data.map((cells, at) => ({ cells, row: at + 1, problem: problems.get(at) ?? "" })).filter(({ cells }) => cells.some((cell) => cell.trim() !== ""))
  const [head, ...lines] = rows
  return { head: head?.cells.map((name) => name.trim()) ?? [], lines }
}

function textOf(bytes) {
  const [first, second] = new Uint8Array(bytes.slice(0, 2))
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes)
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes)
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    // What Windows writes where it does not write Unicode.
    return new TextDecoder(document.documentElement.lang === "ru" ? "windows-1251" : "windows-1252").decode(bytes)
  }
}
