"""Requests about records as clients of all ages send them: their variables, their type names, their headers."""

import json
from typing import Any

import httpx
import pytest

from tests.graphql.calls import ask
from tests.records.wire import create

Variables = dict[str, Any]

FIND = """query FindManyPeople(
    $filter: PersonFilterInput, $orderBy: [PersonOrderByInput], $lastCursor: String, $limit: Int
) { people(filter: $filter, orderBy: $orderBy, first: $limit, after: $lastCursor) {
    edges { cursor node { __typename id name { firstName lastName } emails { primaryEmail additionalEmails }
        phones { primaryPhoneNumber additionalPhones } linkedinLink { primaryLinkUrl secondaryLinks }
        company { id name } createdBy { source name workspaceMemberId context } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }"""

TYPED = """{ people { edges { node {
    phones { additionalPhones { number callingCode countryCode } } linkedinLink { secondaryLinks { label url } }
    createdBy { context { provider } } } } } }"""

SEARCH = """query Search($searchInput: String!, $limit: Int!, $after: String, $excluded: [String!],
    $included: [String!], $filter: ObjectRecordFilterInput) {
    search(searchInput: $searchInput, limit: $limit, after: $after, excludedObjectNameSingulars: $excluded,
        includedObjectNameSingulars: $included, filter: $filter) {
        edges { cursor node {
            __typename recordId objectNameSingular objectLabelSingular label imageUrl tsRankCD tsRank } }
        pageInfo { hasNextPage endCursor } } }"""

REQUESTS: dict[str, tuple[str, Variables]] = {
    "the pages": (FIND, {"filter": {}, "orderBy": [{"position": "AscNullsFirst"}], "limit": 60}),
    "variables that are null": (FIND, {"filter": None, "orderBy": None, "lastCursor": None, "limit": None}),
    "variables that are missing": (FIND, {}),
    "typed parts of composite fields": (TYPED, {}),
    "an id by another name": (
        "query FindOnePerson($objectRecordId: ID!) { person(filter: {id: {eq: $objectRecordId}}) { id } }",
        {"objectRecordId": "%person"},
    ),
    "an id as text": (
        'mutation($id: String!) { updatePerson(id: $id, data: {city: "Ghent"}) { id } }',
        {"id": "%person"},
    ),
    "types that there never were": (
        "mutation($input: PersonInput!, $upsert: Bool) { createPerson(data: $input, upsert: $upsert) { id } }",
        {"input": {"name": {"firstName": "Ada", "lastName": None}, "companyId": None}, "upsert": None},
    ),
    "several lists at once": (
        """query Combined($filterPerson: PersonFilterInput, $limitPerson: Int, $filterCompany: CompanyFilterInput) {
            people(filter: $filterPerson, first: $limitPerson) { edges { node { id } } totalCount }
            companies(filter: $filterCompany) { edges { node { id domainName { primaryLinkUrl } } } totalCount } }""",
        {"limitPerson": 5},
    ),
    "aggregates": (
        """query($filter: OpportunityFilterInput) { opportunities(filter: $filter) {
            totalCount sumAmountAmountMicros avgAmountAmountMicros countUniqueValuesName maxCloseDate } }""",
        {},
    ),
    "groups": (
        """query($groups: [OpportunityGroupByInput!]!) { opportunitiesGroupBy(groupBy: $groups, viewId: null) {
            groupByDimensionValues totalCount edges { node { id } } } }""",
        {"groups": [{"stage": True}]},
    ),
    "duplicates": (
        "query($ids: [UUID!]!) { personDuplicates(ids: $ids) { totalCount edges { node { id } } } }",
        {"ids": ["%person"]},
    ),
    "an order that is no list": ("{ people(orderBy: {createdAt: DescNullsLast}) { totalCount } }", {}),
    "an enum as a variable": (
        'mutation($stage: OpportunityStageEnum) { createOpportunity(data: {name: "o", stage: $stage}) { stage } }',
        {"stage": "MEETING"},
    ),
    "many at once": (
        "mutation($filter: PersonFilterInput!) { deletePeople(filter: $filter) { id deletedAt } }",
        {"filter": {"id": {"in": ["%person"]}}},
    ),
    "search": (SEARCH, {"searchInput": "ad", "limit": 10, "filter": {"deletedAt": {"is": "NULL"}}}),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_answered(api: httpx.Client, name: str) -> None:
    document, variables = REQUESTS[name]
    person = create(api, "people", {"name": {"firstName": "Ada"}})["id"]
    found = ask(api, document, json.loads(json.dumps(variables).replace("%person", person)))
    assert found
    assert None not in found.values()


def test_headers_of_clients_change_nothing(api: httpx.Client) -> None:
    headers = {
        "x-schema-version": "12",
        "x-app-version": "2.43.0",
        "x-locale": "fr-FR",
        "apollo-require-preflight": "true",
        "apollographql-client-name": "desk",
    }
    body = {
        "query": "query Q { people { totalCount } }",
        "variables": None,
        "operationName": "Q",
        "extensions": {"clientLibrary": {"name": "@apollo/client", "version": "4"}},
    }
    assert api.post("/graphql", json=body, headers=headers).json() == {"data": {"people": {"totalCount": 0}}}
