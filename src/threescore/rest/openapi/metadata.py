"""The OpenAPI document of a workspace's data model and settings. A resource is one entry of `_resources`."""

from uuid import UUID as Id

from threescore.catalog.changes.options import COLORS
from threescore.model.fields import TYPES
from threescore.model.fields.json_schema import UUID, Schema, list_of, nullable, object_of
from threescore.model.objects import MANY_TO_ONE, ONE_TO_MANY, Model
from threescore.rest.metadata_pages import DEFAULT_LIMIT, MAX_LIMIT
from threescore.rest.openapi import settings
from threescore.rest.openapi.guide import FIELD_SETTINGS, metadata_guide, sample_object
from threescore.rest.openapi.operations import HEADER_PARAMETERS, HEADERS, responses
from threescore.rest.openapi.resources import Resource, resource_paths, resource_schemas
from threescore.rest.openapi.shared import (
    ERROR,
    FLAG,
    GENERAL_TAG,
    ID_PATH,
    LIMITED,
    MALFORMED,
    MAP,
    MOMENT,
    TEXT,
    Document,
    Site,
    base_document,
    page_parameters,
    ref,
)

_NULLABLE_TEXT, _NULLABLE_UUID = nullable(TEXT), nullable(UUID)
_NULLABLE_MAP = nullable(MAP)


def metadata_document(model: Model, site: Site, role_id: Id | None = None) -> Document:
    """The document of the model's resources, with examples about the model as it is.

    `role_id` is a role that the reader may give to a new API key; without one there is no example of that.
    """
    document = base_document(site, "metadata", metadata_guide(site))
    components, paths, url = document["components"], document["paths"], f"{site.url}/rest/metadata"
    components["parameters"] = {
        "idPath": ID_PATH,
        **page_parameters(MAX_LIMIT, DEFAULT_LIMIT),
        **{name: HEADER_PARAMETERS[name] for name in ("ifNoneMatch", "idempotencyKey")},
    }
    components["headers"] = {name: header for name, header in HEADERS.items() if name != "Warning"}
    components["schemas"] = {
        "Error": ERROR,
        "MalformedRequest": MALFORMED,
        "ValidationReport": _REPORT,
        "RateLimited": LIMITED,
        "PageInfo": _PAGE_INFO,
        "FieldOption": _OPTION,
        "FieldOptionInput": {**_OPTION, "required": ["label", "value", "position"]},
        "FieldRelation": _RELATION,
        "FieldRelationInput": _RELATION_INPUT,
        **settings.SCHEMAS,
    }
    components["responses"] = responses(
        ref("schemas", "Error"),
        # Before the malformed request, whose few properties it has as well: readers take the first that fits.
        ref("schemas", "ValidationReport"),
        ref("schemas", "MalformedRequest"),
        limited=ref("schemas", "RateLimited"),
        example="limit 'x' is invalid. Should be an integer",
    )
    # It is about one record.
    del components["responses"]["412"]
    document["tags"] = [GENERAL_TAG]
    for resource in (*_resources(model), settings.key_resource(role_id), settings.webhook_resource()):
        components["schemas"].update(resource_schemas(resource))
        paths.update(resource_paths(resource, url))
        document["tags"].append({"name": resource.plural, "description": resource.about})
    paths |= settings.key_paths(url) | settings.usage_paths(url) | settings.webhook_paths(url)
    paths |= settings.delivery_paths(url) | settings.audit_paths(url)
    document["tags"] += [
        {"name": "webhookDeliveries", "description": settings.DELIVERIES_ABOUT},
        {"name": "audit", "description": settings.AUDIT_ABOUT},
    ]
    return document


_PAGE_INFO = object_of(
    {
        "hasNextPage": FLAG,
        "hasPreviousPage": FLAG,
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
            "message": TEXT,
            "errors": {
                "type": "object",
                "description": "What is wrong, by the kind of thing: `objectMetadata`, `fieldMetadata`, `index`.",
                "additionalProperties": list_of({"type": "object", "additionalProperties": True}),
            },
            "summary": {"type": "object", "additionalProperties": {"type": "integer"}},
            "userFriendlyMessage": TEXT,
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
            deleting="Deletes the object with all of its records, for good; only custom objects can be deleted. "
            "Answers it as it was.",
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
            deleting="Deletes the field with its values in all records, for good; only custom fields can be deleted. "
            "Answers it as it was.",
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
        "description": TEXT,
        "icon": TEXT,
        "shortcut": TEXT,
        "color": TEXT,
        "isLabelSyncedWithName": FLAG,
        "skipNameField": {**FLAG, "description": "Whether to leave the field `name` out."},
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
        "isActive": FLAG,
        "isSearchable": FLAG,
        "isLabelSyncedWithName": FLAG,
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
        "nameSingular": TEXT,
        "namePlural": TEXT,
        "labelSingular": TEXT,
        "labelPlural": TEXT,
        "description": _NULLABLE_TEXT,
        "icon": _NULLABLE_TEXT,
        "shortcut": _NULLABLE_TEXT,
        "color": _NULLABLE_TEXT,
        "isActive": FLAG,
        "isSystem": FLAG,
        "isCustom": FLAG,
        "isRemote": FLAG,
        "isSearchable": FLAG,
        "isUIEditable": FLAG,
        "isUICreatable": FLAG,
        "isUIReadOnly": FLAG,
        "isAuditLogged": FLAG,
        "isLabelSyncedWithName": FLAG,
        "openRecordIn": TEXT,
        "readability": TEXT,
        "writability": TEXT,
        "standardOverrides": _NULLABLE_MAP,
        "duplicateCriteria": nullable(list_of(list_of(TEXT))),
        "labelIdentifierFieldMetadataId": _NULLABLE_UUID,
        "imageIdentifierFieldMetadataId": _NULLABLE_UUID,
        "universalIdentifier": UUID,
        "applicationId": UUID,
        "workspaceId": UUID,
        "createdAt": MOMENT,
        "updatedAt": MOMENT,
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
        "label": TEXT,
        "value": {"type": "string", "description": "What records hold: upper case with underscores."},
        "color": {"type": "string", "description": f"One of {', '.join(sorted(COLORS))}."},
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
            "targetFieldIcon": TEXT,
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
    "isUnique": FLAG,
    "isSearchable": FLAG,
    "isAuditLogged": FLAG,
    "isLabelSyncedWithName": FLAG,
    "defaultValue": {"description": "Texts stand in single quotes: `'ROAD'`."},
    "options": {
        **list_of(ref("schemas", "FieldOptionInput")),
        "description": "All options of a SELECT or MULTI_SELECT field. One that is there is known by its id or value.",
    },
    "settings": {"type": "object", "additionalProperties": True, "description": FIELD_SETTINGS},
}

_FIELD_INPUT: Schema = {
    "type": "object",
    "description": "A new field.",
    "properties": {
        "objectMetadataId": {**UUID, "description": "The object that the field is for."},
        "type": {"type": "string", "enum": list(TYPES)},
        **_FIELD_CHANGES,
        "isNullable": FLAG,
        "relationCreationPayload": ref("schemas", "FieldRelationInput"),
        "morphRelationsCreationPayload": {
            **list_of(ref("schemas", "FieldRelationInput")),
            "description": "Of a MORPH_RELATION field.",
        },
    },
    "required": ["objectMetadataId", "type", "name", "label"],
}

_FIELD_CHANGE: Schema = {
    "type": "object",
    "description": "Changes of a field. Its type and object stay, and so does the name of a standard field.",
    "properties": {**_FIELD_CHANGES, "isActive": FLAG},
}

_END = object_of({"id": UUID, "nameSingular": TEXT, "namePlural": TEXT}, required=True)
_FIELD_END = object_of({"id": UUID, "name": TEXT}, required=True)
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
            "name": TEXT,
            "label": TEXT,
            "description": _NULLABLE_TEXT,
            "icon": _NULLABLE_TEXT,
            "isActive": FLAG,
            "isSystem": FLAG,
            "isCustom": FLAG,
            "isUIEditable": FLAG,
            "isUIReadOnly": FLAG,
            "isNullable": FLAG,
            "isUnique": FLAG,
            "isSearchable": FLAG,
            "isAuditLogged": FLAG,
            "isLabelSyncedWithName": FLAG,
            "writability": TEXT,
            "defaultValue": {"description": "Any JSON value."},
            "options": nullable(list_of(ref("schemas", "FieldOption"))),
            "settings": _NULLABLE_MAP,
            "standardOverrides": _NULLABLE_MAP,
            "relation": nullable(ref("schemas", "FieldRelation")),
            "morphRelations": nullable(list_of(ref("schemas", "FieldRelation"))),
            "morphId": _NULLABLE_UUID,
            "objectMetadataId": UUID,
            "universalIdentifier": UUID,
            "applicationId": UUID,
            "workspaceId": UUID,
            "createdAt": MOMENT,
            "updatedAt": MOMENT,
        },
        required=True,
    ),
}
