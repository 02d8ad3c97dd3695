"""The OpenAPI document of a workspace's records."""

from typing import Any

from threescore.model.fields.json_schema import UUID, Schema, list_of, object_of
from threescore.model.objects import Model, ObjectType
from threescore.model.overrides import resolved
from threescore.records.merge import MAX_MERGED
from threescore.records.object_rules import refused_verbs
from threescore.rest.grammar.path import ACTIONS, Action
from threescore.rest.openapi.events import (
    EVENTS_TAG,
    HISTORY_ENTRY,
    RECORD_EVENT,
    event_parameters,
    event_paths,
    history_answer,
)
from threescore.rest.openapi.examples import FIRST_ID, MERGE, SECOND_ID, Examples, curl
from threescore.rest.openapi.guide import core_guide
from threescore.rest.openapi.operations import HEADER_PARAMETERS, HEADERS, operation, responses
from threescore.rest.openapi.schemas import RELATION_INPUT, Names, data_of, record_schemas
from threescore.rest.openapi.shared import (
    ERROR,
    GENERAL_TAG,
    LIMITED,
    MALFORMED,
    PAGE_INFO,
    Document,
    Site,
    base_document,
    core_parameters,
    ref,
)
from threescore.rest.openapi.webhooks import webhook_parameters, webhooks

DELETED: Schema = {
    "description": "What was deleted. Where it can be restored, the whole record.",
    **object_of({"id": dict(UUID)}, required=True),
}

MERGE_INPUT: Schema = {
    "description": "Which records are to become one.",
    **object_of(
        {
            "ids": {**list_of(dict(UUID)), "minItems": 2, "maxItems": MAX_MERGED},
            "conflictPriorityIndex": {
                "type": "integer",
                "minimum": 0,
                "description": "The place, counted from 0, of the id whose record stays and wins conflicts.",
            },
            "dryRun": {
                "type": "boolean",
                "default": False,
                "description": "Whether the result is only shown, and nothing changed.",
            },
        },
        required=False,
    ),
    "required": ["ids", "conflictPriorityIndex"],
}

_OF_KNOWN = frozenset(
    {"findOne", "updateOne", "deleteOne", "restoreOne", "mergeMany", "duplicateDashboard", "findHistory"}
)
_METHODS = {action: word.lower() for kind in ACTIONS.values() for word, action in kind.items() if word != "PUT"}
_MATCHED = frozenset({"updateOne", "deleteOne", "restoreOne"})


def core_document(model: Model, site: Site) -> Document:
    """The document for all objects of the model, by their plural names."""
    objects = sorted(model.objects, key=lambda o: o.name_plural)
    names = Names(objects)
    document = base_document(site, "core", core_guide(site, model))
    components = document["components"]
    components["parameters"] = {
        **core_parameters(),
        **event_parameters(),
        **HEADER_PARAMETERS,
        **webhook_parameters(),
    }
    components["headers"] = HEADERS
    components["schemas"] = schemas = {
        names.shared("PageInfo"): PAGE_INFO,
        names.shared("Error"): ERROR,
        names.shared("MalformedRequest"): MALFORMED,
        names.shared("RelationInput"): RELATION_INPUT,
        names.shared("DeletedRecord"): DELETED,
        names.shared("RateLimited"): LIMITED,
        names.shared("RecordEvent"): RECORD_EVENT,
        names.shared("HistoryEntry"): HISTORY_ENTRY,
        names.shared("HistoryPage"): history_answer(names),
        names.shared("MergeInput"): MERGE_INPUT,
    }
    components["responses"] = responses(
        ref("schemas", names.shared("Error")),
        ref("schemas", names.shared("MalformedRequest")),
        limited=ref("schemas", names.shared("RateLimited")),
        example='Object company doesn\'t have any "nmae" field.',
    )
    document["tags"] = [GENERAL_TAG, EVENTS_TAG]
    document["webhooks"] = {}
    document["paths"].update(event_paths(names, f"{site.url}/rest"))
    operation_ids: set[str] = set()
    for object_type in objects:
        examples = Examples(model, object_type)
        schemas.update(record_schemas(model, object_type, examples, names))
        document["paths"].update(_Operations(object_type, examples, names, site, operation_ids).paths())
        document["webhooks"].update(webhooks(model, object_type, names))
        document["tags"].append(
            {
                "name": object_type.name_plural,
                "description": f"Object `{resolved(object_type, 'label_plural')}`",
            }
        )
    return document


def object_paths(model: Model, object_type: ObjectType, site: Site) -> Document:
    """The paths of one object, as they stand in the document of the model but for its shared names."""
    return _Operations(object_type, Examples(model, object_type), Names(model.objects), site, set()).paths()


class _Operations:
    """The paths of one object."""

    def __init__(
        self, object_type: ObjectType, examples: Examples, names: Names, site: Site, operation_ids: set[str]
    ) -> None:
        self._object_type = object_type
        self._examples = examples
        self._site = site
        self._operation_ids = operation_ids
        self._plural = object_type.name_plural
        self._record = ref("schemas", names.read(object_type))
        self._create = ref("schemas", names.create(object_type))
        self._update = ref("schemas", names.update(object_type))
        self._deleted = ref("schemas", names.shared("DeletedRecord"))
        self._page_info = ref("schemas", names.shared("PageInfo"))
        self._history_page = ref("schemas", names.shared("HistoryPage"))
        self._merge_input = ref("schemas", names.shared("MergeInput"))

    def paths(self) -> Document:
        """All paths, in the order in which people read them."""
        plural = self._plural
        found: Document = {
            f"/{plural}": {
                "get": self._find_many(),
                "post": self._create_one(),
                "delete": self._delete_many(),
                "patch": self._update_many(),
            },
            f"/batch/{plural}": {"post": self._create_many()},
            f"/{plural}/{{id}}": {
                "get": self._find_one(),
                "delete": self._delete_one(),
                "patch": self._update_one(),
            },
            f"/{plural}/duplicates": {"post": self._find_duplicates()},
            f"/{plural}/{{id}}/restore": {"patch": self._restore_one()},
            f"/{plural}/restore": {"patch": self._restore_many()},
            f"/{plural}/merge": {"patch": self._merge()},
            f"/{plural}/groupBy": {"get": self._group_by()},
            f"/{plural}/{{id}}/history": {"get": self._history()},
        }
        if plural == "dashboards":
            found["/dashboards/{id}/duplicate"] = {"post": self._duplicate_dashboard()}
        refused = refused_verbs(self._object_type)
        for path, method, verb in (
            (f"/{plural}", "post", "create"),
            (f"/batch/{plural}", "post", "create"),
            (f"/{plural}", "patch", "updateMany"),
            (f"/{plural}", "delete", "deleteMany"),
            (f"/{plural}/{{id}}", "patch", "update"),
            (f"/{plural}/{{id}}", "delete", "delete"),
            (f"/{plural}/{{id}}/restore", "patch", "restore"),
            (f"/{plural}/restore", "patch", "restoreMany"),
        ):
            if verb in refused:
                del found[path][method]
        return {path: methods for path, methods in found.items() if methods}

    def _operation(
        self,
        action: Action,
        operation_id: str,
        summary: str,
        description: str,
        parameters: tuple[str, ...],
        answer: Schema,
        *,
        status: int = 200,
        body: Schema | None = None,
        example: Any = None,
        sample: str | None = None,
    ) -> Document:
        while operation_id in self._operation_ids:
            operation_id += "_"
        self._operation_ids.add(operation_id)
        return operation(
            _METHODS[action],
            tag=self._plural,
            operation_id=operation_id,
            summary=summary,
            description=description,
            answer=answer,
            status=status,
            parameters=parameters,
            body=body,
            example=example,
            refusals=(404,) if action in _OF_KNOWN else (),
            keyed=action != "findDuplicates",
            matched=action in _MATCHED,
            warns=True,
            sample=sample,
        )

    def _sample(self, method: str, path: str, query: dict[str, str] | None = None, body: Any = None) -> str:
        return curl(f"{self._site.url}/rest", method, path, query, body)

    @property
    def _singular(self) -> str:
        return self._object_type.name_singular

    @property
    def _both(self) -> str:
        return f"id[in]:[{FIRST_ID},{SECOND_ID}]"

    def _find_many(self) -> Document:
        query = {"filter": self._examples.filter, "order_by": self._examples.order, "limit": "10"}
        answer = object_of(
            {
                "data": object_of({self._plural: list_of(self._record)}, required=True),
                "pageInfo": self._page_info,
                "totalCount": {"type": "integer", "description": "How many records there are on all pages."},
            },
            required=True,
        )
        return self._operation(
            "findMany",
            f"findMany{self._object_type.type_name_plural}",
            f"Find Many {self._plural}",
            "A page of records. Those that are soft-deleted are left out, unless the filter speaks of `deletedAt`.",
            ("orderBy", "filter", "limit", "depth", "startingAfter", "endingBefore"),
            answer,
            sample=self._sample("GET", f"/{self._plural}", query),
        )

    def _create_one(self) -> Document:
        return self._operation(
            "createOne",
            f"createOne{self._object_type.type_name}",
            f"Create One {self._singular}",
            "Creates a record, and answers it whole.",
            ("depth", "upsert"),
            data_of(f"create{self._object_type.type_name}", self._record),
            status=201,
            body=self._create,
            sample=self._sample("POST", f"/{self._plural}", body=self._examples.record(1)),
        )

    def _create_many(self) -> Document:
        example = [
            {"id": FIRST_ID, **self._examples.record(2)},
            {"id": SECOND_ID, **self._examples.record(3)},
        ]
        return self._operation(
            "createMany",
            f"createMany{self._object_type.type_name_plural}",
            f"Create Many {self._plural}",
            f"Creates up to {self._site.batch_limit} records, all or none, and answers them in the same order.",
            ("depth", "upsert"),
            data_of(f"create{self._object_type.type_name_plural}", list_of(self._record)),
            status=201,
            body={**list_of(self._create), "maxItems": self._site.batch_limit},
            sample=self._sample("POST", f"/batch/{self._plural}", body=example),
        )

    def _update_many(self) -> Document:
        return self._operation(
            "updateMany",
            f"updateMany{self._object_type.type_name_plural}",
            f"Update Many {self._plural}",
            f"Changes all records that the filter finds in the same way; more than {self._site.batch_limit} are "
            "refused. There must be a filter; `id[is]:NOT_NULL` finds all.",
            ("depth", "neededFilter"),
            data_of(f"update{self._object_type.type_name_plural}", list_of(self._record)),
            body=self._update,
            sample=self._sample("PATCH", f"/{self._plural}", {"filter": self._both}, self._examples.change),
        )

    def _delete_many(self) -> Document:
        return self._operation(
            "deleteMany",
            f"deleteMany{self._object_type.type_name_plural}",
            f"Delete Many {self._plural}",
            "Deletes all records that the filter finds: for good, unless `soft_delete=true`. More than "
            f"{self._site.batch_limit} are refused. There must be a filter.",
            ("neededFilter", "softDelete"),
            data_of(f"delete{self._object_type.type_name_plural}", list_of(self._deleted)),
            sample=self._sample("DELETE", f"/{self._plural}", {"filter": self._both, "soft_delete": "true"}),
        )

    def _find_one(self) -> Document:
        return self._operation(
            "findOne",
            f"findOne{self._object_type.type_name}",
            f"Find One {self._singular}",
            "One record that is not deleted.",
            ("idPath", "depth"),
            data_of(self._singular, self._record),
            sample=self._sample("GET", f"/{self._plural}/{FIRST_ID}", {"depth": "1"}),
        )

    def _update_one(self) -> Document:
        return self._operation(
            "updateOne",
            f"UpdateOne{self._object_type.type_name}",
            f"Update One {self._singular}",
            "Changes the fields that are sent, and answers the whole record.",
            ("idPath", "depth"),
            data_of(f"update{self._object_type.type_name}", self._record),
            body=self._update,
            sample=self._sample("PATCH", f"/{self._plural}/{FIRST_ID}", body=self._examples.change),
        )

    def _delete_one(self) -> Document:
        return self._operation(
            "deleteOne",
            f"deleteOne{self._object_type.type_name}",
            f"Delete One {self._singular}",
            "Deletes a record: for good, unless `soft_delete=true`.",
            ("idPath", "softDelete"),
            data_of(f"delete{self._object_type.type_name}", self._deleted),
            sample=self._sample("DELETE", f"/{self._plural}/{FIRST_ID}", {"soft_delete": "true"}),
        )

    def _restore_one(self) -> Document:
        return self._operation(
            "restoreOne",
            f"restoreOne{self._object_type.type_name}",
            f"Restore One {self._singular}",
            "Brings a soft-deleted record back.",
            ("idPath", "depth"),
            data_of(f"restore{self._object_type.type_name}", self._record),
            sample=self._sample("PATCH", f"/{self._plural}/{FIRST_ID}/restore"),
        )

    def _restore_many(self) -> Document:
        query = {"filter": f"deletedAt[is]:NOT_NULL,{self._both}"}
        return self._operation(
            "restoreMany",
            f"restoreMany{self._object_type.type_name_plural}",
            f"Restore Many {self._plural}",
            "Brings all soft-deleted records back that the filter finds; more than "
            f"{self._site.batch_limit} are refused.",
            ("filter", "depth"),
            data_of(f"restore{self._object_type.type_name_plural}", list_of(self._record)),
            sample=self._sample("PATCH", f"/{self._plural}/restore", query),
        )

    def _find_duplicates(self) -> Document:
        example = {"data": [self._examples.record(1)]}
        body = object_of(
            {
                "data": {**list_of(self._create), "description": "Records that might be created."},
                "ids": {**list_of(dict(UUID)), "description": "Ids of records that exist."},
            },
            required=False,
        )
        found = object_of(
            {
                f"{self._singular}Duplicates": list_of(self._record),
                "totalCount": {"type": "integer"},
                "pageInfo": self._page_info,
            },
            required=True,
        )
        columns = self._object_type.leaf_by_column
        criteria = [
            " and ".join(columns[column].path for column in criterion)
            for criterion in self._object_type.duplicate_criteria or ()
            if columns.keys() >= set(criterion)
        ]
        known = (
            f"Records are duplicates that are equal in {', or in '.join(criteria)}."
            if criteria
            else "This object has no criteria for duplicates, so none are found."
        )
        return self._operation(
            "findDuplicates",
            f"find{self._object_type.type_name}Duplicates",
            f"Find {self._singular} Duplicates",
            f"For each of the `ids` or of the `data`, of which one must be given, the records like it. {known}",
            ("depth",),
            object_of({"data": list_of(found)}, required=True),
            body={**body, "oneOf": [{"required": ["data"]}, {"required": ["ids"]}]},
            example=example,
            sample=self._sample("POST", f"/{self._plural}/duplicates", body=example),
        )

    def _merge(self) -> Document:
        can = bool(self._object_type.duplicate_criteria)
        return self._operation(
            "mergeMany",
            f"mergeMany{self._object_type.type_name_plural}",
            f"Merge Many {self._plural}",
            "Makes several records one. The others are destroyed, and what led to them leads to the one that stays."
            if can
            else "Records of this object cannot be merged, because it has no criteria for duplicates: the answer is "
            "the status 400.",
            ("depth",),
            data_of(f"merge{self._object_type.type_name}", self._record),
            body=self._merge_input,
            example=MERGE if can else None,
            sample=self._sample("PATCH", f"/{self._plural}/merge", body=MERGE) if can else None,
        )

    def _group_by(self) -> Document:
        query = {"group_by": self._examples.group_by, "aggregate": self._examples.aggregates}
        group = object_of(
            {
                "groupByDimensionValues": {
                    "type": "array",
                    "items": {},
                    "description": "The group's value of each of `group_by`.",
                },
                "totalCount": {"type": "string", "description": "A count, as a decimal string."},
                "records": {**list_of(self._record), "description": "With `include_records_sample=true`."},
            },
            required=False,
        )
        group["required"] = ["groupByDimensionValues"]
        group["additionalProperties"] = {
            "type": ["string", "number", "boolean", "null"],
            "description": "An aggregate, under its name. Counts are decimal strings.",
        }
        return self._operation(
            "groupBy",
            f"groupBy{self._object_type.type_name_plural}",
            f"Group By {self._plural}",
            "Groups of records, with aggregates over each. The answer is the bare list.",
            (
                "groupBy",
                "filter",
                "groupOrderBy",
                "groupLimit",
                "viewId",
                "aggregate",
                "includeRecordsSample",
                "orderByForRecords",
            ),
            list_of(group),
            sample=self._sample("GET", f"/{self._plural}/groupBy", query),
        )

    def _history(self) -> Document:
        return self._operation(
            "findHistory",
            f"find{self._object_type.type_name}History",
            f"Find the history of a {self._singular}",
            "Who changed which field from what to what, and when; newest first. What is destroyed has a history, too.",
            ("idPath", "historyLimit", "historyAfter"),
            self._history_page,
            sample=self._sample("GET", f"/{self._plural}/{FIRST_ID}/history", {"limit": "10"}),
        )

    def _duplicate_dashboard(self) -> Document:
        answer = object_of(
            {
                "id": dict(UUID),
                "title": {"type": "string"},
                "pageLayoutId": {"type": ["string", "null"]},
                "position": {"type": "number"},
                "createdAt": {"type": "string", "format": "date-time"},
                "updatedAt": {"type": "string", "format": "date-time"},
            },
            required=True,
        )
        return self._operation(
            "duplicateDashboard",
            "duplicateDashboard",
            "Duplicate a dashboard",
            "Creates a copy of a dashboard. The answer is the bare record.",
            ("idPath",),
            answer,
            status=201,
            sample=self._sample("POST", f"/dashboards/{FIRST_ID}/duplicate"),
        )
