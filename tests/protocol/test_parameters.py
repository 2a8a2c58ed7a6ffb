"""How the values in addresses and forms are decoded."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from hypothesis import given
from hypothesis import strategies as st

from clustergraph.errors import RequestError
from clustergraph.protocol.parameters import decode, fields


@given(st.lists(st.sampled_from([b"%", b"4", b"f", b"C3", b"%A9", b"\\", b"+", b"x", b"\xc3"])))
def test_decoding_is_that_of_the_standard_library(pieces: list[bytes]) -> None:
    """The quick way and the slow way agree, on malformed escapes as well."""
    raw = b"".join(pieces)
    expected = unquote_to_bytes(raw.replace(b"+", b" "))
    try:
        assert decode(raw).encode() == expected
    except RequestError:
        assert expected.decode("utf-8", "replace").encode() != expected


@given(st.binary(max_size=40))
def test_any_bytes_are_fields(raw: bytes) -> None:
    """Whatever comes can be split; names are decoded, values not yet."""
    assert len(list(fields(raw))) == (raw.count(b"&") + 1 if raw else 0)
