"""`threescore webhook`."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from threescore.access.keys import signing_secret
from threescore.cli.inputs import Given, YesOption, body_of, change_of, confirm, one_of, read_json
from threescore.cli.operator import Operator, operator_of
from threescore.cli.output import JsonOption, moment, print_json, print_table, say
from threescore.cli.workplace import Result, Workplace, WorkspaceOption, in_workspace
from threescore.errors import BadRequest
from threescore.events import patterns
from threescore.events.deliveries import DEFAULT_LIMIT, MAX_LIMIT, STATUSES, Search, Values
from threescore.events.outbound import Outbound
from threescore.events.services import WebhookServices, webhook_services
from threescore.events.webhook import Webhook, webhook_values
from threescore.events.webhooks import LONGEST_OVERLAP
from threescore.model.fields.temporal import parse_moment
from threescore.rest.webhooks import webhook_shape

app = typer.Typer(help="Webhooks: who is told of what happens, and what became of it.", no_args_is_help=True)

_Hook = Annotated[
    UUID, typer.Argument(metavar="WEBHOOK", help="The id of the webhook, as `threescore webhook list` shows it.")
]
_Operations = Annotated[
    list[str] | None,
    typer.Option("--operation", help="What it is told of, as person.created or *.*; may be given several times."),
]
_Description = Annotated[str | None, typer.Option(help="What it is for.")]
_UpdatedFields = Annotated[
    list[str] | None,
    typer.Option("--updated-field", help="Only updates that change this field; may be given several times."),
]
_Filter = Annotated[
    Given | None,
    typer.Option(parser=read_json, metavar="JSON", help="Only records that pass this filter, as in GraphQL."),
]


def _read_moment(text: str) -> datetime:
    found = parse_moment(text)
    if found is None:
        raise typer.BadParameter("a date and time is needed, as in 2026-01-01T00:00:00Z")
    return found


@app.command("create")
def create_command(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where to send events: an http or https URL.")],
    operation: _Operations = None,
    description: _Description = None,
    updated_field: _UpdatedFields = None,
    filter: _Filter = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a webhook and print its secret, alone. It is told of everything unless --operation says of what."""
    given = body_of(_values(url, operation, description, updated_field, filter))

    async def create(services: WebhookServices, operator: Operator) -> Webhook:
        _check_operations(operator, operation)
        return await services.webhooks.create(operator, given)

    made = _at_work(workspace, create)
    say(f"Webhook {made.id} is created; its secret is shown only this once.")
    _print_secret(made, as_json)


@app.command("list")
def list_command(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the webhooks of a workspace, without their secrets."""
    found = _at_work(workspace, lambda services, operator: services.webhooks.all(operator))
    if as_json:
        print_json([webhook_values(item) for item in found])
        return
    rows = [
        [
            item.target_url,
            str(item.id),
            ", ".join(item.operations),
            _condition(item),
            moment(item.failing_since),
            item.description or "",
        ]
        for item in found
    ]
    print_table(["URL", "Id", "Operations", "State", "Failing since", "Description"], rows)


@app.command("update")
def update_command(
    webhook: _Hook,
    url: Annotated[str | None, typer.Option(help="Where to send events.")] = None,
    operation: _Operations = None,
    description: _Description = None,
    updated_field: _UpdatedFields = None,
    filter: _Filter = None,
    active: Annotated[
        bool | None,
        typer.Option("--on/--off", help="Switch it on again, or off: what it has not delivered is given up."),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what is given of a webhook."""
    given = change_of(_values(url, operation, description, updated_field, filter, active))
    _change(webhook, given, workspace, as_json, "is changed")


@app.command("pause")
def pause_command(webhook: _Hook, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Let the deliveries of a webhook wait."""
    _change(webhook, {"isPaused": True}, workspace, as_json, "is paused; its deliveries wait")


@app.command("resume")
def resume_command(webhook: _Hook, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Make the deliveries of a paused webhook, those that have waited first."""
    _change(webhook, {"isPaused": False}, workspace, as_json, "delivers")


@app.command("rotate")
def rotate_command(
    webhook: _Hook,
    overlap_seconds: Annotated[
        int | None,
        typer.Option(
            help="For how long the secret before stays good; a day when not given.",
            min=0,
            max=int(LONGEST_OVERLAP.total_seconds()),
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a webhook a new secret and print it, alone."""
    changed = _at_work(
        workspace, lambda services, operator: services.webhooks.rotate(operator, webhook, None, overlap_seconds)
    )
    say(f"Webhook {changed.id} has a new secret, shown only this once.")
    _print_secret(changed, as_json)


@app.command("delete")
def delete_command(
    webhook: _Hook, yes: YesOption = False, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Delete a webhook. What it has not delivered is given up."""
    confirm(f"Delete webhook {webhook}?", yes)
    deleted = _at_work(workspace, lambda services, operator: services.webhooks.delete(operator, webhook))
    if as_json:
        print_json(webhook_values(deleted))
    say(f"The webhook to {deleted.target_url} is deleted.")


@app.command("test")
def try_command(webhook: _Hook, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Have a test event delivered by a running server, and print the id of the delivery."""
    delivery = _at_work(workspace, lambda services, operator: services.deliveries.test(operator, webhook))
    _print_delivery(delivery, as_json)


@app.command("deliveries")
def deliveries_command(
    webhook: Annotated[UUID | None, typer.Option(help="Only those of this webhook.")] = None,
    status: Annotated[
        str | None,
        typer.Option(
            parser=one_of(STATUSES),
            metavar="|".join(STATUSES),
            help="Only those that are pending, succeeded or failed.",
        ),
    ] = None,
    event: Annotated[str | None, typer.Option(help="Only those of this event, as person.created.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=MAX_LIMIT)] = DEFAULT_LIMIT,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List deliveries, newest first."""
    search = Search(webhook_id=webhook, status=status, event_name=event, limit=limit)
    found, _more = _at_work(workspace, lambda services, operator: services.deliveries.search(operator, search))
    if as_json:
        print_json(found)
        return
    rows = [
        [
            item["eventName"],
            item["id"],
            item["status"],
            str(item["attemptCount"]),
            str(item["responseStatus"] or ""),
            moment(item["createdAt"]),
            moment(item["nextAttemptAt"]),
            item["error"] or "",
        ]
        for item in found
    ]
    print_table(["Event", "Id", "Status", "Attempts", "Response", "Created", "Next attempt", "Error"], rows)


@app.command("resend")
def resend_command(
    delivery: Annotated[
        UUID, typer.Argument(metavar="DELIVERY", help="The id, as `threescore webhook deliveries` shows it.")
    ],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a delivery made again by a running server, whatever became of it before; print its id."""
    again = _at_work(workspace, lambda services, operator: services.deliveries.resend(operator, delivery))
    _print_delivery(again, as_json)


@app.command("resend-failed")
def resend_failed_command(
    since: Annotated[
        datetime,
        typer.Argument(parser=_read_moment, metavar="SINCE", help="A time, as 2026-01-01T00:00:00Z or 2026-01-01."),
    ],
    webhook: Annotated[UUID | None, typer.Option(help="Only those of this webhook.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have all failed deliveries of events since a time made again by a running server; print how many they are."""
    count = _at_work(workspace, lambda services, operator: services.deliveries.resend_failed(operator, since, webhook))
    if as_json:
        print_json({"count": count})
    else:
        print(count)


def _at_work(workspace: str | None, work: Callable[[WebhookServices, Operator], Awaitable[Result]]) -> Result:
    """Does some work with the webhooks of a workspace. Running servers learn of it from the database."""

    async def run(workplace: Workplace) -> Result:
        secret = await signing_secret(workplace.database, workplace.settings.secret)
        services = webhook_services(workplace.database, secret, Outbound(workplace.settings.outbound_allow))
        return await work(services, await operator_of(workplace))

    return in_workspace(workspace, run)


def _change(webhook: UUID, given: dict[str, Any], workspace: str | None, as_json: bool, what: str) -> None:
    async def update(services: WebhookServices, operator: Operator) -> Webhook:
        _check_operations(operator, given.get("operations"))
        return await services.webhooks.update(operator, webhook, given)

    changed = _at_work(workspace, update)
    if as_json:
        print_json(webhook_values(changed))
    say(f"The webhook to {changed.target_url} {what}.")


def _check_operations(operator: Operator, operations: list[str] | None) -> None:
    """Refuses patterns that no event answers to: who types one has mistyped it. Raises BadRequest."""
    for pattern in operations or ():
        problem = patterns.silence(operator.model, pattern)
        if problem:
            raise BadRequest(problem)


def _values(
    url: str | None,
    operations: list[str] | None,
    description: str | None,
    updated_fields: list[str] | None,
    filter: Given | None,
    active: bool | None = None,
) -> dict[str, Any]:
    """What may be given of a webhook, in the names of the wire."""
    return {
        "targetUrl": url,
        "operations": operations,
        "description": description,
        "updatedFields": updated_fields,
        "filter": filter,
        "isActive": active,
    }


def _print_secret(webhook: Webhook, as_json: bool) -> None:
    if as_json:
        print_json(webhook_shape(webhook))
    else:
        print(webhook.secret)


def _print_delivery(delivery: Values, as_json: bool) -> None:
    if as_json:
        print_json(delivery)
    else:
        print(delivery["id"])


def _condition(webhook: Webhook) -> str:
    if webhook.switched_off_at is not None:
        return "off"
    return "paused" if webhook.is_paused else "on"
