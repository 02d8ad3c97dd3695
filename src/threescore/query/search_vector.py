"""The words that a record is found by: the expression of the generated column `searchVector`."""

import string
from collections.abc import Iterable

from threescore.model.objects import Field, ObjectType
from threescore.sql import quote_literal

_MARKS = string.punctuation


def searchable_fields(object_type: ObjectType) -> list[Field]:
    """The fields by whose words records are found, in their order."""
    return [field for field in object_type.fields if field.is_searchable]


def search_vector(fields: Iterable[Field]) -> str:
    """SQL for the search vector over searchable fields of an object; a NULL vector if there are none.

    The whole text goes through one call of `threescore.unaccent`: each call costs more than the text's length does.

    Punctuation becomes spaces, as it does in what is searched for. PostgreSQL would otherwise take "one/two" for the
    path of a file, and "ada@example.com" for one word that "example" does not find.
    """
    texts = [f"coalesce({text}, '')" for field in fields for text in field.kind.search_texts(field)]
    if not texts:
        return "NULL::tsvector"
    text = " || ' ' || ".join(texts)
    spaced = f"translate({text}, {quote_literal(_MARKS)}, {quote_literal(' ' * len(_MARKS))})"
    return f"to_tsvector('simple', threescore.unaccent({spaced}))"
