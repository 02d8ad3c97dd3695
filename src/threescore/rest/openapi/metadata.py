"""The OpenAPI document of a workspace's data model. A resource is one entry of `_resources`."""

from typing import Any

from msgspec import Struct

from threescore.model.fields import TYPES
from threescore.model.fields.json_schema import UUID, Schema, list_of, nullable, object_of
from threescore.model.objects import MANY_TO_ONE, ONE_TO_MANY, Model
from threescore.rest.metadata_pages import DEFAULT_LIMIT, MAX_LIMIT
from threescore.rest.openapi.examples import curl
from threescore.rest.openapi.guide import metadata_guide, sample_object
from threescore.rest.openapi.shared import (
    ERROR,
    GENERAL_TAG,
    ID_PATH,
    MALFORMED,
    Document,
    Site,
    base_document,
    error_responses,
    errors,
    json_content,
    page_parameters,
    ref,
    success,
)

_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_ANY: Schema = {}
_NULLABLE_TEXT, _NULLABLE_UUID = nullable(_TEXT), nullable(UUID)
_NULLABLE_MAP = nullable({"type": "object", "additionalProperties": True})


class Resource(Struct, frozen=True):
    """One kind of thing that can be listed, read, created, changed and deleted.

    `known` is the id of one that there is, for examples; `new` and `change` are examples of bodies.
    """

    singular: str
    plural: str
    create: Schema
    update: Schema
    read: Schema
    new: Any
    change: Any
    about: str
    known: str | None = None
    deleting: str = "Deletes it for good."

    @property
    def name(self) -> str:
        return self.singular[0].upper() + self.singular[1:]

    @property
    def name_plural(self) -> str:
        return self.plural[0].upper() + self.plural[1:]


def metadata_document(model: Model, site: Site) -> Document:
    """The document of the model's resources, with examples about the model as it is."""
    document = base_document(site, "metadata", metadata_guide(site))
    components = document["components"]
    components["parameters"] = {"idPath": ID_PATH, **page_parameters(MAX_LIMIT, DEFAULT_LIMIT)}
    components["schemas"] = {
        "Error": ERROR,
        "MalformedRequest": MALFORMED,
        "ValidationReport": _REPORT,
        "PageInfo": _PAGE_INFO,
    }
    components["responses"] = error_responses(
        ref("schemas", "Error"),
        ref("schemas", "MalformedRequest"),
        ref("schemas", "ValidationReport"),
        example="limit 'x' is invalid. Should be an integer",
    )
    document["tags"] = [GENERAL_TAG]
    for resource in _resources(model):
        components["schemas"].update(_schemas(resource))
        document["paths"].update(_paths(resource, f"{site.url}/rest/metadata"))
        document["tags"].append({"name": resource.plural, "description": resource.about})
    return document


def _schemas(resource: Resource) -> dict[str, Schema]:
    name, names = resource.name, resource.name_plural
    return {
        name: {**resource.create, "example": resource.new},
        names: list_of(ref("schemas", name)),
        f"{name}ForUpdate": {**resource.update, "example": resource.change},
        f"{name}ForResponse": resource.read,
        f"{names}ForResponse": list_of(ref("schemas", f"{name}ForResponse")),
    }


def _paths(resource: Resource, url: str) -> Document:
    name, singular, plural = resource.name, resource.singular, resource.plural
    one = ref("schemas", f"{name}ForResponse")
    page = object_of(
        {
            "data": ref("schemas", f"{resource.name_plural}ForResponse"),
            "pageInfo": ref("schemas", "PageInfo"),
            "totalCount": {"type": "integer"},
        },
        required=True,
    )
    id_path = [ref("parameters", "idPath")]

    def operation(
        operation_id: str,
        summary: str,
        description: str,
        answer: Schema,
        *statuses: int,
        status: int = 200,
        parameters: list[Schema] | None = None,
        body: str | None = None,
        sample: str | None = None,
    ) -> Document:
        made: Document = {
            "tags": [plural],
            "summary": summary,
            "description": description,
            "operationId": operation_id,
        }
        if parameters:
            made["parameters"] = parameters
        if body:
            made["requestBody"] = {
                "description": "body",
                "required": True,
                "content": json_content(ref("schemas", body)),
            }
        made["responses"] = {str(status): success(answer), **errors(400, 401, 403, *statuses)}
        if sample:
            made["x-codeSamples"] = [{"lang": "Shell", "label": "curl", "source": sample}]
        return made

    known = resource.known
    return {
        f"/{plural}": {
            "get": operation(
                f"findMany{resource.name_plural}",
                f"Find Many {plural}",
                "A page, in descending order of ids.",
                page,
                parameters=[ref("parameters", p) for p in ("limit", "startingAfter", "endingBefore")],
                sample=curl(url, "GET", f"/{plural}", {"limit": "10"}),
            ),
            "post": operation(
                f"createOne{name}",
                f"Create One {singular}",
                "Creates it, and answers it whole.",
                one,
                413,
                status=201,
                body=name,
                sample=curl(url, "POST", f"/{plural}", None, resource.new),
            ),
        },
        f"/{plural}/{{id}}": {
            "get": operation(
                f"findOne{name}",
                f"Find One {singular}",
                "It, whole.",
                one,
                404,
                parameters=id_path,
                sample=curl(url, "GET", f"/{plural}/{known}") if known else None,
            ),
            "delete": operation(
                f"deleteOne{name}",
                f"Delete One {singular}",
                f"{resource.deleting} Answers it as it was.",
                one,
                404,
                parameters=id_path,
            ),
            "patch": operation(
                f"updateOne{name}",
                f"Update One {singular}",
                "Changes what is sent, and answers it whole.",
                one,
                404,
                413,
                parameters=id_path,
                body=f"{name}ForUpdate",
                sample=curl(url, "PATCH", f"/{plural}/{known}", None, resource.change) if known else None,
            ),
        },
    }


_PAGE_INFO = object_of(
    {
        "hasNextPage": _FLAG,
        "hasPreviousPage": _FLAG,
        "startCursor": {**_NULLABLE_UUID, "description": "The id of the first item; null on an empty page."},
        "endCursor": {**_NULLABLE_UUID, "description": "The id of the last item; null on an empty page."},
    },
    required=True,
)

_REPORT: Schema = {
    "description": "A change of the data model that cannot be made, with everything that is wrong with it.",
    **object_of(
        {
            "statusCode": {"type": "integer"},
            "error": {"type": "string", "const": "METADATA_VALIDATION_ERROR"},
            "message": _TEXT,
            "errors": {
                "type": "object",
                "description": "What is wrong, by the kind of thing: `objectMetadata`, `fieldMetadata`, `index`.",
                "additionalProperties": list_of({"type": "object", "additionalProperties": True}),
            },
            "summary": {"type": "object", "additionalProperties": {"type": "integer"}},
            "userFriendlyMessage": _TEXT,
        },
        required=True,
    ),
}


def _resources(model: Model) -> list[Resource]:
    sample = sample_object(model.objects)
    field = next((f for f in sample.fields if f.is_custom or not f.is_system), None) if sample else None
    return [
        Resource(
            singular="object",
            plural="objects",
            about="What records there are: each object has paths of its own",
            create=_OBJECT_INPUT,
            update=_OBJECT_CHANGE,
            read=_OBJECT,
            new={
                "nameSingular": "shipment",
                "namePlural": "shipments",
                "labelSingular": "Shipment",
                "labelPlural": "Shipments",
                "description": "Goods on their way",
                "icon": "IconTruck",
            },
            change={"description": "What we want people to know about it", "icon": "IconBox"},
            known=str(sample.id) if sample else None,
            deleting="Deletes the object with all of its records, for good; only custom objects can be deleted.",
        ),
        Resource(
            singular="field",
            plural="fields",
            about="What the records of an object hold",
            create=_FIELD_INPUT,
            update=_FIELD_CHANGE,
            read=_FIELD,
            new={
                "objectMetadataId": str(sample.id) if sample else "",
                "type": "SELECT",
                "name": "shippingMode",
                "label": "Shipping mode",
                "options": [
                    {"label": "By road", "value": "ROAD", "color": "blue", "position": 0},
                    {"label": "By rail", "value": "RAIL", "color": "green", "position": 1},
                ],
                "defaultValue": "'ROAD'",
            },
            change={"description": "What we want people to know about it"},
            known=str(field.id) if field else None,
            deleting="Deletes the field with its values in all records, for good; only custom fields can be deleted.",
        ),
    ]


_NAME: Schema = {
    "type": "string",
    "pattern": "^[a-z][a-zA-Z0-9]*$",
    "maxLength": 63,
    "description": "In camel case. It is part of paths and bodies.",
}
_LABEL: Schema = {"type": "string", "minLength": 1, "description": "How people call it."}

_OBJECT_INPUT: Schema = {
    "type": "object",
    "description": "A new object. It gets the fields that every object has: `id`, `name`, `createdAt` and so on.",
    "properties": {
        "nameSingular": _NAME,
        "namePlural": _NAME,
        "labelSingular": _LABEL,
        "labelPlural": _LABEL,
        "description": _TEXT,
        "icon": _TEXT,
        "shortcut": _TEXT,
        "color": _TEXT,
        "isLabelSyncedWithName": _FLAG,
        "skipNameField": {**_FLAG, "description": "Whether to leave the field `name` out."},
    },
    "required": ["nameSingular", "namePlural", "labelSingular", "labelPlural"],
}

_OBJECT_CHANGE: Schema = {
    "type": "object",
    "description": "Changes of an object. The names of standard objects cannot be changed.",
    "properties": {
        "nameSingular": _NAME,
        "namePlural": _NAME,
        "labelSingular": _LABEL,
        "labelPlural": _LABEL,
        "description": _NULLABLE_TEXT,
        "icon": _NULLABLE_TEXT,
        "shortcut": _NULLABLE_TEXT,
        "color": _NULLABLE_TEXT,
        "isActive": _FLAG,
        "isSearchable": _FLAG,
        "isLabelSyncedWithName": _FLAG,
        "openRecordIn": {"type": "string", "enum": ["SIDE_PANEL", "RECORD_PAGE", "USER_CHOICE"]},
        "labelIdentifierFieldMetadataId": _NULLABLE_UUID,
        "imageIdentifierFieldMetadataId": _NULLABLE_UUID,
    },
}

_OBJECT: Schema = {
    "type": "object",
    "description": "An object of the data model.",
    "properties": {
        "id": UUID,
        "nameSingular": _TEXT,
        "namePlural": _TEXT,
        "labelSingular": _TEXT,
        "labelPlural": _TEXT,
        "description": _NULLABLE_TEXT,
        "icon": _NULLABLE_TEXT,
        "shortcut": _NULLABLE_TEXT,
        "color": _NULLABLE_TEXT,
        "isActive": _FLAG,
        "isSystem": _FLAG,
        "isCustom": _FLAG,
        "isRemote": _FLAG,
        "isSearchable": _FLAG,
        "isUIEditable": _FLAG,
        "isUICreatable": _FLAG,
        "isUIReadOnly": _FLAG,
        "isAuditLogged": _FLAG,
        "isLabelSyncedWithName": _FLAG,
        "openRecordIn": _TEXT,
        "readability": _TEXT,
        "writability": _TEXT,
        "standardOverrides": _NULLABLE_MAP,
        "duplicateCriteria": nullable(list_of(list_of(_TEXT))),
        "labelIdentifierFieldMetadataId": _NULLABLE_UUID,
        "imageIdentifierFieldMetadataId": _NULLABLE_UUID,
        "universalIdentifier": UUID,
        "applicationId": UUID,
        "workspaceId": UUID,
        "createdAt": _MOMENT,
        "updatedAt": _MOMENT,
        "fields": {
            **list_of(ref("schemas", "FieldForResponse")),
            "description": "Not there in answers to a delete.",
        },
    },
}
_OBJECT["required"] = [name for name in _OBJECT["properties"] if name != "fields"]

_OPTION = object_of(
    {
        "id": UUID,
        "label": _TEXT,
        "value": {"type": "string", "description": "What records hold: upper case with underscores."},
        "color": _TEXT,
        "position": {"type": "number"},
    },
    required=False,
)

_RELATION_INPUT: Schema = {
    "description": "Where a new relation leads, and what its other side is called.",
    **object_of(
        {
            "targetObjectMetadataId": UUID,
            "targetFieldLabel": _LABEL,
            "targetFieldIcon": _TEXT,
            "type": {"type": "string", "enum": [MANY_TO_ONE, ONE_TO_MANY]},
        },
        required=True,
    ),
}

_FIELD_CHANGES: dict[str, Schema] = {
    "name": _NAME,
    "label": _LABEL,
    "description": _NULLABLE_TEXT,
    "icon": _NULLABLE_TEXT,
    "isUnique": _FLAG,
    "isSearchable": _FLAG,
    "isAuditLogged": _FLAG,
    "isLabelSyncedWithName": _FLAG,
    "defaultValue": {"description": "Texts stand in single quotes: `'ROAD'`."},
    "options": {
        **list_of({**_OPTION, "required": ["label", "value", "position"]}),
        "description": "All options of a SELECT or MULTI_SELECT field. One that is there is known by its id or value.",
    },
    "settings": {"type": "object", "additionalProperties": True, "description": "What is particular about the type."},
}

_FIELD_INPUT: Schema = {
    "type": "object",
    "description": "A new field.",
    "properties": {
        "objectMetadataId": {**UUID, "description": "The object that the field is for."},
        "type": {"type": "string", "enum": list(TYPES)},
        **_FIELD_CHANGES,
        "isNullable": _FLAG,
        "relationCreationPayload": {**_RELATION_INPUT, "description": "Of a RELATION field."},
        "morphRelationsCreationPayload": {**list_of(_RELATION_INPUT), "description": "Of a MORPH_RELATION field."},
    },
    "required": ["objectMetadataId", "type", "name", "label"],
}

_FIELD_CHANGE: Schema = {
    "type": "object",
    "description": "Changes of a field. Its type and object stay, and so does the name of a standard field.",
    "properties": {**_FIELD_CHANGES, "isActive": _FLAG},
}

_END = object_of({"id": UUID, "nameSingular": _TEXT, "namePlural": _TEXT}, required=True)
_FIELD_END = object_of({"id": UUID, "name": _TEXT}, required=True)
_RELATION = object_of(
    {
        "type": {"type": "string", "enum": [MANY_TO_ONE, ONE_TO_MANY]},
        "sourceObjectMetadata": _END,
        "targetObjectMetadata": _END,
        "sourceFieldMetadata": _FIELD_END,
        "targetFieldMetadata": _FIELD_END,
    },
    required=True,
)

_FIELD: Schema = {
    "type": "object",
    "description": "A field of an object.",
    **object_of(
        {
            "id": UUID,
            "type": {"type": "string", "enum": list(TYPES)},
            "name": _TEXT,
            "label": _TEXT,
            "description": _NULLABLE_TEXT,
            "icon": _NULLABLE_TEXT,
            "isActive": _FLAG,
            "isSystem": _FLAG,
            "isCustom": _FLAG,
            "isUIEditable": _FLAG,
            "isUIReadOnly": _FLAG,
            "isNullable": _FLAG,
            "isUnique": _FLAG,
            "isSearchable": _FLAG,
            "isAuditLogged": _FLAG,
            "isLabelSyncedWithName": _FLAG,
            "writability": _TEXT,
            "defaultValue": {"description": "Any JSON value."},
            "options": nullable(list_of(_OPTION)),
            "settings": _NULLABLE_MAP,
            "standardOverrides": _NULLABLE_MAP,
            "relation": nullable(_RELATION),
            "morphRelations": nullable(list_of(_RELATION)),
            "morphId": _NULLABLE_UUID,
            "objectMetadataId": UUID,
            "universalIdentifier": UUID,
            "applicationId": UUID,
            "workspaceId": UUID,
            "createdAt": _MOMENT,
            "updatedAt": _MOMENT,
        },
        required=True,
    ),
}
