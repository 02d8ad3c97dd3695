// What openapi-typescript makes of the metadata document has the right types: this compiles, and the marked lines do not.
import type { components, operations } from "./metadata-schema";

const field: components["schemas"]["Field"] = {
  objectMetadataId: "20202020-0000-4000-8000-000000000001",
  type: "SELECT",
  name: "mode",
  label: "Mode",
  options: [{ label: "By road", value: "ROAD", color: "blue", position: 0 }],
};
// @ts-expect-error There is no such type.
field.type = "COLOR";

type Objects = operations["findManyObjects"]["responses"][200]["content"]["application/json"];
export function fieldNames(page: Objects): (string[] | undefined)[] {
  return page.data.map((found) => found.fields?.map((one) => one.name));
}
type Key = operations["createOneApiKey"]["responses"][201]["content"]["application/json"];
export function limits(key: Key): [string | null, string[]] {
  return [key.rateLimit, key.allowedNetworks];
}
export { field };
