"""Where webhooks may go: every known way to reach a private address is refused, and what is admitted is pinned."""

import re
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from yarl import URL

from tests.events.receiver import Receiver
from threescore.events.client import Client
from threescore.events.outbound import Lookup, Outbound, TargetRefused, is_public, parse_target

pytestmark = pytest.mark.anyio

PRIVATE = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_no_private_address_is_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
)
def test_public_addresses_are(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://0x7f.0.0.1/",
        "http://0x7f000001/",
        "http://127.0.0.1./",
        "http://１２７.0.0.1/",
        "http://127。0。0。1/",
        "http://user@127.0.0.1/",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://169.254.169.254/latest/meta-data",
        "http://0/",
        "https://10.0.0.1/",
    ],
)
async def test_every_way_to_write_a_private_address_is_refused(url: str) -> None:
    outbound = Outbound()
    with pytest.raises(TargetRefused):
        await outbound.check(parse_target(url))
    client = Client(outbound, 2.0)
    try:
        outcome = await client.call(parse_target(url), b"{}", {})
    finally:
        await client.close()
    assert outcome.status is None
    assert outcome.error is not None
    assert re.search("not on the public internet|not a canonical IPv4 address", outcome.error)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not a url",
        "example.com/x",
        "ftp://example.com",
        "http:///x",
        "http:example.com",
        "//example.com",
        "http://",
        "http://a b/",
        "http://h\\@evil/",
        "http://h:99999/",
        "javascript:alert(1)",
        "http://x/\r\nHost: y",
        "http://[::1",
    ],
)
def test_what_is_no_target(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse_target(text)


def test_targets_have_one_form() -> None:
    assert str(parse_target(" http://Example.COM:80 ")) == "http://example.com/"
    assert str(parse_target("https://bücher.example/a?b=ä#c")) == "https://xn--bcher-kva.example/a?b=%C3%A4"


async def test_a_name_without_an_address_may_be_stored() -> None:
    await Outbound(lookup=_failing).check(parse_target("http://later.example/"))


async def _failing(host: str, port: int) -> Sequence[str]:
    raise OSError("no such name")


async def test_the_setting_admits_hosts_and_networks() -> None:
    inside = answering(["10.2.3.4"])
    for allowed in ("hooks.internal", "HOOKS.internal.", "10.2.0.0/16", "10.2.3.4"):
        await Outbound((allowed,), inside).check(parse_target("http://hooks.internal/"))
    for allowed in ("other.internal", "10.3.0.0/16", "internal"):
        with pytest.raises(TargetRefused, match="THREESCORE_OUTBOUND_ALLOW"):
            await Outbound((allowed,), inside).check(parse_target("http://hooks.internal/"))


def answering(*answers: list[str]) -> Lookup:
    """A lookup that gives one answer after the other, and the last one ever after."""
    left = list(answers)

    async def lookup(_host: str, _port: int) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return lookup


async def test_a_name_that_changes_after_the_check_gains_nothing(receiver: Receiver) -> None:
    port = URL(receiver.url).port
    target = parse_target(f"http://rebind.example:{port}/rebind")
    outbound = Outbound(lookup=answering(["1.1.1.1"], ["127.0.0.1"]))
    await outbound.check(target)
    client = Client(outbound, 2.0)
    try:
        outcome = await client.call(target, b"{}", {})
    finally:
        await client.close()
    assert outcome.error is not None
    assert "rebind.example is 127.0.0.1" in outcome.error
    assert receiver.at("/rebind") == []


async def test_the_call_goes_to_the_address_that_was_looked_at(receiver: Receiver) -> None:
    """Of a mixed answer only what is admitted is used; the name stays in the request."""
    port = URL(receiver.url).port
    client = Client(Outbound(("127.0.0.0/8",), answering(["10.0.0.1", "127.0.0.1"], ["10.0.0.1"])), 2.0)
    try:
        outcome = await client.call(parse_target(f"http://pinned.example:{port}/pinned"), b"{}", {})
    finally:
        await client.close()
    assert outcome.status == 200
    (call,) = receiver.at("/pinned")
    assert call.headers["Host"] == f"pinned.example:{port}"


def make_certificate(directory: Path, name: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = directory / "certificate.pem", directory / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


async def test_tls_is_verified_with_the_targets_name(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "right.example")
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(certificate, key)

    async def answer(_request: web.Request) -> web.Response:
        return web.Response()

    application = web.Application()
    application.router.add_post("/", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=serving)
    await site.start()
    port = runner.addresses[0][1]
    outbound = Outbound(("127.0.0.1",), answering(["127.0.0.1"]))
    trusting = ssl.create_default_context(cafile=str(certificate))
    client, stranger = Client(outbound, 2.0, tls=trusting), Client(outbound, 2.0)
    try:
        right = await client.call(parse_target(f"https://right.example:{port}/"), b"{}", {})
        wrong = await client.call(parse_target(f"https://wrong.example:{port}/"), b"{}", {})
        unknown = await stranger.call(parse_target(f"https://right.example:{port}/"), b"{}", {})
    finally:
        await client.close()
        await stranger.close()
        await runner.cleanup()
    assert (right.status, right.error) == (200, None)
    for refused in (wrong, unknown):
        assert refused.status is None
        assert refused.error is not None
        assert "ertificate" in refused.error
