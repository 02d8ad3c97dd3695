"""Where our answers about people, roles, keys, webhooks, limits and types differ from the recorded ones, on purpose."""

from typing import Any

from .differences import Difference

_BY_KEY = "API keys can manage API keys."
_OWN_WORDS = "The recorded text shows the program's insides; ours says what is wrong."
_ENVELOPE = "Lists have the envelope of newer versions."
_STRANGER = "A stranger is told so, in the words of newer versions."
_UNION = "The keys of all versions are served."
_TYPED = "Parts of composite fields have the types of newer versions."
_NULLABLE = "Clients must bear both, for the recorded server changes its mind."
_REPORT = "A refused webhook says what is wrong with it, in the shape of all reports."
_HIDDEN = "What a role cannot read tells it nothing: it is no field to filter by."
_ALL_ALIKE = "Whoever is not signed in learns nothing about accounts."
_ALL_LIMITED = "A limit is on all that a key asks for."
_LIMITED = "A refusal has the words of newer versions, and says when to come again."


def _failed(message: str, code: str, sub_code: str | None = None, **data: Any) -> Any:
    extensions = {"code": code} | ({"subCode": sub_code} if sub_code else {})
    return {"errors": [{"<some>": {"message": message, "extensions": {"<some>": extensions}}}], **data}


def _answer(reason: str, expect: Any, status: int = 200) -> Difference:
    return Difference(reason=reason, status=status, expect=expect)


def _page(length: int) -> Any:
    return {"data": {"<length>": length}, "pageInfo": "<any>", "totalCount": length}


def _many(name: str) -> Difference:
    """An answer where a list of JSON has a type of its own."""
    return Difference(
        reason=_TYPED,
        status=200,
        problems=[
            f'{name}.additionalPhones.type.kind: "LIST" instead of "SCALAR"',
            f'{name}.additionalPhones.type.name: null instead of "JSON"',
            f"{name}.additionalPhones.type.ofType: {_ITEM[name]} instead of null",
        ],
    )


_ITEM = {
    ".__type.fields": '{"kind": "NON_NULL", "name": null,'
    ' "ofType": {"kind": "OBJECT", "name": "AdditionalPhone", "ofType": null}}',
    ".__type.inputFields": '{"kind": "NON_NULL", "name": null,'
    ' "ofType": {"kind": "INPUT_OBJECT", "name": "AdditionalPhoneInput"}}',
}

_KEY_OF_REST = {"<some>": {"name": "RestKey2", "workspaceId": "2b9256c1-ca2d-4404-bd0f-bf0f0b226f04"}}


def _of_limit(*fields: str) -> Any:
    return {
        "data": dict.fromkeys(fields),
        "errors": [
            {
                "<some>": {
                    "message": "Limit reached (100 tokens per 60000 ms)",
                    "extensions": {"<some>": {"code": "RATE_LIMITED", "subCode": "RATE_LIMITED"}},
                }
            }
            for _ in fields
        ],
    }


_REFUSED_AT_REST = {
    "<some>": {"error": "RATE_LIMITED", "messages": ["Limit reached (100 tokens per 60000 ms)"], "remaining": 0}
}

SETTINGS_DIFFERENCES: dict[str, Difference] = {
    "AF8": Difference(reason="A token that another secret has signed is none of ours.", status=401),
    "AF9": Difference(reason="A token that another secret has signed is none of ours.", status=401),
    "AF20": _answer(_OWN_WORDS, _failed('Role "Member" cannot be assigned to API keys', "BAD_USER_INPUT", data=None)),
    "AF25": _answer(_BY_KEY, {"<some>": {"name": "RestKey", "revokedAt": None}}, 201),
    "AF27": _answer(_ENVELOPE, _page(4)),
    "AF28": _answer("Among them the key that a key has made.", {"<length>": 4}),
    "AF31": _answer(_BY_KEY, _KEY_OF_REST),
    "AF32": _answer(_BY_KEY, {"<some>": {"name": "RestKey2", "revokedAt": "<time>"}}),
    "AF49": _answer(_STRANGER, _failed("Missing authentication token", "FORBIDDEN")),
    "AF50": _answer(_STRANGER, _failed("Missing authentication token", "FORBIDDEN")),
    "M3": _answer(_UNION, {"data": {"objects": {"edges": [{"node": {"<some>": {"isCustom": "<any>"}}}]}}}),
    "M5": _answer(_UNION, {"data": {"fields": {"edges": [{"node": {"<some>": {"isCustom": "<any>"}}}]}}}),
    "G89": _many(".__type.fields"),
    "G90": _many(".__type.inputFields"),
    "G91": Difference(reason=_NULLABLE, status=200),
    "G92": Difference(reason=_NULLABLE, status=200),
    "G100": Difference(
        reason="The operator fails for a field with one option; the type shows what works.",
        status=200,
        problems=[".__type.inputFields: lacks containsAny"],
    ),
    "G186": _answer(
        "Where neither of a person's names is known there is no space between them.",
        {"data": {"createPerson": {"createdBy": {"<some>": {"source": "MANUAL", "name": ""}}}}},
    ),
    "W20": _answer(_ENVELOPE, _page(2)),
    "W23": Difference(reason=_REPORT, status=400, message="creating webhook"),
    "W24": Difference(reason=_REPORT, status=400, message="creating webhook"),
    "W28": Difference(reason=_OWN_WORDS, status=400, message='"abc" is not a UUID'),
    "P11": _answer(
        "The order of rights means nothing.",
        {
            "data": {
                "getRoles": [
                    *(
                        {"<some>": {"label": label, "objectPermissions": {"<length>": count}}}
                        for label, count in (("Admin", 0), ("Member", 0), ("Limited", 2), ("OnlyLabel", 0))
                    ),
                    {"<some>": {"label": "ByKey", "permissionFlags": []}},
                ]
            }
        },
    ),
    "P12": Difference(
        reason="A relation to what a role cannot read is hidden.", status=200, problems=["rows lack rocketId"]
    ),
    "P21": Difference(reason=_HIDDEN, status=400, message='no permission to read field "annualRevenue" on "company"'),
    "P32": _answer(
        "A refusal names the field.",
        _failed(
            "Entity performing the request does not have permission:"
            ' no permission to read field "rockets" on "company"',
            "FORBIDDEN",
            "PERMISSION_DENIED",
            data={"companies": None},
        ),
    ),
    "P34": _answer(
        _HIDDEN,
        _failed(
            "Entity performing the request does not have permission:"
            ' no permission to read field "annualRevenue" on "company"',
            "FORBIDDEN",
            "PERMISSION_DENIED",
            data={"companies": None},
        ),
    ),
    "P35": _answer("REST shows what GraphQL shows to everybody.", _page(1) | {"totalCount": "<number>"}),
    "P42": _answer(
        "It is refused as its kin are.",
        _failed("Entity performing the request does not have permission", "FORBIDDEN", "PERMISSION_DENIED", data=None),
    ),
    "P46": Difference(
        reason="Introspection shows what the role may read.",
        status=200,
        problems=[f".__schema.queryType.fields: lacks {name}" for name in ("rockets", "rocket", "rocketsGroupBy")],
    ),
    "P55": _answer(_ALL_ALIKE, {"data": {"checkUserExists": {"<some>": {"exists": True}}}}),
    "P56": _answer(_ALL_ALIKE, {"data": {"checkUserExists": {"<some>": {"exists": True}}}}),
    "L1": _answer(_LIMITED, _REFUSED_AT_REST, 429),
    "L2": _answer(_LIMITED, _of_limit("people")),
    "L3": _answer(_LIMITED, _of_limit("people", "companies")),
    "L4": _answer(_ALL_LIMITED, _REFUSED_AT_REST, 429),
    "L5": _answer(_ALL_LIMITED, {"errors": _of_limit("objects")["errors"]}),
    "L6": _answer(_ALL_LIMITED, _REFUSED_AT_REST, 429),
}
