# mypy: ignore-errors
"""Uses a client of the metadata document, made by openapi-python-client: `use_metadata_client.py SERVER TOKEN ROLE`.

Prints what it got.
"""

import json
import sys
from datetime import UTC, datetime

from settings_client import AuthenticatedClient
from settings_client.api.api_keys import (
    create_one_api_key,
    find_api_key_usage,
    find_many_api_keys,
    generate_api_key_token,
)
from settings_client.api.audit import find_many_audit_entries
from settings_client.api.fields import create_one_field, delete_one_field, update_one_field
from settings_client.api.objects import create_one_object, find_many_objects, find_one_object
from settings_client.api.webhook_deliveries import find_many_webhook_deliveries
from settings_client.api.webhooks import create_one_webhook, delete_one_webhook, find_many_webhooks
from settings_client.models import (
    ApiKey,
    Error,
    Field,
    FieldForUpdate,
    FieldOptionInput,
    FieldType,
    GenerateApiKeyTokenBody,
    Object,
    ValidationReport,
    Webhook,
)

server, token, role = sys.argv[1:]
client = AuthenticatedClient(base_url=f"{server}/rest/metadata", token=token)

objects = find_many_objects.sync(client=client, limit=3)
following = find_many_objects.sync(client=client, limit=3, starting_after=objects.page_info.end_cursor)
shipment = create_one_object.sync(
    client=client,
    body=Object(name_singular="shipment", name_plural="shipments", label_singular="Shipment", label_plural="Shipments"),
    idempotency_key="shipment",
)
again = create_one_object.sync(
    client=client,
    body=Object(name_singular="shipment", name_plural="shipments", label_singular="Shipment", label_plural="Shipments"),
    idempotency_key="shipment",
)
assert again.id == shipment.id
mode = create_one_field.sync(
    client=client,
    body=Field(
        object_metadata_id=shipment.id,
        type_=FieldType.SELECT,
        name="mode",
        label="Mode",
        options=[FieldOptionInput(label="By road", value="ROAD", color="blue", position=0)],
        default_value="'ROAD'",
    ),
)
changed = update_one_field.sync(id=mode.id, client=client, body=FieldForUpdate(description="How it travels"))
removed = create_one_field.sync(
    client=client, body=Field(object_metadata_id=shipment.id, type_=FieldType.NUMBER, name="weight", label="Weight")
)
# Nothing but a field that is out of use can be deleted.
update_one_field.sync(id=removed.id, client=client, body=FieldForUpdate(is_active=False))
deleted = delete_one_field.sync(id=removed.id, client=client)
whole = find_one_object.sync(id=shipment.id, client=client)

key = create_one_api_key.sync(
    client=client, body=ApiKey(name="Nightly", expires_at=datetime(2100, 1, 1, tzinfo=UTC), role_id=role)
)
made = generate_api_key_token.sync(id=key.id, client=client, body=GenerateApiKeyTokenBody())
keys = find_many_api_keys.sync(client=client)
usage = find_api_key_usage.sync(id=key.id, client=client)
hook = create_one_webhook.sync(
    client=client, body=Webhook(target_url="https://hooks.example.com/x", operations=["*.created"])
)
hooks = find_many_webhooks.sync(client=client)
deliveries = find_many_webhook_deliveries.sync(client=client)
gone = delete_one_webhook.sync(id=hook.id, client=client)
entries = find_many_audit_entries.sync(client=client, action="objectMetadata.*")

taken = create_one_field.sync(
    client=client, body=Field(object_metadata_id=shipment.id, type_=FieldType.TEXT, name="mode", label="Mode")
)
assert isinstance(taken, ValidationReport)
missing = find_one_object.sync(id="20202020-0000-4000-8000-000000000001", client=client)
assert isinstance(missing, Error)
stranger = find_many_objects.sync(client=AuthenticatedClient(base_url=f"{server}/rest/metadata", token="x"))
assert isinstance(stranger, Error)

print(
    json.dumps(
        {
            "pages": [len(objects.data), len(following.data), len({item.id for item in objects.data + following.data})],
            "total": objects.total_count,
            "field": [mode.type_, [option.value for option in mode.options], mode.default_value, changed.description],
            "fields": [field.name for field in whole.fields],
            "deleted": deleted.name,
            "keys": [item.name for item in keys.data],
            "token": made.token.count("."),
            "usage": usage.data,
            "hooks": [[item.target_url, item.operations, len(item.secret) > 20] for item in hooks.data],
            "deliveries": deliveries.data,
            "gone": gone,
            "audit": [entry.action for entry in entries.data],
            "taken": taken.to_dict(),
            "missing": missing.to_dict(),
            "stranger": stranger.status_code,
        }
    )
)
