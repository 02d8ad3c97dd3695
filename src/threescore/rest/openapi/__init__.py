"""OpenAPI documents and Markdown, made of nothing but a workspace's data model and where the server is."""

from threescore.rest.openapi.core import core_document
from threescore.rest.openapi.guide import core_guide, metadata_guide
from threescore.rest.openapi.markdown import general_markdown, workspace_markdown
from threescore.rest.openapi.metadata import metadata_document
from threescore.rest.openapi.shared import Site, base_document

__all__ = [
    "Site",
    "base_document",
    "core_document",
    "core_guide",
    "general_markdown",
    "metadata_document",
    "metadata_guide",
    "workspace_markdown",
]
