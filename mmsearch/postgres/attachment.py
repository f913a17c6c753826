"""Which servers hold the vectors of an index: a value, and the file in the index that remembers it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

SCHEMES = ("postgresql", "postgres")
_SECRETS = ("password", "sslpassword")


@dataclass(frozen=True, slots=True)
class Attachment:
    """The ``servers`` (addresses without passwords) that hold the vectors of an index under ``name``.

    Row r lies on server r mod n. ``approximate``: by HNSW rather than by a look at every row. ``published`` counts how
    often vectors were brought there: what has another count is another generation.
    """

    servers: tuple[str, ...]
    name: str
    approximate: bool = False
    published: int = 0

    @classmethod
    def to(cls, servers: Sequence[str], *, approximate: bool = False) -> Self:
        """A new one, of a name that no other index has. UsageError for what is no address of a server."""
        if not servers:
            raise UsageError("name a server, such as postgresql://host/database")
        if len(set(servers)) < len(servers):
            raise UsageError("a server is named twice")
        return cls(tuple(map(checked_address, servers)), secrets.token_hex(8), approximate)

    def again(self) -> Self:
        """The same, once more published."""
        return replace(self, published=self.published + 1)

    def to_record(self) -> dict[str, Any]:
        """As JSON's own values."""
        return {
            "servers": list(self.servers),
            "name": self.name,
            "approximate": self.approximate,
            "published": self.published,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self | None:
        """What `to_record` wrote; None for an empty record. ValueError for any other."""
        if not record:
            return None
        servers, name, published = record.get("servers"), record.get("name"), record.get("published")
        is_sound = (
            isinstance(servers, list)
            and bool(servers)
            and all(isinstance(one, str) for one in servers)
            and isinstance(name, str)
            and name.isalnum()
            and type(published) is int
        )
        if not is_sound:
            raise ValueError("it names no servers")
        assert isinstance(servers, list)
        assert isinstance(name, str)
        assert type(published) is int
        return cls(tuple(map(checked_address, servers)), name, record.get("approximate") is True, published)


def checked_address(address: str) -> str:
    """``address``, if it is one of a PostgreSQL server and holds no password; UsageError else."""
    try:
        parts = urlsplit(address)
        secret = parts.password or any(name in parse_qs(parts.query) for name in _SECRETS)
    except ValueError as error:
        raise UsageError("that is no address of a server: postgresql://user@host:5432/database") from error
    if parts.scheme not in SCHEMES:
        raise UsageError("a server has an address such as postgresql://user@host:5432/database")
    if secret:
        raise UsageError(
            "an address with a password would be kept in the index: put the password into ~/.pgpass, or PGPASSWORD"
        )
    return address
