"""Everything that can be asked about the records of a world: each object, field and relation by every route."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any, Literal
from urllib.parse import quote

from msgspec import Struct

from tests.access.worlds import ARRANGED, PLURALS, World
from threescore.model.objects import Field, ObjectType
from threescore.query.grouping import aggregates_of

Named = tuple[str, str]
UNKNOWN = "99999999-9999-4999-8999-999999999999"


class Probe(Struct, frozen=True, eq=False, kw_only=True):
    """One request, or one root field of GraphQL.

    `objects` and `fields` are what it names; `writes` are the fields it writes and `needs` the rights to `object`.
    `method` is empty for GraphQL, where `text` is a root field; else `text` is a path below `/rest`.
    """

    object: str
    text: str
    method: str = ""
    body: Any = None
    objects: frozenset[str] = frozenset()
    fields: frozenset[Named] = frozenset()
    writes: frozenset[Named] = frozenset()
    needs: tuple[Literal["read", "update", "soft_delete", "destroy"], ...] = ("read",)
    merges: bool = False

    @property
    def is_write(self) -> bool:
        return self.needs != ("read",)


def _shown(field: Field) -> str:
    """A selection of a field of the record itself."""
    if field.is_relation:
        assert field.join_column
        return field.join_column
    parts = list(field.kind.sub_fields)
    return f"{field.name} {{ {' '.join(parts)} }}" if parts else field.name


def _paths(field: Field) -> Iterator[tuple[str, ...]]:
    """The paths by which filters and orders name the columns of a field."""
    for leaf in field.leaves:
        if field.join_column:
            yield (field.join_column,)
        else:
            yield (field.name, leaf.sub_field) if leaf.sub_field else (field.name,)


def _nest(path: tuple[str, ...], inner: str) -> str:
    for name in reversed(path):
        inner = f"{{{name}: {inner}}}"
    return inner


def _conditions(world: World, name: str, field: Field, path: tuple[str, ...]) -> Iterator[str]:
    yield "{is: NULL}"
    leaf = field.leaf_by_sub_field[path[1] if len(path) > 1 else None]
    value = _deep(world.records[name][0], path)
    if isinstance(value, str) and "eq" in leaf.type.operators:
        yield f"{{eq: {json.dumps(value)}}}"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield f"{{gte: {value}}}"


def _deep(row: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        row = row.get(key) if isinstance(row, dict) else None
    return row if isinstance(row, str | int | float | None) else None


def reads(world: World, random: Random) -> list[Probe]:
    """Reads of all kinds over all fields; of some that differ little, only a sample."""
    found: list[Probe] = []
    for name, plural in PLURALS.items():
        object_type = world.model.by_singular[name]
        fields = world.own_fields(name)
        found += _plain(world, name, plural)
        for field in fields:
            if field.is_one_to_many:
                found += _to_many(world, name, plural, field)
                continue
            if field.is_relation:
                found += _to_one(world, name, plural, field)
            found += _by_field(world, object_type, plural, field)
        for field in fields:
            if field.is_relation and not field.is_one_to_many:
                target = world.model.target(field)
                if target.name_singular in PLURALS:
                    for inner in world.own_fields(target.name_singular):
                        if not inner.is_relation and random.random() < 0.5:
                            found += _through(world, name, plural, field, inner)
    return found


def _plain(world: World, name: str, plural: str) -> Iterator[Probe]:
    """Routes that name no field."""
    ids = [row["id"] for row in world.records[name]]
    about = frozenset({name})
    for row_id in (ids[0], ids[-1], UNKNOWN):
        yield Probe(object=name, objects=about, method="GET", text=f"{plural}/{row_id}?depth=1")
        yield Probe(object=name, objects=about, text=f'{name}(filter: {{id: {{eq: "{row_id}"}}}}) {{ id position }}')
    for query in ("", "?depth=1", "?limit=2", "?filter=deletedAt[is]:NOT_NULL", "?order_by=position[DescNullsLast]"):
        yield Probe(object=name, objects=about, method="GET", text=plural + query)
    for body in ({"ids": ids}, {"data": [{k: v for k, v in world.records[name][0].items() if k == "id"}]}):
        yield Probe(object=name, objects=about, method="POST", text=f"{plural}/duplicates", body=body)
    yield Probe(
        object=name,
        objects=about,
        text=f"{plural}(last: 2) {{ totalCount pageInfo {{ hasNextPage "
        "hasPreviousPage startCursor endCursor } edges { cursor node { id } } }",
    )
    listed = ", ".join(f'"{row_id}"' for row_id in ids)
    yield Probe(
        object=name, objects=about, text=f"{name}Duplicates(ids: [{listed}]) {{ totalCount edges {{ node {{ id }} }} }}"
    )
    yield Probe(
        object=name,
        objects=about,
        text=f"{plural}GroupBy(groupBy: [{{createdAt: {{granularity: DAY, "
        'timeZone: "UTC"}}]) { totalCount edges { node { id } } }',
    )
    for words in ("", "red", "shared", "Rome Ada", "lue"):
        yield Probe(
            object=name,
            objects=about,
            text=f'search(searchInput: "{words}", limit: 20, '
            f'includedObjectNameSingulars: ["{name}"]) {{ edges {{ cursor node {{ recordId label imageUrl '
            "tsRank tsRankCD } } pageInfo { hasNextPage endCursor } }",
        )


def _by_field(world: World, object_type: ObjectType, plural: str, field: Field) -> Iterator[Probe]:
    name = object_type.name_singular
    about: dict[str, Any] = {"object": name, "objects": frozenset({name}), "fields": frozenset({(name, field.name)})}
    shown = f"edges {{ cursor node {{ id {_shown(field)} }} }}"
    yield Probe(**about, text=f"{plural} {{ totalCount {shown} }}")
    for path in _paths(field):
        order = _nest(path, "DescNullsLast")
        yield Probe(
            **about, text=f"{plural}(first: 3, orderBy: [{order}]) {{ {shown} pageInfo {{ endCursor hasNextPage }} }}"
        )
        yield Probe(**about, method="GET", text=f"{plural}?limit=3&order_by={'.'.join(path)}")
        for condition in _conditions(world, name, field, path):
            yield Probe(
                **about, text=f"{plural}(filter: {_nest(path, condition)}) {{ totalCount edges {{ node {{ id }} }} }}"
            )
        yield Probe(**about, method="GET", text=f"{plural}?filter={quote('.'.join(path) + '[is]:NOT_NULL')}")
        if field.kind.groupable and not field.is_system:
            groups = f"{plural}GroupBy(groupBy: [{_nest(path, 'true')}])"
            yield Probe(**about, text=f"{groups} {{ groupByDimensionValues totalCount edges {{ node {{ id }} }} }}")
    title = field.name[0].upper() + field.name[1:]
    ending = [n for n in aggregates_of(object_type) if n.endswith(title) or title in n]
    mine = [
        n
        for n in ending
        if any(a in {leaf.column for leaf in field.leaves} for a in aggregates_of(object_type)[n].columns)
    ]
    if mine and not field.is_relation:
        yield Probe(**about, text=f"{plural} {{ {' '.join(mine[:12])} }}")
        query = f"group_by={quote('[]')}&aggregate={quote(str(mine[:6]).replace(chr(39), chr(34)))}"
        yield Probe(**about, method="GET", text=f"{plural}/groupBy?{query}")


def _to_one(world: World, name: str, plural: str, field: Field) -> Iterator[Probe]:
    target = world.model.target(field).name_singular
    yield Probe(
        object=name,
        objects=frozenset({name, target}),
        fields=frozenset({(name, field.name)}),
        text=f"{plural} {{ edges {{ node {{ id {field.name} {{ id position }} }} }} }}",
    )


def _to_many(world: World, name: str, plural: str, field: Field) -> Iterator[Probe]:
    target = world.model.target(field).name_singular
    about: dict[str, Any] = {
        "object": name,
        "objects": frozenset({name, target}),
        "fields": frozenset({(name, field.name)}),
    }
    yield Probe(
        **about,
        text=f"{plural} {{ edges {{ node {{ id {field.name} {{ totalCount edges {{ node {{ id "
        "position } } } } } }",
    )
    yield Probe(
        **about,
        text=f"{plural}(filter: {{{field.name}: {{id: {{is: NOT_NULL}}}}}}) {{ totalCount edges {{ node {{ id }} }} }}",
    )
    for inner in world.own_fields(target)[::3]:
        if inner.is_relation:
            continue
        more = about | {"fields": about["fields"] | {(target, inner.name)}}
        path = next(_paths(inner))
        yield Probe(
            **more,
            text=f"{plural} {{ edges {{ node {{ id {field.name}(orderBy: [{_nest(path, 'AscNullsLast')}]"
            f", filter: {_nest(path, '{is: NOT_NULL}')}) {{ totalCount edges {{ cursor node {{ "
            f"{_shown(inner)} }} }} }} }} }} }}",
        )


def _through(world: World, name: str, plural: str, field: Field, inner: Field) -> Iterator[Probe]:
    """A field of the record that a many-to-one relation leads to."""
    target = world.model.target(field).name_singular
    about: dict[str, Any] = {
        "object": name,
        "objects": frozenset({name, target}),
        "fields": frozenset({(name, field.name), (target, inner.name)}),
    }
    for path in list(_paths(inner))[:2]:
        far = (field.name, *path)
        ids = "edges { cursor node { id } }"
        yield Probe(**about, text=f"{plural}(filter: {_nest(far, '{is: NULL}')}) {{ totalCount {ids} }}")
        yield Probe(**about, text=f"{plural}(first: 4, orderBy: [{_nest(far, 'AscNullsFirst')}]) {{ {ids} }}")
        if inner.kind.groupable and not inner.is_system:
            yield Probe(
                **about,
                text=f"{plural}GroupBy(groupBy: [{_nest(far, 'true')}]) {{ groupByDimensionValues totalCount }}",
            )
    yield Probe(**about, text=f"{plural} {{ edges {{ node {{ id {field.name} {{ {_shown(inner)} }} }} }} }}")


def writes(world: World, random: Random) -> list[Probe]:
    """Writes of all kinds."""
    found: list[Probe] = []
    for name, plural in PLURALS.items():
        found += _writes_of(world, random, name, plural)
    return found


def _writes_of(world: World, random: Random, name: str, plural: str) -> Iterator[Probe]:
    rows = world.records[name]
    object_type = world.model.by_singular[name]
    about = frozenset({name})
    create = random.choice(["first", "last"])
    fields = [f for f in world.own_fields(name) if f.kind.writable and not f.is_one_to_many and f.leaves]
    named = [f for f in fields if f.name not in ("id", "createdBy", "updatedBy", "createdAt", "updatedAt", "deletedAt")]
    title = object_type.type_name
    for number, field in enumerate(named):
        key = field.join_column or field.name
        value = rows[number % len(rows)][key]
        if field.is_unique or field.name in ("position", "emails", "domainName", "code"):
            continue
        body = {"id": f"{number:08}-2222-4222-8222-{ord(name[0]):012}", key: value, "position": create}
        wrote = frozenset({(name, field.name)})
        row_id = rows[(number * 3) % len(rows)]["id"]
        update: Any = {"object": name, "objects": about, "writes": wrote, "needs": ("read", "update")}
        yield Probe(**update, method="POST", text=plural, body=body)
        yield Probe(**update, method="PATCH", text=f"{plural}/{row_id}", body={key: value})
        if number % 3 == 0:
            yield Probe(**update, method="POST", text=f"batch/{plural}?upsert=true", body=[{key: value, "id": row_id}])
            yield Probe(**update, method="PATCH", text=f"{plural}?filter=id[is]:NOT_NULL&depth=1", body={key: value})
        if field.join_column:
            target = world.model.target(field).name_singular
            for other in (world.records[target][0]["id"], world.records[target][-1]["id"], UNKNOWN):
                yield Probe(**update, method="PATCH", text=f"{plural}/{row_id}", body={key: other})
                where = f'{{connect: {{where: {{id: "{other}"}}}}}}'
                text = f'update{title}(id: "{row_id}", data: {{{field.name}: {where}}}) {{ id {key} }}'
                yield Probe(**update, text=text)
    # Records like others, which pass the rules that those pass.
    alike = [field for field in named if field.name in ARRANGED or field.join_column in ARRANGED]
    for number, row in enumerate(rows[:4]):
        body = {field.join_column or field.name: row[field.join_column or field.name] for field in alike}
        body |= {"id": f"{number:08}-3333-4333-8333-{ord(name[0]):012}", "position": ("first", "last")[number % 2]}
        wrote = frozenset((name, field.name) for field in alike)
        like: Any = {"object": name, "objects": about, "writes": wrote, "needs": ("read", "update")}
        yield Probe(**like, method="POST", text=plural, body=body)
    for row in (rows[0], rows[-1], {"id": UNKNOWN}):
        path = f"{plural}/{row['id']}"
        soft: Any = {"object": name, "objects": about, "needs": ("read", "soft_delete")}
        yield Probe(**soft, method="DELETE", text=f"{path}?soft_delete=true")
        yield Probe(**soft, method="PATCH", text=f"restore/{path}")
        yield Probe(**soft, text=f'delete{title}(id: "{row["id"]}") {{ id position }}')
    merge: Any = {"object": name, "objects": about, "needs": ("read", "update", "destroy"), "merges": True}
    for ids in ([rows[0]["id"], rows[1]["id"]], [rows[1]["id"], rows[2]["id"], rows[-1]["id"]]):
        body = {"ids": ids, "conflictPriorityIndex": 0, "dryRun": True}
        yield Probe(**merge, method="PATCH", text=f"{plural}/merge", body=body)
        yield Probe(**merge, method="PATCH", text=f"{plural}/merge", body=body | {"dryRun": False})
    gone: Any = {"object": name, "objects": about, "needs": ("read", "destroy")}
    yield Probe(**gone, method="DELETE", text=f"{plural}/{rows[1]['id']}")
    yield Probe(**gone, method="DELETE", text=f"{plural}/{UNKNOWN}")
    yield Probe(**soft, method="PATCH", text=f"restore/{plural}?filter=deletedAt[is]:NOT_NULL")
    yield Probe(**soft, method="DELETE", text=f"{plural}?soft_delete=true&filter=id[is]:NOT_NULL")
    yield Probe(**gone, method="DELETE", text=f"{plural}?filter=or(id[is]:NOT_NULL,deletedAt[is]:NOT_NULL)")
