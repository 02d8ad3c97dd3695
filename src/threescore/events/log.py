"""Reads the event log of a workspace so that nothing is missed and nothing comes twice.

Neither ids nor transaction ids tell what a reader has seen: a transaction that began earlier may commit later, and its
events then lie behind those that were read. What a reader has seen is a *snapshot* of PostgreSQL's. The events between
two snapshots are those whose transactions the later one sees and the earlier one does not: each event is between
exactly one pair of a chain of snapshots, however transactions overlap, and a transaction that takes long keeps only its
own events back.

Between two snapshots the events are read in the order of their ids. That is the order in which one record changed: a
change gets its id only once it holds the record's lock. (Transaction ids would not do: a transaction that got its id
first may change a record last, after it has waited for another one's lock.)

A reader's place is three values: `since`, the snapshot that is read whole; `until`, the one being read, or NULL; and
`next`, the first id of it that is still to be read. Everything here is SQL text; `events` is the qualified table.

Old events may be removed (`threescore.events.retention`). The table `_forgotten` keeps the highest id and the highest
transaction among them, so that a reader whose place lies before can be told.
"""


def first_unread(events: str, since: str) -> str:
    """SQL for the lowest id among the events that a snapshot does not see; NULL when there are none."""
    # OFFSET 0 keeps the planner from walking the primary key instead, from the first event that ever was.
    return (
        f"(SELECT min(x.id) FROM (SELECT e.id FROM {events} e WHERE e.transaction >= pg_snapshot_xmin({since})"
        f" AND NOT pg_visible_in_snapshot(e.transaction, {since}) OFFSET 0) x)"
    )


def span(events: str, place: str) -> str:
    """A query for the span to read: columns `since`, `until` and `next`. `place`: a relation with a reader's place.

    A new one reaches to the present, and there is none without an unread event.
    """
    return (
        f"SELECT p.since, coalesce(p.until, pg_current_snapshot()) AS until,"
        f" CASE WHEN p.until IS NULL THEN {first_unread(events, 'p.since')} ELSE p.next END AS next FROM {place} p"
    )


def page(events: str, span: str, limit: int, columns: str = "e.*") -> str:
    """A query for the next events of a span, which is a relation with one row: at most `limit`, in their order."""
    return (
        f"SELECT {columns} FROM {events} e WHERE e.id >= (SELECT next FROM {span})"
        f" AND NOT pg_visible_in_snapshot(e.transaction, (SELECT since FROM {span}))"
        f" AND pg_visible_in_snapshot(e.transaction, (SELECT until FROM {span}))"
        f" ORDER BY e.id LIMIT {limit}"
    )


def moved(count: str, limit: int, last: str) -> str:
    """SQL for the assignments that move a place `p` past a page of span `s`: of `count` events, the last with `last`.

    A page that is not full was the last of its span. An empty page moves only a place inside a span: a reader may have
    taken its snapshot before another one moved the place.
    """
    full = f"{count} = {limit}"
    return (
        f"since = CASE WHEN {full} THEN p.since ELSE s.until END,"
        f" until = CASE WHEN {full} THEN s.until END,"
        f" next = CASE WHEN {full} THEN {last} + 1 ELSE 0 END"
    )


def may_move(count: str) -> str:
    """SQL for the condition under which `moved` may be applied to a place `p`."""
    return f"({count} > 0 OR p.until IS NOT NULL)"


def is_lost(forgotten: str, place: str) -> str:
    """SQL for whether events that a place has still to read were removed. `forgotten`: the qualified table.

    A reader that starts with whatever is kept loses nothing: its `next` is 0 inside a span.
    """
    return (
        f"EXISTS (SELECT FROM {forgotten} f, {place} p WHERE CASE WHEN p.until IS NULL THEN {_has_unread('p.since')}"
        f" ELSE p.next > 0 AND ({_has_unread('p.until')} OR (p.next <= f.id AND {_has_unread('p.since')})) END)"
    )


def _has_unread(snapshot: str) -> str:
    """SQL for whether a snapshot does not see all of what was removed `f`.

    Of a transaction that was under way then and has ended since nothing is known but its number. It counts: to have
    been overtaken by the removal it was open for days, and so it is better to ask a reader to begin anew.
    """
    ended = (
        f"SELECT FROM pg_snapshot_xip({snapshot}) x"
        " WHERE CASE WHEN x < f.transaction THEN pg_xact_status(x) IS DISTINCT FROM 'in progress' END"
    )
    return f"(NOT pg_visible_in_snapshot(f.transaction, {snapshot}) OR EXISTS ({ended}))"


def kept(forgotten: str, place: str) -> str:
    """A query for a place: one that starts with whatever is kept is moved past what was removed.

    What is left before that is kept for webhooks alone.
    """
    return (
        "SELECT p.since, p.until, CASE WHEN p.next > 0 THEN p.next"
        f" ELSE coalesce((SELECT f.id + 1 FROM {forgotten} f), 0) END AS next FROM {place} p"
    )
