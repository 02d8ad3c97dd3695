"""The expression of the generated column `searchVector`."""

from threescore.model.objects import ObjectType


def search_vector(object_type: ObjectType) -> str:
    """SQL for the search vector over the object's searchable fields, in field order; a NULL vector if there are none.

    The whole text goes through one call of `threescore.unaccent`: each call costs more than the text's length does.
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
    return f"to_tsvector('simple', threescore.unaccent({text}))"
