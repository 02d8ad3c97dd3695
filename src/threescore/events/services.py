"""What the doors need for webhooks, put together once for each process."""

from collections.abc import Callable
from uuid import UUID

from msgspec import Struct

from threescore.access.audit import Author
from threescore.access.sealing import Sealer
from threescore.db.pool import Database
from threescore.events.deliveries import Deliveries
from threescore.events.outbound import Outbound
from threescore.events.webhooks import Webhooks


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
