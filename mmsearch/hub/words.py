"""Tokenizers of others: cleaning as in training, the token that fills texts up, vocabularies cut short."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mmsearch.errors import EncoderError
from mmsearch.hub.source import LARGEST_JSON, read_json

if TYPE_CHECKING:
    from pathlib import Path

Cleaning: TypeAlias = Literal["whitespace", "lower", "canonicalize"]

# Python's string.punctuation, which canonicalizing removes (big_vision's prompt_engineering.py, open_clip's
# tokenizer.py).
PUNCTUATION = r"[!-/:-@\[-`{-~]"
# A vocabulary of more pieces was made for the languages of the world, and spells what it has no word for in bytes.
WORLD = 100_000


def cleaned_tokenizer(path: Path, cleaning: Cleaning) -> str:
    """The tokenizer in ``path`` (tokenizer.json) as JSON, which cleans texts first, and neither pads nor cuts.

    Runs of spaces become one, and none is left at the ends; "lower" lowers the case, "canonicalize" also takes
    punctuation away. EncoderError for a file that is no tokenizer.
    """
    from tokenizers import Tokenizer

    try:
        if path.stat().st_size > LARGEST_JSON:
            raise EncoderError(f"{path} is too large for a tokenizer: get the encoder again")
        text = path.read_text(encoding="utf-8")
        tokenizer = Tokenizer.from_str(text)
    except OSError as error:
        raise EncoderError(f"{path} can't be read ({error.strerror}): get the encoder again") from error
    except EncoderError:
        raise
    except Exception as error:  # the library raises plain ones
        raise EncoderError(f"{path} is no tokenizer ({_short(error)}): get the encoder again") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    content = json.loads(tokenizer.to_str())
    steps = [*_steps(cleaning), *([content["normalizer"]] if content.get("normalizer") else [])]
    content["normalizer"] = {"type": "Sequence", "normalizers": steps}
    return json.dumps(content, ensure_ascii=False)


def _steps(cleaning: Cleaning) -> list[dict[str, Any]]:
    def replaced(pattern: str, content: str) -> dict[str, Any]:
        return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}

    steps: list[dict[str, Any]] = []
    if cleaning == "canonicalize":
        steps += [replaced("_", " "), replaced(PUNCTUATION, "")]
    if cleaning != "whitespace":
        steps.append({"type": "Lowercase"})
    return [*steps, replaced(r"\s+", " "), {"type": "Strip", "strip_left": True, "strip_right": True}]


def padding_id(tokenizer: str, config: Path) -> int:
    """The id of the token that ``config`` (tokenizer_config.json) fills texts up with."""
    from tokenizers import Tokenizer

    token = read_json(config).get("pad_token")
    if isinstance(token, dict):
        token = token.get("content")
    number = Tokenizer.from_str(tokenizer).token_to_id(token) if isinstance(token, str) else None
    if number is None:
        raise EncoderError(f"{config} names no pad_token that the tokenizer has: get the encoder again")
    return int(number)


def vocabulary_size(tokenizer: str) -> int:
    """How many pieces ``tokenizer`` (JSON) has."""
    from tokenizers import Tokenizer

    return int(Tokenizer.from_str(tokenizer).get_vocab_size())


def _short(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
