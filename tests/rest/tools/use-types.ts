// What openapi-typescript makes of the document has the right types: this compiles, and the marked lines do not.
import type { components, operations } from "./schema";

const rocket: components["schemas"]["Rocket"] = {
  name: "Falcon",
  status: "CREWED",
  tags: ["HEAVY", "OLD"],
  price: { amountMicros: 62_000_000, currencyCode: "USD" },
  operatorId: "20202020-0000-4000-8000-000000000001",
};
// @ts-expect-error There is no such option.
rocket.status = "FLYING";

const query: operations["findManyRockets"]["parameters"]["query"] = { order_by: "name", depth: 1, limit: 10 };
// @ts-expect-error There are no more than two depths.
query.depth = 2;

type Page = operations["findManyRockets"]["responses"][200]["content"]["application/json"];
export function operators(page: Page): (string | undefined)[] {
  return page.data.rockets.map((found) => found.operator?.name);
}
export function places(page: Page): string | null {
  return page.pageInfo.endCursor;
}
export { query, rocket };
