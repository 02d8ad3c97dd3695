"""Changes of a workspace's data model: the rules, and the one transaction in which a change happens."""

from threescore.catalog.changes.service import ModelChanges

__all__ = ["ModelChanges"]
