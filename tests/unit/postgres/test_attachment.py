"""Which servers hold the vectors: addresses without secrets, and the record of them."""

from __future__ import annotations

from typing import Any

import pytest

from mmsearch.errors import UsageError
from mmsearch.postgres.attachment import Attachment, checked_address


@pytest.mark.parametrize(
    "address", ["postgresql://me@host:5432/db?sslmode=verify-full", "postgres:///db?service=search"]
)
def test_an_address_stays_as_it_is(address: str) -> None:
    assert checked_address(address) == address


@pytest.mark.parametrize(
    "address",
    ["postgresql://me:secret@host/db", "postgresql://h/db?password=secret", "mysql://h/db", "", "http://["],
)
def test_what_is_no_address_or_holds_a_password_is_refused(address: str) -> None:
    with pytest.raises(UsageError) as error:
        checked_address(address)
    assert "secret" not in str(error.value)


def test_the_record_is_read_as_it_was_written() -> None:
    made = Attachment.to(["postgresql://a/x", "postgresql://b/x"], approximate=True).again()
    assert Attachment.from_record(made.to_record()) == made
    assert Attachment.to(["postgresql://a/x"]).name != Attachment.to(["postgresql://a/x"]).name
    assert Attachment.from_record({}) is None


@pytest.mark.parametrize(
    "record",
    [
        {"servers": []},
        {"servers": "postgresql://a/x", "name": "a", "published": 1},
        {"servers": ["postgresql://a/x"], "name": "a'; drop", "published": 1},
        {"servers": ["postgresql://a/x"], "name": "a", "published": True},
    ],
)
def test_what_nobody_can_have_written_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no servers"):
        Attachment.from_record(record)


@pytest.mark.parametrize("servers", [[], ["postgresql://a/x", "postgresql://a/x"]])
def test_no_server_and_one_twice_are_refused(servers: list[str]) -> None:
    with pytest.raises(UsageError):
        Attachment.to(servers)
