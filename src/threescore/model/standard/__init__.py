"""The standard objects as data, and the parts that every new object is built from."""

from threescore.model.standard.custom import NewObject, new_object
from threescore.model.standard.indexes import current_index_name, missing_indexes, new_index
from threescore.model.standard.model import standard_model

__all__ = ["NewObject", "current_index_name", "missing_indexes", "new_index", "new_object", "standard_model"]
