"""Where we answer otherwise than the recorded server, on purpose: by case, what must come instead and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .compare import Ids, differences, row_differences


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A wanted difference. What is None is not compared; without any of them only the status must be as said."""

    reason: str
    status: int
    message: str | None = None
    """A part of the error's message."""
    names: list[str] | None = None
    """The names of the rows."""
    expect: Any = None
    """The body, as in a recorded case."""
    order: tuple[int, ...] | None = None
    """The places in the recorded list of the records of our list, which has the same records in another order."""
    problems: list[str] | None = None
    """All that the comparison with the recorded answer finds."""


def wrong_otherwise(difference: Difference, body: Any, ids: Ids) -> Iterator[str]:
    """What is wrong with an answer that is to differ from the recorded one."""
    if difference.status >= 400:
        text = str(body.get("messages", body.get("message")))
        if difference.message and difference.message not in text:
            yield f"message {text!r} instead of one with {difference.message!r}"
    if difference.names is not None:
        yield from row_differences({"names": difference.names}, body, ids)
    if difference.expect is not None:
        yield from differences(difference.expect, body, ids)


_OWN_WORDS = "The recorded text shows the database's or the program's insides; ours says what is wrong."
_RESTORE = "Both forms of the path of a restore work."
_INPUT_ORDER = "A batch is answered in the order of its input."
_BATCH = "A request writes 60 records at most."
_FRACTION = "A fraction in a field of whole numbers is refused."
_DIGITS = "Integers beyond 2^53 keep their digits, as text."
_ODOMETER = 'odometer: "9007199254740993" instead of 9007199254740992'
_OPERATORS = "A field takes every operator that the schema shows, and messages name just these."
_CAUSE = "A refused change of the model reports its cause, without what follows from it."

DIFFERENCES: dict[str, Difference] = {
    "R10": Difference(reason=_DIGITS, status=201, problems=[f".data.createRocket.{_ODOMETER}"]),
    "R12": Difference(reason=_DIGITS, status=200, problems=[f".data.rocket.{_ODOMETER}"]),
    "R13": Difference(reason=_INPUT_ORDER, status=201, order=(2, 1, 0)),
    "R15": Difference(reason=_OWN_WORDS, status=400),
    "R17": Difference(reason=_BATCH, status=400, message="60"),
    "R18": Difference(reason=_BATCH, status=400, message="60"),
    "R33": Difference(reason="Many records are answered in the order of their ids.", status=200, order=(1, 0)),
    "R35": Difference(reason=_BATCH, status=400, message="60"),
    "R36": Difference(reason="An update of many needs a filter.", status=400, message="ilter"),
    "R42": Difference(reason=_RESTORE, status=200),
    "R43": Difference(reason=_RESTORE, status=200),
    "R45": Difference(reason=_RESTORE, status=200),
    "R53": Difference(reason=_BATCH, status=400, message="60"),
    "R83": Difference(
        reason=_OPERATORS, status=200, names=["Q30", "Q31", "Q32", "Q33", "Q34", "Q35", "Q36", "Q37", "Q38", "Q39"]
    ),
    "R84": Difference(reason=_OPERATORS, status=400, message="comparator contains not in eq, neq,"),
    "R85": Difference(reason=_OPERATORS, status=400, message='Operator "containsIlike" is not valid for field'),
    "R86": Difference(reason=_OPERATORS, status=400, message='Operator "search" is not valid for field'),
    "R131": Difference(reason=_DIGITS, status=200, names=["Ariane"]),
    "R150": Difference(reason="A refusal of what the caller sent is never a 500.", status=400),
    "R152": Difference(reason=_OWN_WORDS, status=400, message="NOPE"),
    "R154": Difference(reason=_OPERATORS, status=400, message='Operator "like" is not valid for field "status"'),
    "R173": Difference(reason=_OPERATORS, status=200, names=["R1"]),
    "R187": Difference(reason="A filter may go through a one-to-many relation.", status=200, names=[]),
    "R217": Difference(reason=_OPERATORS, status=400, message="comparator EQ not in eq, neq,"),
    "R222": Difference(reason="A parenthesis in quotes is text.", status=200, names=[]),
    "R234": Difference(
        reason="The direction of `id` counts.",
        status=200,
        names=["Q29", "Q28", "Q27", "Q26", "Q25", "Q24", "Q23", "Q22", "Q21", "Q20"],
    ),
    "R235": Difference(
        reason="A cursor holds the values of relations.",
        status=200,
        names=["Q20", "Q24", "Q28", "Q21", "Q22", "Q23", "Q25", "Q26", "Q27", "Q29"],
    ),
    "R236": Difference(
        reason="A cursor holds the values of join columns.",
        status=200,
        names=["Q21", "Q22", "Q23", "Q25", "Q26", "Q27", "Q29", "Q20", "Q24", "Q28"],
    ),
    "R242": Difference(reason="It says its code, as its kin do.", status=400, message="Sub field metadata not found"),
    "R250": Difference(reason="An order that cannot be had is refused, not ignored.", status=400),
    "R264": Difference(
        reason="The start cursor is the first row's, backwards too.",
        status=200,
        names=["Q21", "Q22"],
    ),
    "R261": Difference(reason="The order of search vectors means nothing.", status=200),
    "R276": Difference(
        reason="A cursor without the ordered relation's value belongs to another order.",
        status=400,
        message="Invalid cursor",
    ),
    "E8": Difference(reason="An id may be a UUID of any version.", status=404, message="Record not found"),
    "E9": Difference(reason="An id may be a UUID of any version.", status=404, message="Record not found"),
    "E18": Difference(reason="A POST to a record does not create another one.", status=400, message="POST"),
    "E19": Difference(reason="A batch can only be created.", status=400, message="PATCH"),
    "E20": Difference(reason="A batch can only be created.", status=400, message="DELETE"),
    "E38": Difference(reason=_OWN_WORDS, status=400, message="company"),
    "E39": Difference(reason=_OWN_WORDS, status=400, message="serialTwo"),
    "E41": Difference(reason=_OWN_WORDS, status=400, message="serialTwo"),
    "E42": Difference(reason=_OWN_WORDS, status=400, message="serial"),
    "E53": Difference(reason=_OWN_WORDS, status=400),
    "E54": Difference(reason=_OWN_WORDS, status=400),
    "E55": Difference(reason=_OWN_WORDS, status=400),
    "E56": Difference(reason=_OWN_WORDS, status=400),
    "E58": Difference(reason=_OWN_WORDS, status=400),
    "E59": Difference(reason=_OWN_WORDS, status=400),
    "E61": Difference(reason=_OWN_WORDS, status=400),
    "E60": Difference(
        reason="A body is JSON: a form could come from any page, with the cookie of whoever looks at it.",
        status=400,
        message="JSON",
    ),
    "E79": Difference(reason=_FRACTION, status=400, message="stages"),
    "E82": Difference(
        reason=_DIGITS, status=201, expect={"data": {"createRocket": {"<some>": {"odometer": "9007199254740993"}}}}
    ),
    "E83": Difference(
        reason="Digits that we answer as text may come back as text.",
        status=201,
        expect={"data": {"createRocket": {"<some>": {"odometer": "9007199254740993"}}}},
    ),
    "E84": Difference(reason=_FRACTION, status=400, message="odometer"),
    "E132": Difference(reason=_FRACTION, status=400, message="amountMicros"),
    "E140": Difference(
        reason=_DIGITS,
        status=201,
        expect={
            "data": {"createRocket": {"<some>": {"price": {"amountMicros": "9007199254740993", "currencyCode": "EUR"}}}}
        },
    ),
    "E145": Difference(reason=_OWN_WORDS, status=400, message="pilot"),
    "E151": Difference(
        reason="One address does for a list of one.",
        status=201,
        expect={
            "data": {
                "createRocket": {
                    "<some>": {"contactEmails": {"primaryEmail": "a@b.example", "additionalEmails": ["c@d.example"]}}
                }
            }
        },
    ),
    "E221": Difference(reason=_INPUT_ORDER, status=201, order=(2, 0, 1, 3)),
    "E227": Difference(reason=_OWN_WORDS, status=400, message="companyId"),
    "E228": Difference(
        reason="An upsert is atomic: the refused batch has changed nothing.",
        status=200,
        expect={"data": {"person": {"<some>": {"jobTitle": "B"}}}},
    ),
    "E248": Difference(
        reason="Options are ordered as people see them.",
        status=200,
        expect=[{"groupByDimensionValues": [value]} for value in ("FLOWN", "READY", "IDLE", None)],
    ),
    "E268": Difference(reason="A sample works however many fields the object has.", status=200),
    "E276": Difference(
        reason="It is a bad request as its kin are.", status=400, message="Cannot order by a field that is not"
    ),
    "E281": Difference(reason=_OWN_WORDS, status=400, message="nonsense"),
    "E297": Difference(reason=_OWN_WORDS, status=400, message="x"),
    "E303": Difference(
        reason="A merge takes the losers' morph relations along.",
        status=200,
        expect={
            "data": {"noteTargets": [{"<some>": {"targetPersonId": "11111111-1111-4111-8111-000000000080"}}]},
            "totalCount": 1,
            "pageInfo": "<any>",
        },
    ),
    "X1": Difference(reason="Both spellings of the view's id count.", status=400, message="nonsense"),
    "N9": Difference(reason="A refusal of what the caller sent is never a 500.", status=400),
    "N27": Difference(reason=_CAUSE, status=400),
    "N36": Difference(reason=_CAUSE, status=400),
}
