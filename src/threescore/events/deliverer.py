"""A deliverer as the settings want it."""

from threescore.config import DELIVERY_CONNECTIONS, Settings
from threescore.db.pool import Database
from threescore.events.delivery import Deliverer, Rules
from threescore.events.outbound import Outbound
from threescore.events.services import make_sealer

OF_CONNECTIONS = {"synchronous_commit": "off", "application_name": "threescore delivery"}
"""The settings of its database connections."""


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
