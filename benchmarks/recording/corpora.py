"""What is recorded from: small corpora that have a bit of everything, and their indexes in every form."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from benchmarks.shared.processes import environment

PRODUCTS, PHOTOS, DRAWINGS = 300, 150, 90
# Queries that `tune` learns from: who names a kind of product and a season finds the products of both.
JUDGED = 40

PASSAGES = "guide.md"
FOREIGN = {
    "zh.txt": "一只狗在海滩上奔跑，孩子们在旁边玩。图书馆的窗户前停着一辆红色的自行车。\n",
    "de.txt": "Eine Katze schläft auf dem Sofa. Vor dem Fenster steht ein rotes Fahrrad, und es regnet.\n",
    "fr.txt": "Un chien court sur la plage. Les enfants jouent à côté du café.\n",
}
# Fields of every kind for the photographs, by their number.
CREATORS = ("Ada Lovelace", "Émile Zola", "李白")


def make_corpora(work: Path, data: Path) -> None:
    """The folders ``demo``, ``house``, ``products`` and ``textbooks`` under ``work``, out of the collections ``data``.

    ``house`` is the demo's corpus with copies, altered pictures, sidecars, other languages and a long text.
    """
    mmsearch(work, "demo", "--folder", "demo", "--index", "demo.index", "--report", "demo.html")
    shutil.copytree(work / "demo", work / "house")
    _furnish(work / "house")
    _unpack(data / "products.zip", work / "products", PRODUCTS)
    _judge(work / "products")
    for name, count in (("textbook-photo-test", PHOTOS), ("textbook-drawing-test", DRAWINGS)):
        _unpack(data / f"{name}.zip", work / "textbooks" / name, count)
        _as_documents(work / "textbooks" / name / "records.jsonl")


def make_indexes(work: Path) -> None:
    """An index for each corpus, and others of the same in each form and state that answers may depend on."""
    for corpus, name, *options in (
        ("house", "house.index"),
        ("house", "house-bits.index", "--vectors", "binary"),
        ("products", "products.index"),
        ("products", "products-bytes.index", "--vectors", "int8", "--dimensions", "128"),
        ("textbooks", "textbooks.index", "--fuse", "mean"),
    ):
        mmsearch(work, "index", corpus, "--index", name, "--workers", "1", *options)
    for original, copy in (("house", "remembered"), ("products", "tuned"), ("demo", "tended")):
        shutil.copytree(work / f"{original}.index", work / f"{copy}.index")
    mmsearch(work, "duplicates", "--remember", "--index", "remembered.index")
    judged = ("--qrels", "products/judged.qrels", "--queries", "products/queries.tsv")
    mmsearch(work, "tune", *judged, "--force", "--index", "tuned.index")


def mmsearch(work: Path, *words: str) -> None:
    """Run the command in ``work``; RuntimeError with what it complained of if it fails."""
    finished = subprocess.run(
        [sys.executable, "-m", "mmsearch", *words],
        cwd=work,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise RuntimeError(f"mmsearch {' '.join(words)} ended with {finished.returncode}: {finished.stderr}")


def _furnish(house: Path) -> None:
    from PIL import Image, ImageOps

    photos, notes = house / "photos", house / "notes"
    for folder in (house / "copies", house / "altered", notes):
        folder.mkdir()
    shutil.copyfile(photos / "photo-04.png", house / "copies" / "again.png")
    shutil.copyfile(house / "texts" / "kitchen" / "tea.txt", house / "copies" / "tea.txt")
    with Image.open(photos / "photo-05.png") as picture:
        small = picture.convert("RGB").resize((picture.width // 2, picture.height // 2))
        small.save(house / "altered" / "smaller.jpg", quality=80)
    with Image.open(photos / "photo-13.png") as picture:
        ImageOps.mirror(picture.convert("RGB")).save(house / "altered" / "mirrored.png")
    for name, text in FOREIGN.items():
        (notes / name).write_text(text, encoding="utf-8")
    topics = sorted((house / "texts").iterdir())
    chapters = (
        f"## {topic.name}\n\n" + "\n\n".join(file.read_text("utf-8") for file in sorted(topic.iterdir()))
        for topic in topics
    )
    (notes / PASSAGES).write_text("# A guide to the house\n\n" + "\n".join(chapters), encoding="utf-8")
    for number, photo in enumerate(sorted(photos.iterdir())):
        record: dict[str, object] = {
            "date": f"{1990 + number}-{1 + number % 12:02}-17",
            "year": 1990 + number,
            "rating": number / 4,
            "keep": number % 2 == 0,
            "creator": CREATORS[number % len(CREATORS)],
            "date taken": 2000 + number,
        }
        if number % 3 == 0:
            record |= {"title": f"Photograph no. {number}", "captions": ["a thing in the house", "un objet"]}
        photo.with_suffix(".json").write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")


def _unpack(archive: Path, folder: Path, count: int) -> None:
    """The first ``count`` records of ``archive`` and their pictures."""
    with zipfile.ZipFile(archive) as packed:
        lines = packed.read("records.jsonl").decode("utf-8").splitlines(keepends=True)[:count]
        packed.extractall(folder, {json.loads(line)["path"] for line in lines})
    (folder / "records.jsonl").write_text("".join(lines), encoding="utf-8")


def _as_documents(manifest: Path) -> None:
    """Documents of a picture, a title and its caption; what it shows is said too of every third."""
    records = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    kept = [
        {
            "path": record["path"],
            "title": record["title"],
            "captions": [record["caption"], record["alt"]] if number % 3 == 0 else [record["caption"]],
            "book": record["book"],
            "kind": record["kind"],
            "number": number,
        }
        for number, record in enumerate(records)
    ]
    written = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in kept)
    manifest.write_text(written, encoding="utf-8")


def _judge(products: Path) -> None:
    """Queries and judgements for ``mmsearch tune``, from what the records say."""
    lines = (products / "records.jsonl").read_text(encoding="utf-8").splitlines()
    kinds: dict[str, list[str]] = {}
    for record in map(json.loads, lines):
        kinds.setdefault(f"{record['season']} {record['subCategory']}", []).append(record["path"])
    asked = dict(enumerate(list(kinds.items())[:JUDGED]))
    queries = "".join(f"{number}\t{text.lower()}\n" for number, (text, _) in asked.items())
    qrels = "".join(f"{number} 0 {path} 1\n" for number, (_, paths) in asked.items() for path in paths)
    (products / "queries.tsv").write_text(queries, encoding="utf-8")
    (products / "judged.qrels").write_text(qrels, encoding="utf-8")
