"""The expression of the generated column `searchVector`."""

import string

from threescore.model.objects import ObjectType
from threescore.sql import quote_literal

_MARKS = string.punctuation


def search_vector(object_type: ObjectType) -> str:
    """SQL for the search vector over the object's searchable fields, in field order; a NULL vector if there are none.

    The whole text goes through one call of `threescore.unaccent`: each call costs more than the text's length does.

    Punctuation becomes spaces, as it does in what is searched for. PostgreSQL would otherwise take "one/two" for the
    path of a file, and "ada@example.com" for one word that "example" does not find.
    """
    texts = [
        f"coalesce({text}, '')"
        for field in object_type.fields
        if field.is_searchable
        for text in field.kind.search_texts(field)
    ]
    if not texts:
        return "NULL::tsvector"
    text = " || ' ' || ".join(texts)
    spaced = f"translate({text}, {quote_literal(_MARKS)}, {quote_literal(' ' * len(_MARKS))})"
    return f"to_tsvector('simple', threescore.unaccent({spaced}))"
