"""The process of `threescore worker`: it delivers webhooks and serves nothing."""

import argparse
import asyncio
import contextlib
import os
import signal

import uvloop

from threescore import logs
from threescore.access.keys import signing_secret
from threescore.config import Settings
from threescore.db.embedded import EmbeddedServer
from threescore.db.pool import Database
from threescore.events.bell import listening
from threescore.events.deliverer import OF_CONNECTIONS, make_deliverer
from threescore.events.delivery import ALONE, delivering
from threescore.events.outbound import Outbound

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main() -> None:
    """Delivers until SIGINT or SIGTERM, then lets calls end and gives up the embedded server."""
    parser = argparse.ArgumentParser(prog="threescore.working")
    parser.add_argument("--claim", type=int)
    claim: int | None = parser.parse_args().claim
    settings = Settings.from_environment()
    logs.configure(settings.log_level)
    embedded = None
    if claim is not None:
        os.set_inheritable(claim, False)
        embedded = EmbeddedServer(settings.data_dir, claim)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            uvloop.run(_work(settings))
    finally:
        if embedded is not None:
            embedded.release()


async def _work(settings: Settings) -> None:
    stopped = asyncio.Event()
    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    assert settings.database_url is not None
    database = await Database.connect(settings.database_url, 1)
    secret = await signing_secret(database, settings.secret)
    await database.close()
    deliverer = await make_deliverer(settings, secret, Outbound(settings.outbound_allow))
    deliverer.pace = ALONE
    ear = Database(settings.database_url, 1, OF_CONNECTIONS)
    async with delivering(deliverer), listening(ear, deliverer.heard, deliverer.connected):
        print("Delivering webhooks. Ctrl-C stops it.", flush=True)
        await stopped.wait()
    await ear.close()


if __name__ == "__main__":
    main()
