"""The diagram of a data model: objects as boxes, relations as lines, drawn as SVG on the server."""

import math
from dataclasses import dataclass

from starlette.responses import Response

from threescore.model.objects import Field, Model, ObjectType
from threescore.model.overrides import resolved
from threescore.web.field_types import type_label
from threescore.web.site import Visit

_WIDTH = 230
_HEAD = 34
_LINE = 19
_GAP_X = 110
_GAP_Y = 50
_MARGIN = 40
_SHOWN_FIELDS = 12


@dataclass(frozen=True, slots=True)
class Box:
    """An object at its place, with the fields that fit in; `more` are left out."""

    item: ObjectType
    label: str
    x: float
    y: float
    height: float
    fields: list[tuple[str, str]]
    more: int

    def row(self, label: str) -> float:
        """How high the line of a field stands; the head of the box where the field is left out."""
        place = next((place for place, (own, _kind) in enumerate(self.fields) if own == label), None)
        return self.y + (_HEAD / 2 if place is None else _HEAD + _LINE * (place + 0.6))


@dataclass(frozen=True, slots=True)
class Line:
    """A relation: a curve from the side that holds the id to the side that it points to."""

    path: str
    ends: tuple[tuple[float, float], tuple[float, float]]
    label: str


@dataclass(frozen=True, slots=True)
class Diagram:
    """All boxes and lines, and the room that they take."""

    boxes: list[Box]
    lines: list[Line]
    width: float
    height: float


def draw(model: Model, *, with_system: bool) -> Diagram:
    """The diagram of a model's active objects, those most related in the middle columns."""
    shown = [item for item in model.objects if item.is_active and (with_system or not item.is_system)]
    ids = {item.id for item in shown}
    links = [
        (item, field, model.target(field))
        for item in shown
        for field in item.fields
        if field.is_active and field.is_many_to_one and field.target_object_id in ids
    ]
    degree = {item.id: 0 for item in shown}
    for source, _field, target in links:
        degree[source.id] += 1
        degree[target.id] += 1
    shown.sort(key=lambda item: (-degree[item.id], item.name_singular))
    boxes = _place(model, shown)
    by_id = {box.item.id: box for box in boxes}
    lines = [
        _line(by_id[source.id], str(resolved(field, "label")), by_id[target.id]) for source, field, target in links
    ]
    width = max((box.x + _WIDTH for box in boxes), default=0) + _MARGIN
    height = max((box.y + box.height for box in boxes), default=0) + _MARGIN
    return Diagram(boxes, lines, width, height)


def _place(model: Model, items: list[ObjectType]) -> list[Box]:
    """The boxes in columns of about the same height, filled from the middle column outwards."""
    columns = max(1, min(len(items), round(math.sqrt(len(items)) * 1.25)))
    middle = (columns - 1) / 2
    order = sorted(range(columns), key=lambda column: abs(column - middle))
    filled = [float(_MARGIN)] * columns
    boxes = []
    for item in items:
        column = min(order, key=lambda place: filled[place])
        own = [field for field in item.fields if field.is_active and not field.is_system and not field.is_one_to_many]
        lines = [(str(resolved(field, "label")), _kind(model, field)) for field in own[:_SHOWN_FIELDS]]
        more = len(own) - len(lines)
        height = _HEAD + _LINE * (len(lines) + (more > 0)) + 10
        x = _MARGIN + column * (_WIDTH + _GAP_X)
        boxes.append(Box(item, str(resolved(item, "label_singular")), x, filled[column], height, lines, more))
        filled[column] += height + _GAP_Y
    return boxes


def _kind(model: Model, field: Field) -> str:
    return f"→ {resolved(model.target(field), 'label_singular')}" if field.is_relation else type_label(field.type)


def _line(source: Box, label: str, target: Box) -> Line:
    """From the line of the field to the head of the box that it points to, leaving both at a right angle."""
    y1, y2 = source.row(label), target.y + _HEAD / 2
    bend = _GAP_X / 2
    if source is not target and target.x < source.x:
        x1, x2, out, into = source.x, target.x + _WIDTH, -bend, bend
    elif target.x > source.x:
        x1, x2, out, into = source.x + _WIDTH, target.x, bend, -bend
    else:
        x1 = x2 = source.x + _WIDTH
        out = into = bend
    return Line(
        f"M{x1} {y1} C{x1 + out} {y1} {x2 + into} {y2} {x2} {y2}", ((x1, y1), (x2, y2)), f"{source.label}: {label}"
    )


async def diagram(visit: Visit) -> Response:
    """The page with the diagram."""
    with_system = visit.request.query_params.get("system") == "yes"
    drawn = draw(visit.model, with_system=with_system)
    return visit.page(
        "model/diagram.html", diagram=drawn, with_system=with_system, box_width=_WIDTH, head=_HEAD, line=_LINE
    )


async def diagram_file(visit: Visit) -> Response:
    """The diagram as a file to take along, with its colours in it."""
    drawn = draw(visit.model, with_system=visit.request.query_params.get("system") == "yes")
    response = visit.page("model/diagram.svg", diagram=drawn, box_width=_WIDTH, head=_HEAD, line=_LINE)
    response.headers["Content-Type"] = "image/svg+xml"
    response.headers["Content-Disposition"] = 'attachment; filename="data-model.svg"'
    return response
