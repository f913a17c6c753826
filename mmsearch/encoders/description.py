"""What an encoder directory says of itself: ``encoder.json``, and the digest that seals its files."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from mmsearch.errors import EncoderError
from mmsearch.types import PictureSpec, PixelFilter, SoundSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mmsearch.types import Modality


DESCRIPTION = "encoder.json"
FORMAT = 1
# The roles of files that vectors of pictures and texts depend on.
IDENTITY = ("image", "image-weights", "text", "text-weights", "tokenizer")
# What the files of an encoder are called, by their roles.
IMAGE_TOWER, TEXT_TOWER, TOKENIZER = "image.onnx", "text.onnx", "tokenizer.json"
BANK_LINES = "bank.txt"  # the texts of the bank, for people and for what depends on their length
SOUND_TOWER = "sound.onnx"
BANK_TEXTS, BANK_PICTURES, BANK_SOUNDS = "bank-text.npy", "bank-image.npy", "bank-audio.npy"
AXES = "axes.npy"
CHECK = "check.npy"
NAMED = "named.npy"  # how often pictures were named by each entry of the vocabulary


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
    check_texts: Sequence[str] = ()  # see `mmsearch.encoders.check_vectors`
    check_pictures: int = 0
    check_sounds: int = 0
    saturates: bool = True  # False: it was shown that no product of integer weights can
    batch: int = 0  # pictures that the tower takes at a time; 0: any number
    reads_everything: bool = False  # its vocabulary leaves no script out
    sound: SoundSpec = field(default_factory=SoundSpec)

    @property
    def modalities(self) -> frozenset[Modality]:
        """The modalities that have a tower."""
        towers: tuple[Modality, ...] = ("image", "text", "audio")
        return frozenset(m for m in towers if m in self.files)


def read_description(directory: Path) -> Description:
    """The description of the encoder in ``directory``.

    Raises EncoderError if there is none, or if it is damaged or of a newer format.
    """
    try:
        return _description(_read(directory))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise EncoderError(
            f"{directory / DESCRIPTION} is incomplete ({error!r}): compile the encoder again"
        ) from error


def _description(record: dict[str, Any]) -> Description:
    image, text, sound = record.get("image"), record.get("text"), record.get("sound")
    files = {f"bank-{modality}": name for modality, name in (record.get("bank") or {}).items() if name}
    files |= {role: record[role] for role in ("axes", "named") if record.get(role)}
    check = record.get("check") or {}
    if check:
        files["check"] = check["file"]
    if image:
        files["image"] = image["file"]
    if text:
        files["text"], files["tokenizer"] = text["file"], text["tokenizer"]
    for role, part in (("image-weights", image), ("text-weights", text)):
        if part and part.get("weights"):
            files[role] = part["weights"]
    if sound:
        files["audio"] = sound["file"]
    for name in files.values():
        if "/" in name or "\\" in name or name.startswith("."):
            raise ValueError(f"{name!r} leaves the directory")
    return Description(
        name=record["name"],
        version=str(record.get("version", "")),
        dimension=int(record["dimension"]),
        files=files,
        picture=_picture(image) if image else PictureSpec(224),
        max_tokens=int(text["max_tokens"]) if text else 0,
        license=record.get("license", ""),
        sha256=dict(record.get("sha256") or {}),
        figures=dict(record.get("figures") or {}),
        backgrounds={name: json.dumps(value) for name, value in (record.get("backgrounds") or {}).items()},
        check_texts=tuple(map(str, check.get("texts", ()))),
        check_pictures=int(check.get("pictures", 0)),
        check_sounds=int(check.get("sounds", 0)),
        saturates=bool(record.get("saturates", True)),
        sound=SoundSpec(*(int(sound[name]) for name in ("rate", "samples", "hop"))) if sound else SoundSpec(),
        batch=int(image.get("batch", 0)) if image else 0,
        reads_everything=bool((text or {}).get("reads_everything", False)),
    )


def _picture(image: Mapping[str, Any]) -> PictureSpec:
    kind, share = image.get("filter", "bicubic"), float(image.get("share", 1.0))
    if kind not in get_args(PixelFilter) or not 0 < share <= 1:
        raise ValueError(f"pictures are not scaled by {kind!r} to {share}")
    return PictureSpec(int(image["size"]), image.get("fit", "squash"), kind, share)


def write_description(
    directory: Path,
    *,
    name: str,
    version: str,
    dimension: int,
    picture: PictureSpec,
    max_tokens: int,
    license: str,
    recipe: Mapping[str, Any],
    figures: Mapping[str, Any],
    batch: int = 0,
    reads_everything: bool = False,
    weights: Mapping[str, str] | None = None,
) -> None:
    """Describe the encoder whose towers and tokenizer lie in ``directory`` under their usual names, unsealed.

    ``weights`` says which file a tower ("image", "text") keeps them in, where that is one of its own.
    """
    seen = {"filter": picture.filter, "share": picture.share, "batch": batch}
    usual = {"filter": "bicubic", "share": 1.0, "batch": 0}
    apart = {role: {"weights": file} for role, file in (weights or {}).items()}
    record = {
        "format": FORMAT,
        "name": name,
        "version": version,
        "dimension": dimension,
        "image": {
            "file": IMAGE_TOWER,
            "size": picture.size,
            "fit": picture.fit,
            **{key: value for key, value in seen.items() if value != usual[key]},
            **apart.get("image", {}),
        },
        "text": {
            "file": TEXT_TOWER,
            "tokenizer": TOKENIZER,
            "max_tokens": max_tokens,
            **({"reads_everything": True} if reads_everything else {}),
            **apart.get("text", {}),
        },
        "bank": {"text": None, "image": None},
        "license": license,
        "recipe": dict(recipe),
        "figures": dict(figures),
    }
    _write(directory, record)


def copy_description(source: Path, directory: Path, name: str) -> None:
    """Describe the encoder in ``directory``, made of that in ``source``, as that one but for its ``name``.

    Nothing that was measured or sealed is taken along: no bank, no backgrounds, no axes, no table of names, no check
    vectors, no digests; nor a sound tower, which leads into the space of that one.
    """
    record = _read(source)
    record |= {"name": name, "bank": {"text": None, "image": None}}
    record |= {"axes": None, "named": None, "check": None, "sound": None}
    _write(directory, record | {"sha256": {}, "backgrounds": {}})


def amend_description(
    directory: Path,
    *,
    name: str | None = None,
    version: str | None = None,
    recipe: Mapping[str, Any] | None = None,
    figures: Mapping[str, Any] | None = None,
    backgrounds: Mapping[str, Mapping[str, object]] | None = None,
    bank: Mapping[Modality, str] | None = None,
    axes: str | None = None,
    check: Mapping[str, object] | None = None,
    saturates: bool | None = None,
    named: str | None = None,
    sound: SoundSpec | None = None,
    towers_changed: bool = False,
) -> None:
    """Change what is given and leave the rest: ``bank`` modality by modality, all others whole.

    ``sound`` says that a sound tower lies there under its usual name, and what it wants.

    ``towers_changed``: digests and check vectors no longer hold and are dropped; `seal` the directory when it is done.
    """
    record = _read(directory)
    given = {
        "name": name,
        "version": version,
        "recipe": recipe,
        "figures": figures,
        "backgrounds": backgrounds,
        "axes": axes,
        "check": check,
        "saturates": saturates,
        "named": named,
        "sound": None if sound is None else {"file": SOUND_TOWER, **asdict(sound)},
    }
    record |= {key: value for key, value in given.items() if value is not None}
    if bank is not None:
        record["bank"] = {**(record.get("bank") or {}), **bank}
    if towers_changed:
        record |= {"sha256": {}, "check": None}
    _write(directory, record)


def read_recipe(directory: Path) -> dict[str, Any]:
    """What the encoder in ``directory`` was made by, as its maker left it; empty when nothing is known."""
    return dict(_read(directory).get("recipe") or {})


def digest_files(directory: Path, description: Description) -> dict[str, str]:
    """File name -> hex SHA-256 of every file that the vectors depend on."""
    roles = (*IDENTITY, "audio")
    names = sorted(description.files[role] for role in roles if role in description.files)
    return {name: file_digest(directory / name) for name in names}


def file_digest(path: Path) -> str:
    """Hex SHA-256 of a file, which is read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal(directory: Path) -> None:
    """Write the digests of the towers into ``encoder.json``, so that loading need not read every byte."""
    _write(directory, _read(directory) | {"sha256": digest_files(directory, read_description(directory))})


def verify(directory: Path) -> list[str]:
    """The files whose bytes are not those that were sealed; empty when all is well."""
    description = read_description(directory)
    if not description.sha256:
        return []
    actual = digest_files(directory, description)
    return sorted(name for name in actual if actual[name] != description.sha256.get(name))


def _read(directory: Path) -> dict[str, Any]:
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
    return record


def _write(directory: Path, record: Mapping[str, Any]) -> None:
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    (directory / DESCRIPTION).write_text(text, encoding="utf-8")
