"""The GraphQL door to the data model and the settings of a workspace: `/metadata`."""

from threescore.graphql.metadata.door import MetadataGraphql

__all__ = ["MetadataGraphql"]
