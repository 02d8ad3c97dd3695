"""Documents: parsed once, remembered by their text."""

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    parse,
)

from threescore.errors import BadRequest

CACHE_LIMIT = 1000
"""How many documents a cache remembers, least recently used ones leaving first."""

CACHED_LENGTH = 20_000
"""Documents longer than this are not remembered: they are written by programs that never repeat them."""

CACHE_LENGTH = 400_000
"""How long all remembered documents may be together. A parsed one takes some 80 bytes for each character."""

Parsed = TypeVar("Parsed")


class DocumentCache(Generic[Parsed]):
    """What was made of the documents that a worker has met lately, by their text. Threads may share it."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Parsed] = OrderedDict()
        self._length = 0
        self._lock = Lock()

    def get(self, source: str) -> Parsed | None:
        """What is remembered of a text."""
        with self._lock:
            known = self._known.get(source)
            if known is not None:
                self._known.move_to_end(source)
            return known

    def put(self, source: str, parsed: Parsed) -> None:
        """Remembers what was made of a text, unless it is too long for that."""
        if len(source) > CACHED_LENGTH:
            return
        with self._lock:
            if source not in self._known:
                self._length += len(source)
            self._known[source] = parsed
            while len(self._known) > CACHE_LIMIT or self._length > CACHE_LENGTH:
                forgotten, _ = self._known.popitem(last=False)
                self._length -= len(forgotten)


class Document:
    """A parsed document: its operations, and its fragments by name."""

    __slots__ = ("fragments", "operations", "source")

    def __init__(self, node: DocumentNode, source: str) -> None:
        self.source = source
        self.operations: list[OperationDefinitionNode] = []
        self.fragments: dict[str, FragmentDefinitionNode] = {}
        for definition in node.definitions:
            if isinstance(definition, OperationDefinitionNode):
                self.operations.append(definition)
            elif isinstance(definition, FragmentDefinitionNode):
                self.fragments[definition.name.value] = definition
            else:
                raise GraphQLError("A document to execute holds operations and fragments only.", definition)

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation of that name, or the only one. Raises GraphQLError."""
        if name:
            for operation in self.operations:
                if operation.name and operation.name.value == name:
                    return operation
            raise GraphQLError(f'Unknown operation named "{name}".')
        if not self.operations:
            raise GraphQLError("Must provide an operation.")
        if len(self.operations) > 1:
            raise GraphQLError("Must provide operation name when document contains multiple operations.")
        return self.operations[0]


class Documents:
    """The documents of operations on records. What they ask for is looked at when they are executed."""

    def __init__(self, max_tokens: int) -> None:
        self._max_tokens = max_tokens
        self._cache: DocumentCache[Document] = DocumentCache()

    def parse(self, source: str) -> Document:
        """The document of a text. Raises GraphQLError for bad syntax, BadRequest for one that nests too deeply."""
        known = self._cache.get(source)
        if known is not None:
            return known
        try:
            document = Document(parse(source, max_tokens=self._max_tokens, allow_empty_selection_sets=False), source)
        except RecursionError as error:
            raise BadRequest("The document is nested too deeply") from error
        self._cache.put(source, document)
        return document
