"""Where our answers over GraphQL differ from the recorded ones, on purpose."""

from typing import Any

from .differences import Difference

_PERSON = "11111111-1111-4111-8111-0000000000"
_COMPANY = "22222222-2222-4222-8222-0000000000"

_GRAPHQL = "GraphQL as it is specified."
_NESTED = "Lists of related records honour their arguments and are right at any place."
_OWN_WORDS = "The recorded text shows the database's or the program's insides; ours says what is wrong."
_LENIENT = "What can only mean one thing is taken so."
_STRANGER = "A stranger is told so, in the words of newer versions."
_FILTERED = "A mutation of many needs a filter, in the words of newer versions."
_BATCH = "A request writes 60 records at most."
_OPERATORS = "A field takes every operator that the schema shows."
_TO_MANY = "A filter may go through a one-to-many relation."


def _data(**fields: Any) -> Any:
    return {"data": fields}


def _failed(message: str, field: str | None = None, sub_code: str | None = None, code: str = "BAD_USER_INPUT") -> Any:
    """A refusal of one root field, or of the whole request, where no field is named."""
    extensions = {"code": code} | ({"subCode": sub_code} if sub_code else {})
    errors = [{"<some>": {"message": message, "extensions": {"<some>": extensions}}}]
    return {"data": {field: None}, "errors": errors} if field else {"errors": errors}


def _answer(reason: str, expect: Any, status: int = 200) -> Difference:
    return Difference(reason=reason, status=status, expect=expect)


def _people(*numbers: str, **more: Any) -> Any:
    """A connection of people, of whom only the ids are shown."""
    return {"edges": [{"node": {"id": _PERSON + number}} for number in numbers], **more}


def _node(**fields: Any) -> Any:
    return {"edges": [{"node": fields}]}


_ACME = ("01", "02", "20", "24", "28", "32", "36", "50", "80")

GRAPHQL_DIFFERENCES: dict[str, Difference] = {
    "AF44": _answer(
        _STRANGER,
        _failed(
            "Unauthenticated: no workspace resolved for fields people",
            sub_code="WORKSPACE_QUERY_WITHOUT_WORKSPACE",
            code="UNAUTHENTICATED",
        ),
    ),
    "AF45": _answer(
        _STRANGER,
        _failed(
            "Unauthenticated: no workspace resolved for fields people",
            sub_code="WORKSPACE_QUERY_WITHOUT_WORKSPACE",
            code="UNAUTHENTICATED",
        ),
    ),
    "AF48": _answer(
        _STRANGER,
        _failed(
            "Unauthenticated: no workspace resolved for fields __schema",
            sub_code="WORKSPACE_QUERY_WITHOUT_WORKSPACE",
            code="UNAUTHENTICATED",
        ),
    ),
    "G3": _answer(
        _NESTED,
        _data(
            person={
                "id": _PERSON + "20",
                "name": {"firstName": "Ann", "lastName": "Q20"},
                "jobTitle": "CTO",
                "company": {"name": "Acme", "people": _people("01", "02", totalCount=9)},
            }
        ),
    ),
    "G4": _answer(
        _NESTED,
        _data(
            companies=_node(
                name="Acme",
                people={
                    "totalCount": 9,
                    "edges": [
                        {"node": {"id": _PERSON + "01", "name": {"lastName": "King"}}, "cursor": "<text>"},
                        {"node": {"id": _PERSON + "02", "name": {"lastName": ""}}, "cursor": "<text>"},
                    ],
                    "pageInfo": {"hasNextPage": True, "endCursor": "<text>"},
                },
            )
        ),
    ),
    "G5": _answer(_NESTED, _data(companies=_node(people=_people("01", "02")))),
    "G6": _answer(
        "Without the fractions in fields of whole numbers that we have refused.",
        _data(rockets={"<some>": {"totalCount": 104, "sumStages": 3000000310, "countEmptyThrust": 95}}),
    ),
    "G10": _answer(_GRAPHQL, _data(a={"totalCount": 41}, b={"totalCount": 41})),
    "G11": _answer(_GRAPHQL, _data(people=_node(pk=_PERSON + "20", nm={"f": "Ann"}))),
    "G14": _answer(_GRAPHQL, _data(people=_people("20"))),
    "G15": _answer(_NESTED, _data(people=_node(company={"name": "Acme", "people": _people(*_ACME, totalCount=9)}))),
    "G16": _answer(_NESTED, _data(people=_node(company={"name": "Acme", "people": _people(*_ACME)}))),
    "G17": _answer(
        "An unknown field takes nothing from the others.",
        _failed(
            'Cannot query field "foos" on type "Query".', "foos", "UNKNOWN_ROOT_FIELD", "GRAPHQL_VALIDATION_FAILED"
        ),
    ),
    "G18": _answer(
        "An unknown field is an error.",
        _failed('Cannot query field "foo" on type "Person".', "people", code="GRAPHQL_VALIDATION_FAILED"),
    ),
    "G21": _answer(
        _OPERATORS,
        _failed(
            'Operator "foo" is not valid for field "jobTitle" of type TEXT - Allowed operators: eq, neq, gt, gte,'
            " lt, lte, in, is, like, ilike, startsWith, endsWith, regex, iregex",
            "people",
        ),
    ),
    "G22": _answer(_OPERATORS, _data(people={"totalCount": 4})),
    "G35": _answer("An empty list is found, stored as NULL or not.", _data(rockets={"totalCount": 94})),
    "G38": _answer(_OPERATORS, _data(people={"totalCount": 1})),
    "G41": _answer(_TO_MANY, _data(companies={"totalCount": 1})),
    "G44": _answer(
        _OWN_WORDS,
        _failed(
            'Invalid value "NOPE" for field "status". Valid values are: IDLE, READY, FLOWN',
            "rockets",
            "INVALID_ARGS_FILTER",
        ),
    ),
    "G54": _answer(_LENIENT, _data(people={"totalCount": 41})),
    "G60": _answer(_GRAPHQL, _failed("Must provide operation name when document contains multiple operations.")),
    "G62": _answer(_GRAPHQL, _data(__typename="Query", people={"totalCount": 41})),
    "G63": _answer(
        "Records and search go together.",
        _data(people={"totalCount": 41}, search=_node(recordId=_PERSON + "01")),
    ),
    "G65": _answer(_GRAPHQL, _data(people={"edges": [{"cursor": "<text>"}]})),
    "G66": _answer(
        _GRAPHQL,
        _failed(
            'Field "name" of type "FullName" must have a selection of subfields. Did you mean "name { ... }"?',
            "people",
            code="GRAPHQL_VALIDATION_FAILED",
        ),
    ),
    "G67": _answer(
        _GRAPHQL,
        _failed(
            'Field "people" of type "PersonConnection" must have a selection of subfields.'
            ' Did you mean "people { ... }"?',
            "people",
            code="GRAPHQL_VALIDATION_FAILED",
        ),
    ),
    "G69": _answer("`last` alone are the last ones.", _data(people=_node(name={"lastName": ""}))),
    "G72": _answer(
        "Lists below lists are allowed within the limits.",
        _data(people=_node(company="<any>")),
    ),
    "G73": _answer("Lists below lists are allowed within the limits.", {"data": {"companies": "<any>"}}),
    "G74": _answer("Queries come by GET as well.", _data(people={"totalCount": 41})),
    "G76": Difference(reason=_OWN_WORDS, status=400, message="The body is not valid JSON"),
    "G77": _answer("A request without a query is answered.", {"errors": [{"message": "<text>"}]}, 400),
    "G78": _answer("A body may be the document itself.", _data(people={"totalCount": 41})),
    "G79": _answer(
        "What was not executed has no data.",
        _failed(
            "Query too complex - Too many root resolvers requested: 21 - Maximum allowed root resolvers: 20",
            sub_code="TOO_COMPLEX_QUERY",
        ),
    ),
    "G111": _answer(
        "A cursor may hold a null.",
        _data(
            rockets={
                "edges": [{"node": {"name": "R6", "thrust": None}}, {"node": {"name": "R1", "thrust": 1.5}}],
                "pageInfo": {"hasNextPage": True, "endCursor": "<text>"},
            }
        ),
    ),
    "G112": _answer(
        "Before a cursor lies a page, after it another one.",
        _data(
            people={
                "edges": [
                    {"cursor": "<text>", "node": {"name": {"lastName": "Q23"}}},
                    {"cursor": "<text>", "node": {"name": {"lastName": "Q24"}}},
                ],
                "pageInfo": {
                    "hasNextPage": True,
                    "hasPreviousPage": True,
                    "startCursor": "<text>",
                    "endCursor": "<text>",
                },
            }
        ),
    ),
    "G113": _answer(
        "A cursor holds what it is ordered by, selected or not.",
        _data(people={"edges": [{"cursor": "<text>", "node": {"id": _PERSON + "20"}}]}),
    ),
    "G127": _answer(
        "Criteria count, selected or not.",
        _data(
            personDuplicates=[
                {
                    "totalCount": 2,
                    "edges": [
                        {"cursor": "<text>", "node": {"id": _PERSON + "70"}},
                        {"cursor": "<text>", "node": {"id": _PERSON + "72"}},
                    ],
                    "pageInfo": {"hasNextPage": False, "endCursor": "<text>"},
                }
            ]
        ),
    ),
    "G133": _answer(
        "Search takes the parts of addresses as words, which ranks a name and an address that share one otherwise.",
        _data(
            search={
                "edges": [
                    {
                        "cursor": "<text>",
                        "node": {
                            "recordId": _PERSON + "01",
                            "objectNameSingular": "person",
                            "objectLabelSingular": "Person",
                            "label": "Ada King",
                            "imageUrl": "",
                            "tsRankCD": 0.2,
                            "tsRank": 0.075990885,
                        },
                    }
                ],
                "pageInfo": {"hasNextPage": False, "endCursor": "<text>"},
            }
        ),
    ),
    "G132": _answer(
        "Groups are in the order of their values where none is asked for.",
        _data(
            rocketsGroupBy=[
                {"groupByDimensionValues": ["2024-01-01"], "totalCount": 8},
                {"groupByDimensionValues": ["2024-02-01"], "totalCount": 1},
            ]
        ),
    ),
    "G134": _answer(
        "Both spellings of NULL count.",
        _data(
            search={
                **_node(recordId="<text>", objectNameSingular="rocket", label="Ariane"),
                "pageInfo": {"hasNextPage": False},
            }
        ),
    ),
    "G140": _answer(_LENIENT, _data(createPeople=[{"id": _PERSON + "ff"}])),
    "G146": _answer(_OWN_WORDS, _failed("Field serialTwo is not nullable and has no default value.", "createRocket")),
    "G148": _answer(
        _OWN_WORDS,
        _failed(
            '"companyId" must be the id of an existing record, but there is none with the id'
            " 55555555-5555-4555-8555-555555555555.",
            "createPerson",
        ),
    ),
    "G151": _answer(
        "The words of newer versions.",
        _failed("Cannot have both connect and disconnect for the same relation field company.", "updatePerson"),
    ),
    "G154": _answer("Related records may be created along.", _data(createPerson={"id": _PERSON + "fe"})),
    "G157": _answer(_FILTERED, _failed("Filter is required", "updatePeople", "INVALID_QUERY_INPUT")),
    "G158": _answer(
        _FILTERED,
        _failed("A non-empty filter is required for a bulk mutation", "updateMessageLists", "INVALID_ARGS_FILTER"),
    ),
    "G159": _answer(_FILTERED, _failed("Filter is required", "deletePeople", "INVALID_QUERY_INPUT")),
    "G64": _answer(
        "There are subscriptions, which a plain request cannot follow.",
        _failed("Subscriptions are answered over WebSocket, or with Accept: text/event-stream"),
    ),
    "G170": _answer(
        _OWN_WORDS,
        _failed("Please use Settings to remove a workspace member.", "deleteWorkspaceMember", "BAD_REQUEST"),
    ),
    "G171": _answer(
        _GRAPHQL,
        _failed(
            'Cannot query field "createPerson" on type "Query".',
            "createPerson",
            "UNKNOWN_ROOT_FIELD",
            "GRAPHQL_VALIDATION_FAILED",
        ),
    ),
    "G175": _answer(
        "A field that fails takes nothing from the others.", _failed("Limit cannot exceed 100 items", "search")
    ),
    "G176": _answer(
        "A field that fails takes nothing from the others.",
        _failed('Missing required argument: "limit" (number)', "search", "INVALID_QUERY_INPUT"),
    ),
    "G177": _answer(
        "Records of equal rank are in the order of their ids.",
        _data(search={"edges": [{"node": {"objectNameSingular": "person", "label": "<text>"}}] * 2}),
    ),
    "G182": _answer(
        _BATCH,
        _failed("Maximum number of records to upsert is 60.", "createPeople", "TOO_MANY_RECORDS_TO_UPDATE"),
    ),
    "G183": _answer(
        _BATCH,
        _failed("Maximum number of records to upsert is 60.", "createPeople", "TOO_MANY_RECORDS_TO_UPDATE"),
    ),
    "X16": _answer(_TO_MANY, _data(companies={"totalCount": "<number>"})),
    "X17": _answer(_NESTED, _data(companies=_node(people={"totalCount": 0, "edges": []}))),
}
