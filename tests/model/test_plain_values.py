"""What is taken without a closer look is what the closer look would take, unchanged."""

import re

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.model.field_factory import make_field
from threescore.model.fields import emails, links

_LEAF = make_field("LINKS", "site").leaves[1]
_HOSTS = st.from_regex(re.compile(r"[a-z0-9]{1,66}([.-][a-z0-9]{1,66}){1,3}", re.ASCII), fullmatch=True)
_RESTS = st.from_regex(re.compile(r"([/?#][!-~]{0,20})?", re.ASCII), fullmatch=True)
_ADDRESSES = st.from_regex(re.compile(r"[a-z0-9_+%'.-]{1,20}@[a-z0-9.-]{1,30}\.[a-z]{1,10}", re.ASCII), fullmatch=True)


@given(st.sampled_from(("http", "https")), _HOSTS, _RESTS)
def test_plain_links(scheme: str, host: str, rest: str) -> None:
    url = f"{scheme}://{host}{rest}"
    found = links._plain(url)
    assume(found is not None and len(found[1]) <= links._PLAIN_LENGTH)
    full = links._full(url)
    assert full is not None
    assert (full["scheme"], full["user"], full["host"], full["port"]) == (scheme, None, host, None)
    assert links.normal_url(_LEAF, url) == url.removesuffix("/")


@given(_ADDRESSES)
def test_plain_addresses(address: str) -> None:
    assume(len(address) <= emails._PLAIN_LENGTH and emails._is_plain_address(address))
    assert emails._is_valid(address)
