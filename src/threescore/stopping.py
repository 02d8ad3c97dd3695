"""What has to end by itself when the process is told to stop: answers that would go on for ever."""

import asyncio
from collections.abc import Callable
from weakref import WeakKeyDictionary

_actions: WeakKeyDictionary[asyncio.AbstractEventLoop, list[Callable[[], None]]] = WeakKeyDictionary()


def on_stop(action: Callable[[], None]) -> None:
    """Has an action called, in the running event loop, as soon as the process is told to stop."""
    _actions.setdefault(asyncio.get_running_loop(), []).append(action)


def stop(loop: asyncio.AbstractEventLoop) -> None:
    """Calls the actions of an event loop. To be called by it."""
    for action in _actions.pop(loop, []):
        action()
