"""pocket 4.2: pocket 4.1 with word vectors for German, French and Spanish, and better ones for Chinese characters.

    python recipes/pocket_4/languages.py --data DATA --encoder POCKET_4_1 --output encoders/pocket

The words take the place of English pieces that a million texts don't have, names nearly all of them, which are written
with shorter pieces from then on, and of the rarest Chinese characters, so that the encoder stays as large as it is.
Everything else is `mmsearch train --from POCKET --translations ...`. Half an hour on two cores.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from packages import unpacked
from tokenizers import Tokenizer

from mmsearch.encoders.description import amend_description, read_description, read_recipe, seal
from mmsearch.train.compile.vocabulary import keep_pieces
from mmsearch.train.languages.languages import Teaching, teach
from mmsearch.train.languages.wordrows import Change, change_rows
from mmsearch.train.towers.decompiled import read_text_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

RAREST = 3  # an English word that is to be read as before is in so many of the texts below
CHARACTERS = (
    1117  # Chinese ones that go: they are in three words of the dictionary at most, and in no sentence
)
WORDS = 740  # of each language
LAST = 1000  # of Tatoeba's pairs are held out for `python -m benchmarks languages`
HELD_OUT = "laser_test"
COLLECTIONS = ("flickr8k-train", "textbook-photo-train", "textbook-drawing-train", "ebooks-train")


def main() -> None:
    """Make room, write the translations, teach them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("--data", "--encoder", "--output"):
        parser.add_argument(name, type=Path, required=True)
    chosen = parser.parse_args()
    work = chosen.output.with_name(f"{chosen.output.name}.work")
    work.mkdir(parents=True, exist_ok=True)
    make_room(chosen.data, chosen.encoder, work / "pocket", work)
    files = []
    for code in ("zh", "de", "fr", "es"):
        files.append(work / f"{code}.tsv")
        lines = (f"{one}\t{other}\n" for one, other in translations(chosen.data, code))
        files[-1].write_text("".join(lines), encoding="utf-8")
    words = collections.Counter(
        word for text in english(chosen.data, work) for word in re.findall(r"[A-Za-z]+", text)
    )
    known = sorted(word for word, count in words.items() if count >= RAREST)
    source = str(work / "pocket")
    result = teach(source, files, chosen.output, Teaching(words=WORDS), known=known, progress=print)
    for one in result.languages:
        print(one.name, one.before, one.after)
    print(f"{result.same:.1%} of the originals unchanged, mean cosine {result.likeness:.5f}")
    amend_description(chosen.output, name="pocket", version="4.2")


def make_room(data: Path, encoder: Path, output: Path, work: Path) -> None:
    """Write ``encoder`` to ``output`` without pieces that English texts don't have, and rare Chinese characters."""
    shutil.copytree(encoder, output, dirs_exist_ok=True)
    files = read_description(output).files
    tokenizer = (output / files["tokenizer"]).read_text(encoding="utf-8")
    reading = Tokenizer.from_str(tokenizer)
    reading.no_truncation()
    counts: collections.Counter[int] = collections.Counter()
    for text in english(data, work):
        counts.update(reading.encode(text, add_special_tokens=False).ids)
    vocabulary = reading.get_vocab()
    rare = rarest_characters(data, [piece for piece in vocabulary if re.fullmatch("[\u4e00-\u9fff]", piece)])
    wanted = {
        number
        for piece, number in vocabulary.items()
        if (counts[number] or not re.search("[a-z]", piece)) and piece not in rare
    }
    pruned, kept = keep_pieces(tokenizer, wanted, left_out=rare)
    recipe = read_text_recipe(output)
    model = onnx.load(output / files["text"])
    nothing = np.empty((0, recipe.width), dtype=np.float32)
    change_rows(model, recipe.vocabulary, recipe.width, Change(np.array(kept), nothing))
    onnx.save(model, output / files["text"])
    (output / files["tokenizer"]).write_text(pruned, encoding="utf-8")
    made_by = read_recipe(output)
    made_by["text"]["vocabulary"] = len(kept)
    amend_description(output, recipe=made_by)
    seal(output)
    print(f"{recipe.vocabulary - len(kept)} pieces left out")


def rarest_characters(data: Path, characters: list[str]) -> set[str]:
    """The Chinese ``characters`` that the fewest sentences, and then the fewest words of the dictionary, have."""
    sentences: collections.Counter[str] = collections.Counter()
    for _, translation in translations(data, "zh"):
        sentences.update(translation)
    words: collections.Counter[str] = collections.Counter()
    for record in lines(data, "cc-cedict"):
        words.update(set(str(record["zh"])))
    return set(sorted(characters, key=lambda one: (sentences[one], words[one], one))[:CHARACTERS])


def english(data: Path, work: Path) -> Iterator[str]:
    """English texts of many kinds: captions, sentences, textbooks, a dictionary's words and glosses, a manual."""
    from pydoc_data.topics import topics

    for record in lines(data, "coco-captions"):
        yield from record["captions"]
    for record in lines(data, "multi30k"):
        yield from (record["en"], *record.get("more", ()))
    for code in ("de", "fr", "es", "zh"):
        yield from (record["en"] for record in lines(data, f"parallel-en-{code}"))
    yield from (str(record["en"]) for record in lines(data, "cc-cedict"))
    for name in COLLECTIONS:
        with zipfile.ZipFile(data / f"{name}.zip") as archive:
            for line in archive.read("records.jsonl").splitlines():
                record = json.loads(line)
                yield from record["captions"]
                yield from (str(record.get(name, "")) for name in ("alt", "caption", "title"))
    yield from topics.values()
    for file in sorted((unpacked("wordnet", work) / "usr/share/wordnet").glob("data.*")):
        for line in file.read_text(encoding="latin-1").splitlines():
            words, _, gloss = line.partition("|")
            yield " ".join(re.findall(r"[A-Za-z]{2,}", words.replace("_", " ")))
            yield gloss


def translations(data: Path, code: str) -> Iterator[tuple[str, str]]:
    """English texts with their translations into the language ``code``; what benchmarks measure with is left out."""
    if code == "zh":
        for record in lines(data, "flickr8k-cn"):
            if record["engine"].startswith("baidu") and record["split"] == "train":
                yield from zip(record["en"], record["zh"], strict=True)
    elif code != "es":
        yield from (
            (record["en"], record[code]) for record in lines(data, "multi30k") if record["split"] == "train"
        )
    pairs = list(lines(data, f"parallel-en-{code}"))
    held_out = any(record.get(HELD_OUT) for record in pairs)
    kept = [record for record in pairs if not record.get(HELD_OUT)] if held_out else pairs[:-LAST]
    yield from ((record["en"], record[code]) for record in kept)


def lines(data: Path, name: str) -> Iterator[dict[str, Any]]:
    """The records of a file of texts."""
    with gzip.open(data / "texts" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


if __name__ == "__main__":
    main()
