"""What an encoder directory says of itself: ``encoder.json``, and the digest that seals its files."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mmsearch.errors import EncoderError
from mmsearch.types import PictureSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mmsearch.types import Modality


DESCRIPTION = "encoder.json"


BANK_LINES = "bank.txt"  # the texts of the bank, for people and for what depends on their length


FORMAT = 1


@dataclass(frozen=True, slots=True)
class Description:
    """What ``encoder.json`` says: enough to list an encoder without loading it."""

    name: str
    version: str
    dimension: int
    files: Mapping[str, str]  # role ("image", "text", "tokenizer", "bank-text", ...) -> file name
    picture: PictureSpec
    max_tokens: int
    license: str
    sha256: Mapping[str, str]  # file name -> hex digest; empty in a directory that was never sealed
    figures: Mapping[str, Any]
    backgrounds: Mapping[str, str]  # "text→image" -> JSON of a Background

    @property
    def modalities(self) -> frozenset[Modality]:
        """The modalities that have a tower."""
        towers: tuple[Modality, ...] = ("image", "text", "audio")
        return frozenset(m for m in towers if m in self.files)


def read_description(directory: Path) -> Description:
    """The description of the encoder in ``directory``.

    Raises EncoderError if there is none, or if it is damaged or of a newer format.
    """
    path = directory / DESCRIPTION
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EncoderError(
            f"no encoder in {directory} ({error.strerror}): `mmsearch encoder list` shows what there is"
        ) from error
    except (ValueError, RecursionError) as error:
        raise EncoderError(f"{path} is not JSON ({error}): compile the encoder again") from error
    if not isinstance(record, dict) or "format" not in record:
        raise EncoderError(f"{path} describes no encoder: compile the encoder again")
    if record["format"] != FORMAT:
        raise EncoderError(
            f"{path} has format {record['format']!r}, this mmsearch reads {FORMAT}: upgrade mmsearch"
        )
    try:
        return _description(record)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise EncoderError(f"{path} is incomplete ({error!r}): compile the encoder again") from error


def _description(record: dict[str, Any]) -> Description:
    image, text = record.get("image"), record.get("text")
    files = {f"bank-{modality}": name for modality, name in (record.get("bank") or {}).items() if name}
    if record.get("axes"):
        files["axes"] = record["axes"]
    if image:
        files["image"] = image["file"]
    if text:
        files["text"], files["tokenizer"] = text["file"], text["tokenizer"]
    for name in files.values():
        if "/" in name or "\\" in name or name.startswith("."):
            raise ValueError(f"{name!r} leaves the directory")
    return Description(
        name=record["name"],
        version=str(record.get("version", "")),
        dimension=int(record["dimension"]),
        files=files,
        picture=PictureSpec(int(image["size"]), image.get("fit", "squash")) if image else PictureSpec(224),
        max_tokens=int(text["max_tokens"]) if text else 0,
        license=record.get("license", ""),
        sha256=dict(record.get("sha256") or {}),
        figures=dict(record.get("figures") or {}),
        backgrounds={name: json.dumps(value) for name, value in (record.get("backgrounds") or {}).items()},
    )


def digest_files(directory: Path, description: Description) -> dict[str, str]:
    """File name -> hex SHA-256 of every file that the vectors depend on."""
    roles = ("image", "text", "tokenizer")
    names = sorted(description.files[role] for role in roles if role in description.files)
    return {name: hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in names}


def seal(directory: Path) -> None:
    """Write the digests of the towers into ``encoder.json``, so that loading need not read every byte."""
    path = directory / DESCRIPTION
    record = json.loads(path.read_text(encoding="utf-8"))
    record["sha256"] = digest_files(directory, read_description(directory))
    path.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def verify(directory: Path) -> list[str]:
    """The files whose bytes are not those that were sealed; empty when all is well."""
    description = read_description(directory)
    if not description.sha256:
        return []
    actual = digest_files(directory, description)
    return sorted(name for name in actual if actual[name] != description.sha256.get(name))
