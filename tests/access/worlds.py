"""Random worlds for the test of permissions: a model, its records, roles, and what those roles must not notice.

Nothing here asks the product what a role may see: it is worked out anew, from the role and from all records.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from random import Random
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal

from tests.access.roles import Office, Rules
from tests.records.wire import ANYWHERE, create_many, make_field, make_object, object_id, options, page, relation
from threescore.db.pool import Database
from threescore.model.objects import Field, Model, ObjectType
from threescore.sql import quote_identifier as q

Row = dict[str, Any]
Tree = dict[str, Any]

ALWAYS = ("id", "createdAt", "updatedAt", "deletedAt", "position")
PLURALS = {"alpha": "alphas", "beta": "betas", "company": "companies", "person": "people"}
NAMES = ["red shared", "blue", "green", "lue"]
"""Names of records: words of several, one that others only contain."""

ARRANGED = ("name", "size", "flag", "stage", "parentId", "betaId", "companyId", "jobTitle", "employees")
"""What row rules speak of: never changed behind a role's back, since that changes what the role sees."""

EXTRAS: Mapping[str, Callable[[Random, int], Any]] = {
    "CURRENCY": lambda random, n: {"amountMicros": random.randrange(5) * 10**6, "currencyCode": "EUR"},
    "DATE": lambda random, n: f"2026-0{random.randint(1, 3)}-01",
    "DATE_TIME": lambda random, n: f"2026-0{random.randint(1, 3)}-01T10:00:00.000Z",
    "MULTI_SELECT": lambda random, n: random.sample(["B", "A"], random.randint(0, 2)),
    "ARRAY": lambda random, n: random.sample(["x", "y", "z"], random.randint(0, 2)),
    "RAW_JSON": lambda random, n: {"k": random.randrange(3)},
    "FULL_NAME": lambda random, n: {"firstName": random.choice(["Ada", "Bob"]), "lastName": random.choice("XYZ")},
    "LINKS": lambda random, n: {"primaryLinkUrl": f"https://{random.choice('abc')}.example"},
    "PHONES": lambda random, n: {
        "primaryPhoneNumber": f"06123456{random.randint(10, 13)}",
        "primaryPhoneCallingCode": "+33",
        "primaryPhoneCountryCode": "FR",
    },
    "ADDRESS": lambda random, n: {"addressCity": random.choice(["Rome", "Oslo"])},
    "RATING": lambda random, n: f"RATING_{random.randint(1, 5)}",
    "NUMBER": lambda random, n: random.choice([None, 1, 2.5, -3]),
    "BOOLEAN": lambda random, n: random.random() < 0.5,
    "UUID": lambda random, n: f"33333333-3333-4333-8333-{random.randrange(3):012}",
    "TEXT": lambda random, n: random.choice(["", "red", "green", "blue shared"]),
}
"""Types of fields that an object may have besides those which row rules speak of, with a value for a record."""


class World:
    """A workspace with two objects of its own, whose fields and relations are drawn, and records."""

    def __init__(self, random: Random, api: httpx.Client, office: Office, portal: BlockingPortal, db: Database) -> None:
        self._random = random
        self._portal, self._db = portal, db
        self._schema = office.workspace.schema
        self.api = api
        self._make_model(api)
        self.model: Model = office.model()
        self._fill(api)
        self.records = {name: self.everything(api, name) for name in PLURALS}
        for name in PLURALS:
            table, copy = self._table(name), self._table(f"_copy_{name}")
            self.run(
                f"CREATE TABLE {copy} AS SELECT * FROM {table}",
                # The words of a record follow what `run` does to it.
                f'ALTER TABLE {table} ENABLE ALWAYS TRIGGER "searchVector"',
            )

    # Making it

    def _make_model(self, api: httpx.Client) -> None:
        random = self._random
        for name in ("alpha", "beta"):
            made = make_object(
                api,
                name,
                {"name": "size", "type": "NUMBER"},
                {"name": "flag", "type": "BOOLEAN", "defaultValue": False},
                {"name": "stage", "type": "SELECT", "options": options("C", "A", "B")},
                {"name": "code", "type": "TEXT", "isUnique": True},
            )
            for kind in random.sample(sorted(EXTRAS), 4):
                more: dict[str, Any] = {"options": options("B", "A")} if kind == "MULTI_SELECT" else {}
                make_field(api, made["id"], name=f"extra{kind.title().replace('_', '')}", type=kind, **more)
            targets = {"alpha": {"beta": "beta", "company": "company"}, "beta": {"parent": "beta"}}[name]
            self._wanted = getattr(self, "_wanted", []) + [
                (made["id"], field, target) for field, target in targets.items() if random.random() < 0.8
            ]
        for owner, field, target in self._wanted:
            payload = relation(object_id(api, target), f"Back {field}")
            make_field(api, owner, name=field, type="RELATION", relationCreationPayload=payload)

    def _fill(self, api: httpx.Client) -> None:
        random = self._random
        ids: dict[str, list[str]] = {name: [] for name in PLURALS}

        def some(name: str) -> str | None:
            return random.choice([None, *ids[name]])

        def record(name: str, n: int) -> Row:
            row: Row = {"id": f"{ord(name[0]):08x}-1111-4111-8111-{n:012}"}
            if name == "company":
                return row | {
                    "name": random.choice(NAMES),
                    "employees": random.choice([None, 1, 5, 50]),
                    "domainName": {"primaryLinkUrl": f"https://c{n}.example"},
                    "address": EXTRAS["ADDRESS"](random, n),
                }
            if name == "person":
                return row | {
                    "name": EXTRAS["FULL_NAME"](random, n),
                    "jobTitle": random.choice(["red", "blue shared"]),
                    "city": random.choice(["Rome", "Oslo", ""]),
                    "companyId": some("company"),
                    "linkedinLink": EXTRAS["LINKS"](random, n),
                    "emails": {"primaryEmail": f"p{n}@example.com"},
                }
            row |= {
                "name": random.choice(NAMES),
                "size": random.choice([None, 1, 5, 50]),
                "flag": random.random() < 0.5,
                "stage": random.choice([None, "A", "B", "C"]),
                "code": f"{name} {n}",
            }
            for field in self.model.by_singular[name].fields:
                if field.name.startswith("extra"):
                    row[field.name] = EXTRAS[field.type](random, n)
                elif field.name in ("beta", "company", "parent") and field.join_column:
                    row[field.join_column] = some(self.model.target(field).name_singular)
            return row

        for name, count in (("company", 5), ("person", 8), ("beta", 7), ("alpha", 9)):
            made = create_many(api, PLURALS[name], [record(name, n) for n in range(count)])
            ids[name] = [row["id"] for row in made]
            gone = random.choice(ids[name])
            api.delete(f"/rest/{PLURALS[name]}/{gone}?soft_delete=true").raise_for_status()

    # What is in it

    def everything(self, client: httpx.Client, name: str) -> list[Row]:
        """The plain find: all records that a client sees, soft-deleted ones too."""
        records: list[Row] = page(client, PLURALS[name], filter=ANYWHERE, limit=200)["data"][PLURALS[name]]
        return records

    def own_fields(self, name: str) -> list[Field]:
        """The fields of an object that matter here: no relations to objects that are not part of the test."""
        return [
            field
            for field in self.model.by_singular[name].fields
            if not field.is_relation or self.model.target(field).name_singular in PLURALS
        ]

    # Changing it behind everybody's back

    def _table(self, name: str) -> str:
        return f"{q(self._schema)}.{q(name)}"

    def run(self, *statements: str) -> None:
        """Runs SQL in one transaction, in which no foreign key is looked at."""
        self._portal.call(self._run, statements)

    async def _run(self, statements: tuple[str, ...]) -> None:
        async with self._db.transaction() as connection:
            await connection.execute("SET LOCAL session_replication_role = replica")
            for statement in statements:
                await connection.execute(statement)

    @contextmanager
    def restored(self) -> Iterator[None]:
        """What is done to the records inside is undone at the end."""
        try:
            yield
        finally:
            statements = []
            for name in PLURALS:
                columns = ", ".join(q(c) for c in self.model.by_singular[name].leaf_by_column if c != "searchVector")
                statements.append(f"DELETE FROM {self._table(name)}")
                statements.append(
                    f"INSERT INTO {self._table(name)} ({columns}) SELECT {columns} FROM {self._table(f'_copy_{name}')}"
                )
            self.run(*statements)

    def scramble(self, sight: "Sight", kept: str) -> None:
        """Gives other values to all that a role does not see, but for what decides about what it sees.

        Some records go, but none whose id is somewhere in the text `kept`: that an id is taken can be told.
        """
        statements = []
        for name in PLURALS:
            object_type = self.model.by_singular[name]
            whole = name not in sight.objects
            for field in object_type.fields:
                if field.name in ("id", "searchVector"):
                    continue
                hidden = whole or field.name in sight.hidden[name]
                for leaf in field.leaves:
                    if leaf.column in ARRANGED and f"'{field.name}'" in str(sight.rules.rows):
                        continue
                    if name in sight.asked and (field.is_relation or field.name == "deletedAt"):
                        continue
                    where = "TRUE" if hidden else f"NOT {self._seen(sight, name)}"
                    statements.append(self._other_value(object_type, leaf.column, where))
            if name not in sight.asked:
                table = self._table(name)
                going = [r["id"] for r in self.records[name] if r["id"] not in sight.rows[name] and r["id"] not in kept]
                statements += [f"DELETE FROM {table} WHERE id = '{row_id}'" for row_id in going[::2]]
        self.run(*statements)

    def _other_value(self, object_type: ObjectType, column: str, where: str) -> str:
        table = self._table(object_type.name_singular)
        leaf = object_type.leaf_by_column[column]
        unique = any(leaf in key for key in object_type.unique_keys)
        if unique:
            return f"UPDATE {table} SET {q(column)} = 'other ' || id WHERE {where}"
        nothing = "t.v" if leaf.type.column_required(leaf) else "CASE WHEN random() < 0.7 THEN t.v END"
        return (
            f"UPDATE {table} u SET {q(column)} = {nothing} FROM (SELECT id, lead(v) OVER (ORDER BY md5(id::text)) AS v"
            f" FROM (SELECT id, {q(column)} AS v FROM {table}) w) t WHERE u.id = t.id AND t.v IS NOT NULL"
            f" AND u.id IN (SELECT id FROM {table} WHERE {where})"
        )

    def reduce(self, sight: "Sight") -> None:
        """Takes all away that a role does not see."""
        statements = []
        for name in PLURALS:
            if name not in sight.objects:
                continue
            statements.append(f"DELETE FROM {self._table(name)} WHERE NOT {self._seen(sight, name)}")
            object_type = self.model.by_singular[name]
            columns = [
                leaf
                for field in object_type.fields
                if field.name in sight.hidden[name] and field.name != "searchVector"
                for leaf in field.leaves
            ]
            for leaf in columns:
                if not leaf.type.column_required(leaf):
                    statements.append(f"UPDATE {self._table(name)} SET {q(leaf.column)} = NULL")
        self.run(*statements)

    def _seen(self, sight: "Sight", name: str) -> str:
        ids = ", ".join(f"'{row_id}'" for row_id in sight.rows[name]) or "NULL"
        return f"coalesce(id IN ({ids}), FALSE)"


class Sight:
    """What a role sees of a world, worked out from what it says and from all records.

    `objects` are those it can read, `hidden` the fields of each that it cannot, `rows` the ids of the records,
    `writable` the objects and `locked` the fields that it can or cannot write. `asked` are the objects whose rows the
    rules of others look at.
    """

    def __init__(self, world: World, rules: Rules) -> None:
        self.world = world
        self.rules = rules
        model = world.model
        self.objects = {o.name_singular for o in model.objects if self._right(o.name_singular, "read")}
        denied = {key for key, rights in rules.fields.items() if rights.get("read") is False and key[1] not in ALWAYS}
        self.hidden: dict[str, set[str]] = {}
        for object_type in model.objects:
            name = object_type.name_singular
            hidden = {field.name for field in object_type.fields if (name, field.name) in denied}
            for field in object_type.fields:
                if field.is_relation:
                    target, back = model.target(field), model.inverse(field)
                    if (target.name_singular, back.name) in denied or target.name_singular not in self.objects:
                        hidden.add(field.name)
            if any(field.is_searchable and field.name in hidden for field in object_type.fields):
                hidden.add("searchVector")
            self.hidden[name] = hidden
        self.rows = {name: [r["id"] for r in world.records[name] if self._passes(name, r)] for name in PLURALS}
        self.asked = {
            target
            for name in rules.rows
            for target in PLURALS
            if any(
                field.is_relation
                and model.target(field).name_singular == target
                and f"'{field.name}'" in str(rules.rows[name])
                for field in model.by_singular[name].fields
            )
        }

    def _right(self, name: str, right: str) -> bool:
        own = self.rules.objects.get(name, {}).get(right)
        return self.rules.everywhere[right] if own is None else own

    def may(self, name: str, *rights: str) -> bool:
        """Whether the role has all these rights to an object."""
        return name in self.objects and all(self._right(name, right) for right in rights)

    def locked(self, name: str) -> set[str]:
        """The fields of an object that cannot be written."""
        rights = self.rules.fields.items()
        locked = {field for (o, field), r in rights if o == name and r.get("update") is False and field not in ALWAYS}
        return locked | self.hidden[name]

    def _passes(self, name: str, row: Row) -> bool:
        rule = self.rules.rows.get(name)
        return name in self.objects and (rule is None or self._holds(name, rule, row) is True)

    def _holds(self, name: str, tree: Mapping[str, Any], row: Row) -> bool | None:
        """Whether a filter finds a row, with SQL's third answer."""
        return _every([self._entry(name, key, value, row) for key, value in tree.items()])

    def _entry(self, name: str, key: str, value: Any, row: Row) -> bool | None:
        if key == "and":
            return _every([self._holds(name, item, row) for item in value])
        if key == "or":
            return _negated(_every([_negated(self._holds(name, item, row)) for item in value]))
        if key == "not":
            return _negated(self._holds(name, value, row))
        field = self.world.model.by_singular[name].field_by_name[key]
        if field.is_relation:
            target = self.world.model.target(field).name_singular
            there = {r["id"]: r for r in self.world.records[target]}
            if field.join_column:
                return self._holds(target, value, there.get(row[field.join_column], {}))
            column = self.world.model.inverse(field).join_column or ""
            return any(
                r[column] == row["id"] and r["deletedAt"] is None and self._holds(target, value, r) is True
                for r in there.values()
            )
        [(operator, operand)] = value.items()
        found = row.get(key)
        if operator == "is":
            return bool((found is None) == (operand == "NULL"))
        if found is None:
            return None
        match operator:
            case "eq":
                return bool(found == operand)
            case "in":
                return bool(found in operand)
            case "gt":
                return bool(found > operand)
            case _:
                assert operator == "lt"
                return bool(found < operand)


def _every(values: list[bool | None]) -> bool | None:
    if False in values:
        return False
    return None if None in values else True


def _negated(value: bool | None) -> bool | None:
    return None if value is None else not value


def random_rules(random: Random, world: World) -> Rules:
    """What a random role says."""
    fields: dict[tuple[str, str], Mapping[str, bool | None]] = {}
    for name in PLURALS:
        for field in world.own_fields(name):
            if field.name in ("searchVector", "updatedBy"):
                continue
            if random.random() < 0.22:
                fields[name, field.name] = {"read": False, "update": random.choice([None, False])}
            elif random.random() < 0.12:
                fields[name, field.name] = {"update": False}
    objects: dict[str, Mapping[str, bool | None]] = {}
    for name in PLURALS:
        if random.random() < 0.35:
            objects[name] = {
                right: random.choice([None, True, False, True])
                for right in ("read", "update", "soft_delete", "destroy")
            }
    rows = {name: _random_tree(random, world, name, hops=1) for name in PLURALS if random.random() < 0.55}
    everywhere = {right: right == "read" or random.random() < 0.85 for right in ("read", "update", "soft_delete")}
    return Rules(everywhere | {"destroy": random.random() < 0.7}, objects, fields, rows)


def _random_tree(random: Random, world: World, name: str, *, hops: int, depth: int = 0) -> Tree:
    choice = random.random()
    if depth < 2 and choice < 0.35:
        key = random.choice(["and", "or", "not"])
        items = [_random_tree(random, world, name, hops=hops, depth=depth + 1) for _ in range(2)]
        return {key: items[0] if key == "not" else items}
    related = [field for field in world.own_fields(name) if field.is_relation]
    if hops and related and choice < 0.6:
        field = random.choice(related)
        target = world.model.target(field).name_singular
        return {field.name: _random_tree(random, world, target, hops=0, depth=depth + 1)}
    if name == "person":
        return {"jobTitle": random.choice([{"eq": "red"}, {"in": ["red", "blue shared"]}])}
    size = "employees" if name == "company" else "size"
    conditions: list[Tree] = [
        {"name": {"in": random.sample(NAMES, 2)}},
        {size: {"gt": random.choice([0, 3])}},
        {size: {"lt": 20}},
        {size: {"is": random.choice(["NULL", "NOT_NULL"])}},
    ]
    if name != "company":
        conditions += [{"flag": {"eq": random.random() < 0.5}}, {"stage": {"in": ["A", "B"]}}]
    return random.choice(conditions)
