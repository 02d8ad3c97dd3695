// What the pages know of the data model, asked from the metadata API.
import { api, metadata } from "../lib/api.js"

const SUB_FIELDS = {
  FULL_NAME: ["firstName", "lastName"],
  EMAILS: ["primaryEmail", "additionalEmails"],
  PHONES: ["primaryPhoneNumber", "primaryPhoneCountryCode", "primaryPhoneCallingCode", "additionalPhones"],
  LINKS: ["primaryLinkUrl", "primaryLinkLabel", "secondaryLinks"],
  ADDRESS: ["addressStreet1", "addressStreet2", "addressPostcode", "addressCity", "addressState", "addressCountry", "addressLat", "addressLng"],
  CURRENCY: ["amountMicros", "currencyCode"],
  ACTOR: ["source", "name", "workspaceMemberId"],
  RICH_TEXT: ["markdown", "blocknote"],
}

export const subFields = (field) => SUB_FIELDS[field.type] ?? []
export const isToOne = (field) => field.settings?.relationType === "MANY_TO_ONE"
export const isToMany = (field) => field.settings?.relationType === "ONE_TO_MANY"

const OBJECTS = `{ objects(paging: {first: 1000}) { edges { node {
  id nameSingular namePlural labelSingular labelPlural icon isSystem isActive labelIdentifierFieldMetadataId
  fieldsList { id name type isActive } } } } }`

export async function loadModel(objectId) {
  const [own, all] = await Promise.all([api("GET", `metadata/objects/${objectId}`), metadata(OBJECTS)])
  const objects = new Map(all.objects.edges.map(({ node }) => [node.id, node]))
  return new DataModel(own, objects)
}

export class DataModel {
  constructor(object, objects) {
    this.object = object
    this.objects = objects
    this.typeName = typeName(object)
    this.label = object.fields.find((field) => field.id === object.labelIdentifierFieldMetadataId)
    const active = object.fields.filter((field) => field.isActive && field.type !== "TS_VECTOR")
    const order = (field) => (field === this.label ? 0 : field.isSystem ? 2 : 1)
    active.sort((a, b) => order(a) - order(b))
    // The fields of a relation to several objects have one label: each is told apart by where it leads.
    for (const field of active) if (field.type === "MORPH_RELATION") field.label = `${field.label} (${this.target(field)?.labelSingular ?? ""})`
    this.fields = active
    this.columns = active.filter((field) => !isToMany(field) && field.name !== "position")
  }

  target(field) {
    return this.objects.get(targetId(field))
  }

  selection(field) {
    if (isToOne(field)) return `${field.name} { id ${labelSelection(this.target(field))} }`
    if (isToMany(field)) return `${field.name}(first: 10) { totalCount edges { node { id ${labelSelection(this.target(field))} } } }`
    return subFields(field).length ? `${field.name} { ${subFields(field).join(" ")} }` : field.name
  }
}

export const typeName = (object) => object.nameSingular[0].toUpperCase() + object.nameSingular.slice(1)

const endOf = (field) => field.relation ?? field.morphRelations?.find((relation) => relation.sourceFieldMetadata.id === field.id)
const targetId = (field) => endOf(field)?.targetObjectMetadata.id
/** The name of the field on the other side of a relation. */
export const inverseName = (field) => endOf(field)?.targetFieldMetadata?.name

export function labelField(object) {
  return object?.fieldsList.find((field) => field.id === object.labelIdentifierFieldMetadataId)
}

export function labelSelection(object) {
  const field = labelField(object)
  if (!field || field.name === "id") return ""
  // Members have an address before they have told their name.
  if (object.nameSingular === "workspaceMember") return `${field.name} { ${subFields(field).join(" ")} } userEmail`
  return subFields(field).length ? `${field.name} { ${subFields(field).join(" ")} }` : field.name
}

// What people call a record.
export function labelOf(record, object) {
  const value = record?.[labelField(object)?.name ?? "id"]
  const text = typeof value === "object" && value ? [value.firstName, value.lastName].filter(Boolean).join(" ") : value
  if (!text && record?.userEmail) return record.userEmail
  return text ? String(text) : record?.id ? `#${record.id.slice(0, 8)}` : ""
}

// A filter that finds records of an object by what people call them.
export function labelFilter(object, text) {
  const field = labelField(object)
  if (!field || !text) return undefined
  const like = { ilike: `%${escapeLike(text)}%` }
  if (field.type === "FULL_NAME") return { or: [{ [field.name]: { firstName: like } }, { [field.name]: { lastName: like } }] }
  return field.type === "TEXT" ? { [field.name]: like } : undefined
}

export const escapeLike = (text) => text.replace(/[\\%_]/g, "\\$&")
