"""The root field `search` and its types."""

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
)

from threescore.graphql.core.schema.fixed import FIXED
from threescore.graphql.core.schema.notation import read_type


def _object(name: str, **fields: str) -> GraphQLObjectType:
    return GraphQLObjectType(name, {key: GraphQLField(read_type(text, _named)) for key, text in fields.items()})


def _filter_fields() -> dict[str, GraphQLInputField]:
    texts = {"and": f"[{_FILTER}!]", "or": f"[{_FILTER}!]", "not": _FILTER, "id": "UUIDFilter"}
    texts |= dict.fromkeys(("createdAt", "updatedAt", "deletedAt"), "DateTimeFilter")
    return {key: GraphQLInputField(read_type(text, _named)) for key, text in texts.items()}


_FILTER = "ObjectRecordFilterInput"
_named: dict[str, GraphQLNamedType] = dict(FIXED)
_named[_FILTER] = GraphQLInputObjectType(_FILTER, _filter_fields, description="A condition on records of any object.")
_named["SearchRecord"] = _object(
    "SearchRecord",
    recordId="UUID!",
    objectNameSingular="String!",
    objectLabelSingular="String!",
    label="String!",
    imageUrl="String",
    tsRankCD="Float!",
    tsRank="Float!",
)
_named["SearchResultEdge"] = _object("SearchResultEdge", node="SearchRecord!", cursor="String!")
_named["SearchResultPageInfo"] = _object("SearchResultPageInfo", endCursor="String", hasNextPage="Boolean!")
_named["SearchResultConnection"] = _object(
    "SearchResultConnection", edges="[SearchResultEdge!]!", pageInfo="SearchResultPageInfo!"
)

SEARCH_TYPE_NAMES = tuple(name for name in _named if name not in FIXED)

_ARGUMENTS = {
    "searchInput": "String!",
    "limit": "Int!",
    "after": "String",
    "includedObjectNameSingulars": "[String!]",
    "excludedObjectNameSingulars": "[String!]",
    "filter": _FILTER,
}

SEARCH = GraphQLField(
    read_type("SearchResultConnection", _named),
    {key: GraphQLArgument(read_type(text, _named)) for key, text in _ARGUMENTS.items()},
    description="Records of any object that hold the words, the best ones first.",
)
