"""What a request asks to be executed: one operation of its document, with variables and root fields."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import FieldNode, GraphQLError, OperationDefinitionNode, OperationType
from msgspec import Struct

from threescore.errors import BadRequest
from threescore.graphql.core.collect import Collector
from threescore.graphql.core.values import variables_of
from threescore.graphql.documents import Document, Documents
from threescore.graphql.limits import Limits
from threescore.graphql.request import GraphqlRequest
from threescore.records.service import Versions
from threescore.rest.http import matched_versions

ONE_RECORD = "If-Match is about one record; a request that writes several cannot have it"

_TYPE_NAMES = {
    OperationType.QUERY: "Query",
    OperationType.MUTATION: "Mutation",
    OperationType.SUBSCRIPTION: "Subscription",
}


class Operation(Struct, frozen=True):
    """An operation to execute. `kind` is the name of its root type, `fields` are the root fields by response key.

    `versions` are those of which the one record that a mutation writes must have one; None for any.
    """

    document: Document
    node: OperationDefinitionNode
    kind: str
    variables: dict[str, Any]
    fields: Mapping[str, Sequence[FieldNode]]
    versions: Versions = None

    def collector(self, limits: Limits) -> Collector:
        """A collector for the selections below one root field."""
        return Collector(self.document.fragments, self.variables, limits.fields)


def read_operation(documents: Documents, request: GraphqlRequest, limits: Limits) -> Operation:
    """The operation that a request means. Raises GraphQLError, BadRequest."""
    document = documents.parse(request.query)
    node = document.operation(request.operation_name)
    kind = _TYPE_NAMES[node.operation]
    if kind == "Mutation" and request.read_only:
        raise GraphQLError("A GET request can only query; send mutations with POST.", node)
    variables = variables_of(node, request.variables)
    fields = Collector(document.fragments, variables, limits.fields).fields([node.selection_set], kind)
    if len(fields) > limits.root_fields:
        raise BadRequest(
            f"Query too complex - Too many root resolvers requested: {len(fields)} - Maximum allowed root"
            f" resolvers: {limits.root_fields}",
            code="TOO_COMPLEX_QUERY",
        )
    versions = None
    if kind == "Mutation" and request.if_match is not None:
        if len(fields) > 1:
            raise BadRequest(ONE_RECORD)
        versions = matched_versions(request.if_match)
    return Operation(document, node, kind, variables, fields, versions)
