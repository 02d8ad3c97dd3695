"""Relations that are given as `connect`: the records that they mean are looked up by a unique key."""

import msgspec

from threescore.errors import BadRequest
from threescore.query import plan as plans
from threescore.records.caller import Caller
from threescore.records.input import Connect, Input
from threescore.records.runner import Runner


async def resolve_connects(runner: Runner, caller: Caller, given: Input) -> None:
    """Puts the ids of the meant records into the rows, with one statement for each kind of key.

    Raises BadRequest, with the index of the record at fault, where a key means no record.
    """
    by_key: dict[tuple[str, tuple[str, ...]], list[Connect]] = {}
    for connect in given.connects:
        columns = tuple(leaf.column for leaf in connect.key)
        by_key.setdefault((connect.target.name_singular, columns), []).append(connect)
    for (name, columns), connects in by_key.items():
        found = await _found(runner, caller, plans.Connect(name, columns), connects)
        for place, connect in enumerate(connects, start=1):
            if place not in found:
                values = ", ".join(f"{column} = {connect.values[column]}" for column in columns)
                raise BadRequest(
                    f"Expected 1 record to connect to {connect.field.name}, but found 0 for {values}",
                    index=connect.place,
                )
            assert connect.field.join_column is not None
            given.rows[connect.place][connect.field.join_column] = found[place]


async def _found(runner: Runner, caller: Caller, plan: plans.Connect, connects: list[Connect]) -> dict[int, str]:
    """The ids of the live records meant, by the place of the connect, counted from 1."""
    values = msgspec.json.encode([connect.values for connect in connects]).decode()
    rows = await runner.all(caller, plan, [values], connects[0].target)
    return {row["place"]: row["id"] for row in rows if row["place"] is not None}
