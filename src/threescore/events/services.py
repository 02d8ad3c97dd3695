"""What the doors need for webhooks, put together once for each process."""

from collections.abc import Callable
from uuid import UUID

from msgspec import Struct

from threescore.access.audit import Author
from threescore.access.sealing import Sealer
from threescore.config import Settings
from threescore.db.pool import Database
from threescore.events.deliveries import Deliveries
from threescore.events.delivery import Deliverer, Rules
from threescore.events.outbound import Outbound
from threescore.events.webhooks import Webhooks

DELIVERY_CONNECTIONS = 3
"""How many database connections the delivery of a process opens at most, beside those that answer requests."""

OF_CONNECTIONS = {"synchronous_commit": "off", "application_name": "threescore delivery"}
"""The settings of those connections."""


class WebhookServices(Struct, frozen=True):
    """The webhooks, the log of their deliveries, and whom to tell that a workspace's webhooks have changed."""

    webhooks: Webhooks
    deliveries: Deliveries
    changed: Callable[[UUID], None]

    def over(self, database: Database, author: Author) -> "WebhookServices":
        """The same services inside a transaction, or over the same database. The audit log names the `author`."""
        return WebhookServices(self.webhooks.over(database, author), self.deliveries.over(database), self.changed)


def webhook_services(
    database: Database, secret: str, outbound: Outbound, changed: Callable[[UUID], None] = lambda _workspace: None
) -> WebhookServices:
    """The services over a database; `secret` is the server's own."""
    return WebhookServices(Webhooks(database, make_sealer(secret), outbound), Deliveries(database, changed), changed)


def make_sealer(secret: str) -> Sealer:
    """What encrypts the secrets of webhooks."""
    return Sealer(secret, "webhooks")


async def make_deliverer(settings: Settings, secret: str, outbound: Outbound) -> Deliverer:
    """A deliverer with connections of its own, which it closes at its end.

    Its transactions need not wait for the disk: whichever is lost with PostgreSQL is one that is made again.
    """
    assert settings.database_url is not None
    database = await Database.connect(settings.database_url, DELIVERY_CONNECTIONS, OF_CONNECTIONS)
    return Deliverer(database, make_sealer(secret), outbound, delivery_rules(settings))


def delivery_rules(settings: Settings) -> Rules:
    """How the settings want deliveries to be made."""
    return Rules(
        waits=settings.webhook_waits,
        room=settings.webhook_concurrency,
        timeout=float(settings.webhook_timeout),
        keep_days=settings.delivery_days,
        patience_days=settings.webhook_patience,
    )
