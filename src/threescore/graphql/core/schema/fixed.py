"""The types that are the same in every workspace."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLString,
)

from threescore.model.fields.actor import SOURCES, Source
from threescore.model.fields.base import LIST_OPERATORS


def _enum(name: str, values: str, description: str) -> GraphQLEnumType:
    return GraphQLEnumType(name, {value: value for value in values.split()}, description=description)


def _inputs(name: str, description: str, **fields: GraphQLInputType) -> GraphQLInputObjectType:
    made = {key.rstrip("_"): GraphQLInputField(type_) for key, type_ in fields.items()}
    return GraphQLInputObjectType(name, made, description=description)


def _required(type_: GraphQLScalarType | GraphQLEnumType) -> GraphQLNonNull[GraphQLScalarType | GraphQLEnumType]:
    return GraphQLNonNull(type_)


UUID = GraphQLScalarType("UUID", description="A UUID of any version, in lower case when it is read.")
DATE_TIME = GraphQLScalarType("DateTime", description="An instant: `2026-03-09T10:11:12.345Z`.")
DATE = GraphQLScalarType("Date", description="A day: `2026-03-09`.")
BIG_FLOAT = GraphQLScalarType("BigFloat", description="A number of any size. Text that holds a number is taken too.")
BIG_INT = GraphQLScalarType(
    "BigInt", description="A whole number of 64 bits; a string where it is beyond the exact range of JSON numbers."
)
POSITION = GraphQLScalarType(
    "Position", description="Where a record stands among the others: a number, or `first` or `last` when it is written."
)
JSON = GraphQLScalarType("JSON", description="Any JSON value.")
TS_VECTOR = GraphQLScalarType("TSVector", description="The words by which a record is found, as text.")
CURSOR = GraphQLScalarType("Cursor", description="The place of a record in an order.")
CONNECTION_CURSOR = GraphQLScalarType("ConnectionCursor", description="The place of a record in an order.")

ORDER_BY_DIRECTION = _enum(
    "OrderByDirection",
    "AscNullsFirst AscNullsLast DescNullsFirst DescNullsLast",
    "The direction of an order, and where records without a value stand in it.",
)
FILTER_IS = _enum("FilterIs", "NULL NOT_NULL", "Whether there is a value.")
DATE_GRANULARITY = _enum(
    "DateGranularityEnum",
    "DAY MONTH QUARTER YEAR WEEK DAY_OF_THE_WEEK MONTH_OF_THE_YEAR QUARTER_OF_THE_YEAR NONE",
    "The part of the calendar that dates are grouped by.",
)
FIRST_DAY_OF_THE_WEEK = _enum("FirstDayOfTheWeek", "MONDAY SUNDAY SATURDAY", "The day that a week starts with.")
ACTOR_SOURCE = _enum("ActorSourceEnum", " ".join(SOURCES), "The way by which an actor came.")

PAGE_INFO = GraphQLObjectType(
    "PageInfo",
    {
        "startCursor": GraphQLField(CONNECTION_CURSOR),
        "endCursor": GraphQLField(CONNECTION_CURSOR),
        "hasNextPage": GraphQLField(_required(GraphQLBoolean)),
        "hasPreviousPage": GraphQLField(_required(GraphQLBoolean)),
    },
    description="What there is to know about a page.",
)


def _comparable(name: str, type_: GraphQLScalarType) -> GraphQLInputObjectType:
    # Lists of UUIDs hold nullable items for the sake of clients that declare a variable as `[UUID]`.
    item = type_ if type_ is UUID else _required(type_)
    return _inputs(
        name,
        "A condition on a value: exactly one operator.",
        eq=type_,
        gt=type_,
        gte=type_,
        in_=GraphQLList(item),
        lt=type_,
        lte=type_,
        neq=type_,
        is_=FILTER_IS,
    )


def enum_filter(name: str, type_: GraphQLEnumType, operators: Iterable[str]) -> GraphQLInputObjectType:
    """The filter on a field with options, which takes these operators."""
    others: dict[str, GraphQLInputType] = {"is": FILTER_IS, "isEmptyArray": GraphQLBoolean}
    others |= dict.fromkeys(LIST_OPERATORS, GraphQLList(type_))
    operands = {operator: others.get(operator, type_) for operator in operators}
    return _inputs(name, "A condition on options: exactly one operator.", **operands)


_FILTERS = (
    _comparable("UUIDFilter", UUID),
    _comparable("DateFilter", DATE),
    _comparable("DateTimeFilter", DATE_TIME),
    _comparable("IntFilter", GraphQLInt),
    _comparable("FloatFilter", GraphQLFloat),
    _comparable("BigIntFilter", BIG_INT),
    _comparable("BigFloatFilter", BIG_FLOAT),
    _inputs(
        "StringFilter",
        "A condition on text: exactly one operator. In `like` and `ilike`, `%` stands for any text and `_` for any"
        " character; `regex` and `iregex` take regular expressions, without references back.",
        eq=GraphQLString,
        gt=GraphQLString,
        gte=GraphQLString,
        in_=GraphQLList(_required(GraphQLString)),
        lt=GraphQLString,
        lte=GraphQLString,
        neq=GraphQLString,
        startsWith=GraphQLString,
        endsWith=GraphQLString,
        like=GraphQLString,
        ilike=GraphQLString,
        regex=GraphQLString,
        iregex=GraphQLString,
        is_=FILTER_IS,
    ),
    _inputs("BooleanFilter", "A condition on a boolean: exactly one operator.", eq=GraphQLBoolean, is_=FILTER_IS),
    _inputs(
        "ArrayFilter",
        "A condition on a list of texts: exactly one operator.",
        containsIlike=GraphQLString,
        is_=FILTER_IS,
        isEmptyArray=GraphQLBoolean,
    ),
    _inputs("RawJsonFilter", "A condition on JSON: exactly one operator.", is_=FILTER_IS, like=GraphQLString),
    _inputs(
        "TSVectorFilter",
        "A condition on the words of a record: exactly one operator. `search` finds what has every word of a text, or"
        " one that begins with it; the others compare the whole as text.",
        search=GraphQLString,
        eq=GraphQLString,
        neq=GraphQLString,
        is_=FILTER_IS,
    ),
    enum_filter("ActorSourceEnumFilter", ACTOR_SOURCE, Source.operators),
)

_GROUPING = (
    _inputs(
        "GroupByDateGranularityInput",
        "How dates are grouped. `timeZone` is an IANA name, which instants need for all that starts on some day.",
        granularity=DATE_GRANULARITY,
        weekStartDay=FIRST_DAY_OF_THE_WEEK,
        timeZone=GraphQLString,
    ),
    _inputs(
        "OrderByDateGranularityInput",
        "How groups of dates are ordered. The granularity is that of the groups.",
        orderBy=ORDER_BY_DIRECTION,
        granularity=DATE_GRANULARITY,
    ),
)

_PARTS = (
    GraphQLObjectType(
        "FileObject",
        {
            "fileId": GraphQLField(_required(UUID)),
            "label": GraphQLField(_required(GraphQLString)),
            "extension": GraphQLField(GraphQLString),
            "url": GraphQLField(GraphQLString),
        },
    ),
    _inputs("FileItemInput", "A file that was uploaded.", fileId=_required(UUID), label=_required(GraphQLString)),
    GraphQLObjectType(
        "AdditionalPhone",
        {name: GraphQLField(GraphQLString) for name in ("number", "callingCode", "countryCode")},
    ),
    _inputs(
        "AdditionalPhoneInput",
        "One more phone number.",
        number=GraphQLString,
        callingCode=GraphQLString,
        countryCode=GraphQLString,
    ),
    GraphQLObjectType("SecondaryLink", {name: GraphQLField(GraphQLString) for name in ("label", "url")}),
    _inputs("SecondaryLinkInput", "One more link.", label=GraphQLString, url=GraphQLString),
    GraphQLObjectType("ActorContext", {"provider": GraphQLField(GraphQLString)}),
)

FIXED: Mapping[str, GraphQLNamedType] = MappingProxyType(
    {
        type_.name: type_
        for type_ in (
            *(GraphQLString, GraphQLInt, GraphQLFloat, GraphQLBoolean, GraphQLID),
            *(UUID, DATE_TIME, DATE, BIG_FLOAT, BIG_INT, POSITION, JSON, TS_VECTOR, CURSOR, CONNECTION_CURSOR),
            *(ORDER_BY_DIRECTION, FILTER_IS, DATE_GRANULARITY, FIRST_DAY_OF_THE_WEEK, ACTOR_SOURCE, PAGE_INFO),
            *(*_FILTERS, *_GROUPING, *_PARTS),
        )
    }
)
"""The types by name. Those of composite fields are in `composites`, those of the search in `search`."""
