"""What the JavaScript reference implementation makes of our introspection."""

import json
from typing import Any

import graphql
import msgspec
import pytest

from tests.graphql.models import rocket_model
from tests.graphql.tools_support import run
from threescore.graphql.core.schema import introspect

VALID = {
    "a page": """
        query Page($filter: PersonFilterInput, $first: Int, $orderBy: [PersonOrderByInput]) {
          people(filter: $filter, first: $first, orderBy: $orderBy) {
            totalCount countEmptyJobTitle maxCreatedAt
            edges { cursor node { __typename id name { firstName lastName } emails { primaryEmail additionalEmails }
              phones { primaryPhoneNumber additionalPhones { number callingCode countryCode } }
              createdBy { source name context { provider } } companyId company { id name } } }
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
          }
        }""",
    "one record": """
        query One($id: UUID!) { person(filter: { id: { eq: $id } }) { ...P } }
        fragment P on Person { id city }""",
    "nested pages": """
        { companies(first: 2, filter: { people: { jobTitle: { eq: "CTO" } } }) { edges { node {
            people(first: 3, filter: { name: { lastName: { startsWith: "Q" } } },
              orderBy: [{ createdAt: AscNullsLast }]) { totalCount edges { node { id } } } } } } }""",
    "filters": """
        { rockets(filter: { and: [{ status: { in: [READY, FLOWN] } }, { not: { thrust: { is: NULL } } },
            { tags: { containsAny: [HEAVY] } }, { operator: { name: { ilike: "%a%" } } },
            { operatorId: { is: NOT_NULL } }, { odometer: { gt: 12 } }, { launchAt: { gte: "2026-01-01T00:00:00Z" } },
            { telemetry: { like: "%x%" } },
            { nicknames: { containsIlike: "%n%" } }, { price: { amountMicros: { gt: 1.5 } } }] }) { totalCount } }""",
    "groups": """
        { rocketsGroupBy(groupBy: [{ status: true }, { launchAt: { granularity: MONTH, timeZone: "Europe/Paris" } },
            { operator: { name: true } }, { price: { currencyCode: true } }],
            orderBy: [{ aggregate: { sumPriceAmountMicros: DescNullsLast } },
              { launchAt: { granularity: MONTH, orderBy: AscNullsLast } }], limit: 20) {
            groupByDimensionValues totalCount sumPriceAmountMicros edges { node { id } } } }""",
    "creating": """
        mutation Create($data: [RocketCreateInput!]!) { createRockets(data: $data, upsert: true) { id } }""",
    "creating with all types": """
        mutation { createRocket(data: { name: "R", serialTwo: "2", parts: ["nose"], duties: [LIFT], rating: RATING_3,
            price: { amountMicros: 1000000, currencyCode: "EUR" }, position: 2, telemetry: { any: [1, "x", true] },
            builtOn: "2026-03-09", docs: [{ fileId: "20202020-1111-4111-8111-111111111111", label: "l" }],
            contactPhones: { primaryPhoneNumber: "612", additionalPhones: [{ number: "1", countryCode: "FR" }] },
            website: { primaryLinkUrl: "https://x.example", secondaryLinks: [{ url: "y.example", label: "Y" }] },
            operator: { connect: { where: { domainName: { primaryLinkUrl: "https://acme.com" } } } },
            homeDepot: { create: { name: "Depot" } }, sponsorPerson: { connect: { where: { id: "1" } } },
            story: { markdown: "Once" }, createdBy: { source: IMPORT } }) { id } }""",
    "changing": """
        mutation Change($id: UUID!) { updateRocket(id: $id, data: { operator: { disconnect: true } }) { id }
          updateRockets(filter: { id: { is: NOT_NULL } }, data: { slogan: "s" }) { id updatedAt }
          deleteRocket(id: "1") { deletedAt } restoreRockets(filter: { id: { in: ["1"] } }) { id }
          mergePeople(ids: ["1", "2"], conflictPriorityIndex: 0, dryRun: true) { id } }""",
    "search": """
        { search(searchInput: "ada", limit: 10, includedObjectNameSingulars: ["person"],
            filter: { deletedAt: { is: NULL } }) {
            edges { cursor node { recordId objectNameSingular objectLabelSingular label imageUrl tsRankCD tsRank } }
            pageInfo { hasNextPage endCursor } } }""",
    "duplicates": '{ personDuplicates(ids: ["1"]) { totalCount edges { node { id } } } }',
}  # fmt: skip

INVALID = {
    "{ people { edges { node { foo } } } }": 'Cannot query field "foo" on type "Person".',
    "{ people(limit: 1) { totalCount } }": 'Unknown argument "limit" on field "Query.people".',
    "{ rockets(filter: { status: { eq: LOST } }) { totalCount } }": 'Value "LOST" does not exist in "RocketStatusEnum"',
    'mutation { createRocket(data: { name: "R" }) { id } }': 'Field "RocketCreateInput.serialTwo" of required type',
    "{ people(filter: { name: { firstName: { eq: 1 } } }) { totalCount } }": "String cannot represent",
}


@pytest.fixture(scope="module")
def checked() -> dict[str, Any]:
    query = graphql.get_introspection_query(input_value_deprecation=True, specified_by_url=True)
    definitions = graphql.parse(query).definitions
    operation = next(node for node in definitions if isinstance(node, graphql.OperationDefinitionNode))
    fragments = {n.name.value: n for n in definitions if isinstance(n, graphql.FragmentDefinitionNode)}
    answer = introspect(rocket_model(), operation, fragments, ["__schema"], {})
    asked = {"introspection": answer, "documents": VALID | {text: text for text in INVALID}}
    found: dict[str, Any] = json.loads(run("node", "check-schema.mjs", given=msgspec.json.encode(asked).decode()))
    return found


def test_it_builds_a_valid_schema(checked: dict[str, Any]) -> None:
    assert checked["schema"] == []


@pytest.mark.parametrize("name", VALID)
def test_it_accepts(checked: dict[str, Any], name: str) -> None:
    assert checked["documents"][name] == []


@pytest.mark.parametrize("text", INVALID)
def test_it_refuses(checked: dict[str, Any], text: str) -> None:
    assert INVALID[text] in checked["documents"][text][0]
