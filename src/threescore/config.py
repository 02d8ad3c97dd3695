"""The settings: one class, read once from `THREESCORE_*` environment variables.

Each field carries its own documentation; `docs/settings.md` shows the same table.
"""

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PREFIX = "THREESCORE_"

_LOG_LEVELS = ("debug", "info", "warning", "error")
_SECRET_LENGTH = 32


class InvalidSetting(ValueError):
    """One or more variables hold what they cannot hold; the message has a line for each."""


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise ValueError(f"a whole number from {least} to {most} is needed")
        return number

    return parse


def _database_url(text: str) -> str:
    if urlsplit(text).scheme not in {"postgresql", "postgres"}:
        raise ValueError("a URL that starts with postgresql:// is needed")
    return text


def _log_level(text: str) -> str:
    if text.lower() not in _LOG_LEVELS:
        raise ValueError(f"one of {', '.join(_LOG_LEVELS)} is needed")
    return text.lower()


def _switch(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("true or false is needed")
    return text.lower() == "true"


def _web_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("a URL such as https://crm.example.com is needed")
    return text.rstrip("/")


def _smtp_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("a URL such as smtp://user:password@mail.example.com:587 is needed")
    return text


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _secret(text: str) -> str:
    if len(text) < _SECRET_LENGTH:
        raise ValueError(f"at least {_SECRET_LENGTH} characters are needed")
    return text


def _default_data_dir() -> Path:
    # As root the embedded server runs under an account of its own, which cannot enter root's home.
    if os.geteuid() == 0:
        return Path("/var/lib/threescore")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "threescore"


def _default_workers() -> int:
    return min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _setting(
    parse: Callable[[str], object],
    default: object,
    meaning: str,
    *,
    shown_default: str | None = None,
    hidden: bool = False,
) -> Any:
    """A field of Settings: how its text is read, its default (a value or a function), what it means."""
    shown = str(default) if shown_default is None else shown_default
    metadata = {"parse": parse, "default": shown, "meaning": meaning}
    if callable(default):
        return field(default_factory=default, metadata=metadata, repr=not hidden)
    return field(default=default, metadata=metadata, repr=not hidden)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How one installation runs. Every field is the variable `THREESCORE_<FIELD>`."""

    database_url: str | None = _setting(
        _database_url,
        None,
        "The PostgreSQL to use, version 15 or later, as `postgresql://user:password@host:port/database`. "
        "When it is not set, Threescore runs the PostgreSQL that comes with it.",
        shown_default="the embedded PostgreSQL",
        hidden=True,
    )
    host: str = _setting(str, "127.0.0.1", "The address to listen on; `0.0.0.0` for all of IPv4.")
    port: int = _setting(_whole_number(1, 65535), 3000, "The TCP port to listen on.")
    data_dir: Path = _setting(
        _path,
        _default_data_dir,
        "Where the embedded PostgreSQL keeps its data between runs.",
        shown_default="`~/.local/share/threescore`, for root `/var/lib/threescore`",
    )
    workers: int = _setting(
        _whole_number(1, 256),
        _default_workers,
        "How many processes answer requests.",
        shown_default="the number of CPUs, at most 4",
    )
    database_connections: int = _setting(
        _whole_number(2, 1000), 10, "How many database connections each worker opens at most."
    )
    batch_limit: int = _setting(
        _whole_number(1, 10_000), 60, "How many records one batch request may create, change, delete or restore."
    )
    body_limit: int = _setting(
        _whole_number(1024, 1024**3), 10 * 1024**2, "How long a request's body may be, in bytes."
    )
    graphql_tokens: int = _setting(
        _whole_number(100, 1_000_000),
        10_000,
        "How many tokens (names, numbers, brackets …) a GraphQL document may have.",
    )
    graphql_depth: int = _setting(
        _whole_number(1, 20), 5, "How many relations a GraphQL selection may go down, one below another."
    )
    graphql_complexity: int = _setting(
        _whole_number(10, 100_000),
        2000,
        "How many fields, aliases and fragments spread out included, a GraphQL root field may select.",
    )
    graphql_root_fields: int = _setting(
        _whole_number(1, 1000), 20, "How many root fields a GraphQL operation may have."
    )
    graphql_page_limit: int = _setting(
        _whole_number(1, 10_000), 10_000, "How many records a GraphQL page may have; a longer one is cut to this."
    )
    secret: str | None = _setting(
        _secret,
        None,
        "What tokens are signed with, 32 characters or more. Changing it makes every API key handed out invalid and "
        "signs everybody out.",
        shown_default="made on the first start and kept in the database",
        hidden=True,
    )
    public_url: str | None = _setting(
        _web_url,
        None,
        "Where people reach the server, as in `https://crm.example.com`. Links in mails begin with it.",
        shown_default="the address listened on",
    )
    multi_workspace: bool = _setting(
        _switch,
        False,
        "Whether everybody may sign up and make a workspace: `true` or `false`. If not, people join by invitation.",
        shown_default="false",
    )
    email_verification: bool = _setting(
        _switch,
        False,
        "Whether people must open a link that is mailed to them before they can sign in: `true` or `false`.",
        shown_default="false",
    )
    smtp_url: str | None = _setting(
        _smtp_url,
        None,
        "The server that mail is sent through, as `smtp://user:password@host:587` (STARTTLS where it is offered) or "
        "`smtps://user:password@host:465`. When it is not set, mails are written to the log.",
        shown_default="none",
        hidden=True,
    )
    mail_from: str = _setting(str, "Threescore <threescore@localhost>", "The sender of mails.")
    log_level: str = _setting(
        _log_level, "info", "The least urgent messages to log: `debug`, `info`, `warning`, `error`."
    )

    @property
    def local_url(self) -> str:
        """The address under which this machine reaches the server."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def url(self) -> str:
        """The address under which people reach the server, without a slash at the end."""
        return self.public_url or self.local_url

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """The settings as the environment has them. An empty variable counts as not set.

        Raises InvalidSetting, whose message names every variable at fault.
        """
        values: dict[str, object] = {}
        faults: list[str] = []
        for name, described in ((item.name, item.metadata) for item in fields(cls)):
            variable = PREFIX + name.upper()
            text = environment.get(variable, "").strip()
            if not text:
                continue
            try:
                values[name] = described["parse"](text)
            except ValueError as error:
                shown = "" if name in {"secret", "database_url", "smtp_url"} else f" {text!r}"
                faults.append(f"{variable} cannot be{shown or ' what it is'}: {error}.")
        if faults:
            raise InvalidSetting("\n".join(faults))
        return cls(**values)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Described:
    """What the documentation says about one setting."""

    variable: str
    default: str
    meaning: str


def described_settings() -> list[Described]:
    """All settings, in the order in which the documentation lists them."""
    return [
        Described(PREFIX + item.name.upper(), item.metadata["default"], item.metadata["meaning"])
        for item in fields(Settings)
    ]


def unknown_variables(environment: Mapping[str, str] = os.environ) -> list[str]:
    """One sentence for each `THREESCORE_*` variable that no setting reads, with the nearest right name."""
    known = [item.variable for item in described_settings()]
    sentences = []
    for variable in sorted(environment):
        if variable.startswith(PREFIX) and variable not in known:
            nearest = difflib.get_close_matches(variable, known, 1)
            hint = f" Did you mean {nearest[0]}?" if nearest else ""
            sentences.append(f"{variable} is no setting of Threescore and has no effect.{hint}")
    return sentences
