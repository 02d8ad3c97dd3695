"""The settings: read from the environment, refused with a clear message, documented."""

import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from threescore.config import InvalidSetting, Rate, Settings, described_settings, unknown_variables

DOCUMENTATION = Path(__file__).parents[1] / "docs" / "settings.md"


def test_defaults() -> None:
    settings = Settings.from_environment({})

    assert settings.database_url is None
    assert (settings.host, settings.port) == ("127.0.0.1", 3000)
    assert settings.batch_limit == 60
    assert settings.body_limit == 10 * 1024 * 1024
    assert settings.database_connections == 10
    assert 1 <= settings.workers <= 4
    assert settings.data_dir.is_absolute()


def test_what_is_advised_is_taken() -> None:
    """Settings that the documentation and the help of commands tell people to make."""
    root = DOCUMENTATION.parents[1]
    texts = [*root.glob("*.md"), *root.glob("docs/*.md"), *root.glob("src/threescore/cli/*.py")]
    advised = {
        found for path in texts for found in re.findall(r"(THREESCORE_\w+)=([\w.:/-]*)[`)\s]", path.read_text("utf-8"))
    }
    assert ("THREESCORE_DELIVERY", "false") in advised
    for name, value in advised:
        Settings.from_environment({name: value})


def test_every_variable_is_read() -> None:
    environment = {
        "THREESCORE_DATABASE_URL": "postgresql://me:secret@db:5433/crm",
        "THREESCORE_HOST": "0.0.0.0",
        "THREESCORE_PORT": "8080",
        "THREESCORE_DATA_DIR": "/srv/data",
        "THREESCORE_WORKERS": "7",
        "THREESCORE_DATABASE_CONNECTIONS": "20",
        "THREESCORE_BATCH_LIMIT": "200",
        "THREESCORE_BODY_LIMIT": "2048",
        "THREESCORE_GRAPHQL_TOKENS": "5000",
        "THREESCORE_GRAPHQL_DEPTH": "7",
        "THREESCORE_GRAPHQL_COMPLEXITY": "300",
        "THREESCORE_GRAPHQL_RELATIONS": "30",
        "THREESCORE_GRAPHQL_ROOT_FIELDS": "3",
        "THREESCORE_GRAPHQL_PAGE_LIMIT": "500",
        "THREESCORE_RATE_LIMIT": "100/1, 1000/60",
        "THREESCORE_RATE_LIMIT_WORKSPACE": "5000/60",
        "THREESCORE_AUDIT_DAYS": "30",
        "THREESCORE_SECRET": "s" * 32,
        "THREESCORE_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8,::1",
        "THREESCORE_DELIVERY": "false",
        "THREESCORE_OUTBOUND_ALLOW": "localhost, 10.0.0.0/8,",
        "THREESCORE_WEBHOOK_WAITS": "1, 2.5",
        "THREESCORE_WEBHOOK_TIMEOUT": "3",
        "THREESCORE_WEBHOOK_CONCURRENCY": "10",
        "THREESCORE_WEBHOOK_PATIENCE": "0.5",
        "THREESCORE_DELIVERY_DAYS": "7",
        "THREESCORE_EVENT_DAYS": "90",
        "THREESCORE_PUBLIC_URL": "https://crm.example/",
        "THREESCORE_MULTI_WORKSPACE": "TRUE",
        "THREESCORE_OPENAPI_FULL": "true",
        "THREESCORE_EMAIL_VERIFICATION": "true",
        "THREESCORE_SMTP_URL": "smtps://me:secret@mail.example",
        "THREESCORE_MAIL_FROM": "CRM <crm@crm.example>",
        "THREESCORE_LOG_LEVEL": "DEBUG",
    }
    assert set(environment) == {item.variable for item in described_settings()}

    assert Settings.from_environment(environment) == Settings(
        database_url="postgresql://me:secret@db:5433/crm",
        host="0.0.0.0",
        port=8080,
        data_dir=Path("/srv/data"),
        workers=7,
        database_connections=20,
        batch_limit=200,
        body_limit=2048,
        graphql_tokens=5000,
        graphql_depth=7,
        graphql_complexity=300,
        graphql_relations=30,
        graphql_root_fields=3,
        graphql_page_limit=500,
        rate_limit=(Rate(100, 1), Rate(1000, 60)),
        rate_limit_workspace=(Rate(5000, 60),),
        audit_days=30,
        secret="s" * 32,
        trusted_proxies=(ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("::1")),
        delivery=False,
        outbound_allow=("localhost", "10.0.0.0/8"),
        webhook_waits=(1.0, 2.5),
        webhook_timeout=3,
        webhook_concurrency=10,
        webhook_patience=0.5,
        delivery_days=7,
        event_days=90,
        public_url="https://crm.example",
        multi_workspace=True,
        email_verification=True,
        openapi_full=True,
        smtp_url="smtps://me:secret@mail.example",
        mail_from="CRM <crm@crm.example>",
        log_level="debug",
    )


def test_an_empty_variable_counts_as_not_set() -> None:
    assert Settings.from_environment({"THREESCORE_PORT": " "}).port == 3000


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        (
            "THREESCORE_RATE_LIMIT",
            "100 a minute",
            "THREESCORE_RATE_LIMIT cannot be '100 a minute': requests per seconds are needed, as in 100/1 1000/60, or"
            " off.",
        ),
        (
            "THREESCORE_RATE_LIMIT",
            "1/60 2/60",
            "THREESCORE_RATE_LIMIT cannot be '1/60 2/60': there can be only one rate for each length of time.",
        ),
        ("THREESCORE_PORT", "http", "THREESCORE_PORT cannot be 'http': a whole number from 1 to 65535 is needed."),
        ("THREESCORE_PORT", "65536", "THREESCORE_PORT cannot be '65536': a whole number from 1 to 65535 is needed."),
        ("THREESCORE_WORKERS", "0", "THREESCORE_WORKERS cannot be '0': a whole number from 1 to 256 is needed."),
        ("THREESCORE_BATCH_LIMIT", "6.5", "THREESCORE_BATCH_LIMIT cannot be '6.5': a whole number from 1 to"),
        ("THREESCORE_TRUSTED_PROXIES", "here", "addresses or networks are needed, with commas between"),
        ("THREESCORE_LOG_LEVEL", "loud", "one of debug, info, warning, error is needed"),
        ("THREESCORE_DELIVERY", "maybe", "THREESCORE_DELIVERY cannot be 'maybe': true or false is needed."),
        ("THREESCORE_WEBHOOK_WAITS", "5,soon", "at most 50 numbers of seconds, with commas between them, are needed"),
        ("THREESCORE_WEBHOOK_PATIENCE", "0", "a number of days, at most 365, is needed"),
        ("THREESCORE_DATABASE_URL", "mysql://x", "a URL that starts with postgresql:// is needed"),
        (
            "THREESCORE_MULTI_WORKSPACE",
            "maybe",
            "THREESCORE_MULTI_WORKSPACE cannot be 'maybe': true or false is needed.",
        ),
        ("THREESCORE_PUBLIC_URL", "crm.example", "a URL such as https://crm.example.com is needed"),
        ("THREESCORE_SMTP_URL", "mail.example:25", "THREESCORE_SMTP_URL cannot be what it is: a URL such as smtp://"),
        ("THREESCORE_SECRET", "short", "THREESCORE_SECRET cannot be what it is: at least 32 characters are needed."),
    ],
)
def test_a_wrong_value_is_refused_by_name(variable: str, value: str, complaint: str) -> None:
    with pytest.raises(InvalidSetting, match=re.escape(complaint)):
        Settings.from_environment({variable: value})


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(InvalidSetting) as caught:
        Settings.from_environment({"THREESCORE_PORT": "x", "THREESCORE_WORKERS": "y"})
    assert [line.split()[0] for line in str(caught.value).splitlines()] == ["THREESCORE_PORT", "THREESCORE_WORKERS"]


def test_secrets_are_never_shown() -> None:
    hidden = {"THREESCORE_SECRET": "tell-nobody" * 4, "THREESCORE_DATABASE_URL": "postgresql://me:tell-nobody@db/crm"}
    assert "tell-nobody" not in repr(Settings.from_environment(hidden))
    with pytest.raises(InvalidSetting) as caught:
        Settings.from_environment({"THREESCORE_SECRET": "tell-nobody", "THREESCORE_DATABASE_URL": "tell-nobody"})
    assert "tell-nobody" not in str(caught.value)


def test_an_unknown_variable_is_named_with_the_nearest_right_one() -> None:
    sentences = unknown_variables({"THREESCORE_PROT": "3001", "THREESCORE_PORT": "3002", "PATH": "/bin"})
    assert sentences == ["THREESCORE_PROT is no setting of Threescore and has no effect. Did you mean THREESCORE_PORT?"]


def test_the_documentation_has_exactly_these_settings() -> None:
    rows = [line for line in DOCUMENTATION.read_text().splitlines() if line.startswith("| `THREESCORE_")]
    documented = [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows]
    assert documented == [(f"`{item.variable}`", item.default, item.meaning) for item in described_settings()]
