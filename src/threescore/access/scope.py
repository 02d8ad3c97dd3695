"""What an API key is meant for, where that is less than its role allows."""

from enum import Enum
from functools import cached_property
from uuid import UUID

from msgspec import Struct


class Access(Enum):
    """How records may be used. Who writes may read, too."""

    NONE = "NONE"
    READ = "READ"
    WRITE = "WRITE"

    @property
    def reads(self) -> bool:
        return self is not Access.NONE

    @property
    def writes(self) -> bool:
        return self is Access.WRITE


class ObjectScope(Struct, frozen=True, kw_only=True):
    """How the records of one object may be used."""

    object_id: UUID
    access: Access


class Scope(Struct, frozen=True, dict=True, kw_only=True):
    """How the records of all objects may be used, and those of single objects instead."""

    of_all: Access = Access.NONE
    objects: tuple[ObjectScope, ...] = ()

    @cached_property
    def by_object(self) -> dict[UUID, Access]:
        return {item.object_id: item.access for item in self.objects}

    def access(self, object_id: UUID) -> Access:
        """How the records of an object may be used."""
        return self.by_object.get(object_id, self.of_all)
