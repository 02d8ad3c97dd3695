"""The settings: one class, read once from `THREESCORE_*` environment variables.

Each field carries its own documentation; `docs/settings.md` shows the same table.
"""

import difflib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network

PREFIX = "THREESCORE_"

DELIVERY_CONNECTIONS = 3
"""How many database connections the delivery of a process opens at most, beside those that answer requests."""


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


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ValueError(f"addresses or networks are needed, with commas between ({error})") from error


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


@dataclass(frozen=True, slots=True)
class Rate:
    """How much may be asked: `limit` requests in `period` seconds, all at once or evenly."""

    limit: int
    period: int


_RATE = re.compile(r"(\d{1,9})/(\d{1,6})", re.ASCII)


def parse_rates(text: str) -> tuple[Rate, ...]:
    """Rates as `100/1 1000/60`, requests per seconds; none for `off`. Raises ValueError."""
    rates = []
    for item in [] if text.strip().lower() == "off" else text.replace(",", " ").split():
        match = _RATE.fullmatch(item)
        if match is None or not (limit := int(match[1])) or not (period := int(match[2])):
            raise ValueError("requests per seconds are needed, as in 100/1 1000/60, or off")
        rates.append(Rate(limit, period))
    if len({rate.period for rate in rates}) < len(rates):
        raise ValueError("there can be only one rate for each length of time")
    return tuple(rates)


def _words(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (word.strip() for word in text.split(","))))


def _waits(text: str) -> tuple[float, ...]:
    try:
        waits = tuple(float(word) for word in _words(text))
    except ValueError:
        waits = (-1.0,)
    if len(waits) > 50 or not all(0 <= wait <= 30 * 86_400 for wait in waits):
        raise ValueError("at most 50 numbers of seconds, with commas between them, are needed")
    return waits


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = -1.0
    if not 0 < days <= 365:
        raise ValueError("a number of days, at most 365, is needed")
    return days


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
    graphql_relations: int = _setting(
        _whole_number(10, 100_000),
        200,
        "How many relations a GraphQL root field may select in all. The database's work to plan a statement grows with"
        " them.",
    )
    graphql_root_fields: int = _setting(
        _whole_number(1, 1000), 20, "How many root fields a GraphQL operation may have."
    )
    graphql_page_limit: int = _setting(
        _whole_number(1, 10_000), 10_000, "How many records a GraphQL page may have; a longer one is cut to this."
    )
    rate_limit: tuple[Rate, ...] = _setting(
        parse_rates,
        (),
        "How many requests an API key may send: `100/1 1000/60` are 100 in a second and 1000 in a minute. A key may"
        " have a limit of its own. Each member, and each network address without a good token, may send as many.",
        shown_default="no limit",
    )
    rate_limit_workspace: tuple[Rate, ...] = _setting(
        parse_rates,
        (),
        "How many requests all API keys of a workspace may send together, written in the same way.",
        shown_default="no limit",
    )
    audit_days: int = _setting(_whole_number(1, 36_500), 400, "For how many days entries of the audit log are kept.")
    secret: str | None = _setting(
        _secret,
        None,
        "What tokens are signed with, secrets of webhooks and kept answers encrypted, 32 characters or more. Changing"
        " it makes every API key handed out invalid, signs everybody out, and makes secrets of webhooks unreadable.",
        shown_default="made on the first start and kept in the database",
        hidden=True,
    )
    trusted_proxies: tuple[Network, ...] = _setting(
        _networks,
        (),
        "Reverse proxies whose `X-Forwarded-For` is believed, as addresses or networks with commas between: "
        "`127.0.0.1,10.0.0.0/8`. It matters to API keys that may be used from some networks only, and to all that is"
        " limited by network address: signing in, and requests without a good token.",
        shown_default="none",
    )
    delivery: bool = _setting(
        _switch,
        True,
        "Whether the serving processes deliver webhooks: `true` or `false`. If not, `threescore worker` does, in"
        " processes of its own.",
        shown_default="true",
    )
    outbound_allow: tuple[str, ...] = _setting(
        _words,
        (),
        "Hosts and networks, with commas between them, that webhooks may call although they are not on the public"
        " internet: `127.0.0.1, 10.2.0.0/16, hooks.internal`.",
        shown_default="none",
    )
    webhook_waits: tuple[float, ...] = _setting(
        _waits,
        (5.0, 30.0, 300.0, 1800.0, 7200.0, 21600.0, 43200.0, 79200.0, 108000.0),
        "How long to wait before each further attempt of a delivery, in seconds, give or take a fifth.",
        shown_default="5, 30, 300, 1800, 7200, 21600, 43200, 79200, 108000",
    )
    webhook_timeout: int = _setting(
        _whole_number(1, 60), 15, "How long a receiver may take to answer, in seconds; 5 of them to connect."
    )
    webhook_concurrency: int = _setting(
        _whole_number(1, 1000), 50, "How many calls of one webhook each process makes at once."
    )
    webhook_patience: float = _setting(
        _days, 4.0, "After how many days without one success a webhook is switched off.", shown_default="4"
    )
    delivery_days: int = _setting(_whole_number(1, 3650), 30, "For how many days the log of deliveries is kept.")
    event_days: int | None = _setting(
        _whole_number(1, 36_500),
        None,
        "For how many days events are kept, and with them the histories of records and what the feed can go back to.",
        shown_default="for ever",
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
    openapi_full: bool = _setting(
        _switch,
        False,
        "Whether OpenAPI documents and Markdown show every API key and member the whole data model: `true` or `false`. "
        "If not, they show what the role may read.",
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
