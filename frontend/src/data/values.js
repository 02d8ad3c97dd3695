// Values of records: how they are shown, how they are edited, how they are read from text.
import { h, icon } from "../lib/dom.js"
import { t } from "../lib/words.js"
import { isToMany, isToOne, labelOf, subFields } from "./model.js"
import { numeric } from "./numbers.js"

const language = document.documentElement.lang
const NUMBERS = new Set(["NUMBER", "NUMERIC", "POSITION", "CURRENCY"])
export const isNumber = (field) => NUMBERS.has(field.type)

export const isEmpty = (value) =>
  value === null ||
  value === undefined ||
  value === "" ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === "object" && !Array.isArray(value) && Object.values(value).every(isEmpty))

const DAY = { dateStyle: "medium" }
const MOMENT = { dateStyle: "medium", timeStyle: "short" }
// Midnight here, not in Greenwich.
const dateOf = (field, value) => new Date(field.type === "DATE" ? `${value}T00:00` : value)
const fullDate = (field, value) => dateOf(field, value).toLocaleString(language, field.type === "DATE" ? DAY : MOMENT)

const UNITS = [["year", 31_557_600], ["month", 2_629_800], ["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]]

// How far a moment is from now, in the largest unit of which there is at least one; of days, nothing smaller.
function fromNow(field, value) {
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto" })
  const date = dateOf(field, value)
  if (field.type === "DATE") {
    const days = Math.round((date - new Date().setHours(0, 0, 0, 0)) / 86_400_000)
    const [unit, size] = UNITS.slice(0, 3).find(([, seconds]) => Math.abs(days) * 86_400 >= seconds) ?? UNITS[2]
    return words.format(Math.trunc((days * 86_400) / size), unit)
  }
  const seconds = Math.round((date - Date.now()) / 1000)
  const [unit, size] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? UNITS.at(-1)
  return words.format(Math.trunc(seconds / size), unit)
}

// How a number is written: with the decimals, as the percentage or in the short form that its field asks for.
function numberText(field, value, isShort) {
  const { type, decimals } = field.settings ?? {}
  if (typeof value !== "number") return /^-?\d+$/.test(value) ? BigInt(value).toLocaleString(language) : String(value)
  const digits = Number.isInteger(decimals) ? { minimumFractionDigits: decimals, maximumFractionDigits: decimals } : { maximumFractionDigits: 10 }
  if (type === "percentage") return value.toLocaleString(language, { style: "percent", ...digits })
  if (type === "shortNumber" && isShort) return value.toLocaleString(language, { notation: "compact", maximumFractionDigits: decimals ?? 1 })
  return value.toLocaleString(language, digits)
}

// The value as one text, for people; empty when there is none. `isShort` takes the short form where the field has one.
export function textOf(field, value, isShort = false) {
  if (isEmpty(value)) return ""
  switch (field.type) {
    case "FULL_NAME":
      return [value.firstName, value.lastName].filter(Boolean).join(" ")
    case "EMAILS":
      return [value.primaryEmail, ...(value.additionalEmails ?? [])].filter(Boolean).join(", ")
    case "PHONES":
      return phonesOf(value).map(phoneText).join(", ")
    case "LINKS":
      return linksOf(value).map((link) => link.label || link.url).join(", ")
    case "ADDRESS":
      return [value.addressStreet1, value.addressStreet2, value.addressPostcode, value.addressCity, value.addressState, value.addressCountry]
        .filter(Boolean)
        .join(", ")
    case "CURRENCY":
      return money(field, value, isShort)
    case "ACTOR":
      return value.name || value.source || ""
    case "RICH_TEXT":
      return value.markdown ?? ""
    case "BOOLEAN":
      return value ? t("Yes") : t("No")
    case "DATE":
    case "DATE_TIME":
      return isShort && field.settings?.displayFormat === "RELATIVE" ? fromNow(field, value) : fullDate(field, value)
    case "NUMBER":
      return numberText(field, value, isShort)
    case "SELECT":
    case "MULTI_SELECT":
    case "RATING":
      return [value].flat().map((item) => optionOf(field, item)?.label ?? item).join(", ")
    case "ARRAY":
      return value.join(", ")
    case "RAW_JSON":
      return JSON.stringify(value)
    case "FILES":
      return value.map((file) => file.label ?? file.fileId).join(", ")
    default:
      return String(value)
  }
}

const phonesOf = (value) => [
  { number: value.primaryPhoneNumber, callingCode: value.primaryPhoneCallingCode },
  ...(value.additionalPhones ?? []),
].filter((phone) => phone.number)
const phoneText = (phone) => [phone.callingCode, phone.number].filter(Boolean).join(" ")

const linksOf = (value) => [{ url: value.primaryLinkUrl, label: value.primaryLinkLabel }, ...(value.secondaryLinks ?? [])].filter((link) => link.url || link.label)

function money(field, value, isShort) {
  if (value.amountMicros === null || value.amountMicros === undefined) return value.currencyCode ?? ""
  const amount = Number(value.amountMicros) / 1e6
  const { format, decimals } = field.settings ?? {}
  const currency = value.currencyCode ? { style: "currency", currency: value.currencyCode } : {}
  const digits = Number.isInteger(decimals) ? { minimumFractionDigits: decimals, maximumFractionDigits: decimals } : {}
  const short = isShort && format === "short" ? { notation: "compact", maximumFractionDigits: 1, minimumFractionDigits: 0 } : digits
  try {
    return amount.toLocaleString(language, { ...currency, ...short })
  } catch {
    return `${amount} ${value.currencyCode}`
  }
}

const optionOf = (field, value) => field.options?.find((option) => option.value === value)

const safeLink = (url) => {
  const full = /^[a-z][a-z0-9+.-]*:/i.test(url) ? url : `https://${url}`
  return /^https?:/i.test(full) ? full : undefined
}

// The value as an element.
export function show(field, value, model) {
  if (isToOne(field)) {
    const target = model.target(field)
    if (!value) return h("span", { class: "soft" })
    return h("a", { href: `/data/${target.namePlural}/${value.id}` }, labelOf(value, target))
  }
  if (isToMany(field)) return h("span", {}, String(value?.totalCount ?? 0))
  if (isEmpty(value)) return h("span", { class: "soft" })
  if (["SELECT", "MULTI_SELECT"].includes(field.type)) {
    return h("span", {}, ...[value].flat().map((item) => {
      const option = optionOf(field, item)
      return h("span", { class: "tag" }, h("span", { class: `dot c-${option?.color ?? "gray"}` }), option?.label ?? item)
    }))
  }
  if (field.type === "RATING") {
    const stars = 1 + field.options.findIndex((option) => option.value === value)
    return h("span", { role: "img", "aria-label": t("{n} of 5", { n: stars }) }, "★".repeat(stars) + "☆".repeat(5 - stars))
  }
  if (field.type === "LINKS") return several(linksOf(value).map((link) => {
    const text = link.label || link.url
    return link.url && safeLink(link.url) ? h("a", { href: safeLink(link.url), rel: "noreferrer noopener", target: "_blank" }, text) : text
  }))
  if (field.type === "EMAILS") return several([value.primaryEmail, ...(value.additionalEmails ?? [])].filter(Boolean)
    .map((mail) => h("a", { href: `mailto:${encodeURIComponent(mail)}` }, mail)))
  if (field.type === "PHONES") return several(phonesOf(value)
    .map((phone) => h("a", { href: `tel:${phoneText(phone).replace(/[^+\d]/g, "")}` }, phoneText(phone))))
  if (field.type === "BOOLEAN") return h("span", {}, icon(value ? "check" : "x"), h("span", { class: "visually-hidden" }, textOf(field, value)))
  const [short, full] = [textOf(field, value, true), textOf(field, value)]
  return h("span", { title: short === full ? undefined : full }, short)
}

const several = (parts) => h("span", {}, ...parts.flatMap((part, at) => (at ? [", ", part] : [part])))

export const isEditable = (field) =>
  field.writability !== "SYSTEM" && !field.isSystem && field.isUIEditable && !isToMany(field) && !["ACTOR", "FILES", "TS_VECTOR", "POSITION"].includes(field.type)

const SHOWN_SUB_FIELDS = {
  EMAILS: ["primaryEmail"],
  PHONES: ["primaryPhoneNumber", "primaryPhoneCallingCode", "primaryPhoneCountryCode"],
  LINKS: ["primaryLinkUrl", "primaryLinkLabel"],
  ADDRESS: ["addressStreet1", "addressStreet2", "addressPostcode", "addressCity", "addressState", "addressCountry"],
  RICH_TEXT: ["markdown"],
}
export const editedSubFields = (field) => SHOWN_SUB_FIELDS[field.type] ?? subFields(field)

// What people call the parts of composite values.
const subLabels = () => ({
  firstName: t("First name"),
  lastName: t("Last name"),
  primaryEmail: t("Main address"),
  primaryPhoneNumber: t("Number"),
  primaryPhoneCallingCode: t("Calling code"),
  primaryPhoneCountryCode: t("Country code"),
  primaryLinkUrl: t("Link"),
  primaryLinkLabel: t("Text of the link"),
  addressStreet1: t("Street"),
  addressStreet2: t("Street, continued"),
  addressPostcode: t("Postcode"),
  addressCity: t("City"),
  addressState: t("State"),
  addressCountry: t("Country"),
  amountMicros: t("Amount"),
  currencyCode: t("Currency code"),
  markdown: t("Text"),
  source: t("Source"),
  name: t("Name"),
  workspaceMemberId: t("Member"),
})

export const subLabel = (name) => subLabels()[name] ?? name

// Inputs for a value. `read` gives what to send for the field, `element` holds the inputs.
export function editor(field, value, model, pickTarget) {
  const name = field.label
  if (isToOne(field)) {
    const picker = pickTarget(field, value)
    return { element: picker.element, read: () => ({ [field.settings.joinColumnName]: picker.read() }) }
  }
  const one = (element, read) => ({ element, read: () => ({ [field.name]: read() }) })
  switch (field.type) {
    case "BOOLEAN": {
      const select = choices(name, [["true", t("Yes")], ["false", t("No")]], String(value ?? false))
      return one(select, () => select.value === "true")
    }
    case "SELECT":
    case "RATING": {
      const select = choices(name, [["", "–"], ...sorted(field).map((option) => [option.value, option.label])], value ?? "")
      return one(select, () => select.value || null)
    }
    case "MULTI_SELECT": {
      const boxes = sorted(field).map((option) =>
        h("label", {}, h("input", { type: "checkbox", value: option.value, checked: (value ?? []).includes(option.value) }), ` ${option.label}`))
      const set = h("fieldset", { class: "editor", "aria-label": name }, ...boxes)
      return one(set, () => [...set.querySelectorAll(":checked")].map((box) => box.value))
    }
    case "DATE": {
      const input = h("input", { type: "date", value: value ?? "", "aria-label": name })
      return one(input, () => input.value || null)
    }
    case "DATE_TIME": {
      const input = h("input", { type: "datetime-local", step: "1", value: value ? local(value) : "", "aria-label": name })
      return one(input, () => (input.value ? new Date(input.value).toISOString() : null))
    }
    case "CURRENCY": {
      const amount = h("input", { type: "number", step: "any", value: value?.amountMicros == null ? "" : String(Number(value.amountMicros) / 1e6), "aria-label": t("Amount") })
      const currency = h("input", { value: value?.currencyCode ?? "", maxLength: 3, placeholder: "EUR", "aria-label": t("Currency code") })
      return one(h("div", { class: "editor" }, amount, currency), () => ({
        amountMicros: amount.value === "" ? null : Math.round(Number(amount.value) * 1e6),
        currencyCode: currency.value || null,
      }))
    }
    case "ARRAY": {
      const input = h("textarea", { rows: "3", "aria-label": `${name}, ${t("one per line")}` }, (value ?? []).join("\n"))
      return one(input, () => input.value.split("\n").filter(Boolean))
    }
    case "RAW_JSON": {
      const input = h("textarea", { rows: "4", class: "mono", "aria-label": name }, value == null ? "" : JSON.stringify(value, null, 2))
      return one(input, () => (input.value.trim() === "" ? null : json(input.value)))
    }
  }
  if (subFields(field).length) {
    const inputs = editedSubFields(field).map((sub) => [
      sub,
      field.type === "RICH_TEXT"
        ? h("textarea", { rows: "6", "aria-label": name }, value?.[sub] ?? "")
        : h("input", { value: value?.[sub] ?? "", "aria-label": `${name}: ${subLabel(sub)}` }),
    ])
    const element = h("div", { class: "editor" }, ...inputs.map(([sub, input]) =>
      field.type === "RICH_TEXT" ? input : h("label", { class: "sub-label" }, subLabel(sub), input)))
    return one(element, () => Object.fromEntries(inputs.map(([sub, input]) => [sub, input.value])))
  }
  if (isNumber(field)) {
    const input = h("input", { type: "text", inputMode: "decimal", value: value == null ? "" : String(value), "aria-label": name })
    return one(input, () => (input.value.trim() === "" ? null : numeric(input.value)))
  }
  const long = (field.settings?.displayedMaxRows ?? 0) > 1 || String(value ?? "").includes("\n")
  const input = long ? h("textarea", { rows: "4", "aria-label": name }, value ?? "") : h("input", { value: value ?? "", "aria-label": name })
  return one(input, () => (field.type === "TEXT" ? input.value : input.value || null))
}

const sorted = (field) => [...(field.options ?? [])].sort((a, b) => a.position - b.position)

export function choices(label, pairs, chosen) {
  const select = h("select", { "aria-label": label }, ...pairs.map(([value, text]) => h("option", { value }, text)))
  select.value = chosen
  return select
}

function local(moment) {
  const date = new Date(moment)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
}

export function json(text) {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(t("“{text}” is no JSON", { text: text.slice(0, 80) }))
  }
}
