"""`Library`: an open index directory, the face of everything. It wires the parts and holds no algorithm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmsearch.encoders.registry import DEFAULT_ENCODER, canonical_name, load_encoder
from mmsearch.encoders.shortened import shortened
from mmsearch.errors import EncoderError, UsageError
from mmsearch.store.directory import IndexDirectory, Manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType
    from typing import Self

    from mmsearch.ann.index import VectorIndex
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.ingest.pipeline import IndexOptions, IndexReport
    from mmsearch.ingest.sources import Source
    from mmsearch.search.answer import Duplicates, Grouping
    from mmsearch.search.ask import Answers
    from mmsearch.search.background import Background
    from mmsearch.search.documents import Documents
    from mmsearch.search.duplicates import DuplicateReport
    from mmsearch.search.labels import Label
    from mmsearch.search.query import Query
    from mmsearch.search.results import Hit, Neighbor, Results
    from mmsearch.search.tags import Tagging
    from mmsearch.search.weights import LearnedWeights
    from mmsearch.store.catalogue import Catalogue
    from mmsearch.store.compact import Compaction
    from mmsearch.store.conditions import Condition
    from mmsearch.store.pooled import Halves
    from mmsearch.store.rows import EncoderRecord, FieldInfo, Statistics, StoredItem
    from mmsearch.types import FieldValue, Ids, Modality, PictureSpec, Pixels, Vector, VectorKind, Vectors

DEFAULT_INDEX_DIR = Path("indexes/default")

# Items and queries that a background is estimated from: enough for a steady tail, few enough for milliseconds.
BACKGROUND_SAMPLE = 2000
BACKGROUND_QUERIES = 300


def index(
    corpus: str | Path,
    index_dir: str | Path = DEFAULT_INDEX_DIR,
    *,
    encoder: str | None = None,
    moved_from: str | Path | None = None,
    options: IndexOptions | None = None,
) -> Library:
    """Build the index of ``corpus`` in ``index_dir``, or bring it up to date, and open it.

    ``corpus`` is a folder, one file, or a manifest (CSV or JSONL). ``encoder`` defaults to the index's own, or
    ``pocket`` in a new one. ``moved_from`` is the folder where the corpus lay when it was indexed. What the run
    did is in ``library.report``. Raises UsageError when there is no such corpus, IndexLockedError when another
    process writes, EncoderError for an unknown encoder.
    """
    from mmsearch.ingest.pipeline import update

    corpus = Path(corpus).expanduser()
    if not corpus.exists():
        raise UsageError(f"there is no corpus {corpus}: name a folder, a file, or a CSV or JSONL manifest")

    def run(directory: IndexDirectory, chosen: Encoder) -> IndexReport:
        if moved_from is not None:
            _move_corpus(directory, Path(moved_from), corpus)
        return update(corpus, directory, chosen, options)

    return _written(Path(index_dir), encoder, options, run)


def index_sources(
    sources: Iterable[Source],
    root: str | Path,
    index_dir: str | Path = DEFAULT_INDEX_DIR,
    *,
    encoder: str | None = None,
    options: IndexOptions | None = None,
) -> Library:
    """Like `index`, for documents that a program describes itself instead of a crawl.

    ``root`` is the folder that stands for them: what was indexed under it and is not among ``sources`` any
    more is removed.
    """
    from mmsearch.ingest.pipeline import update_from

    return _written(
        Path(index_dir),
        encoder,
        options,
        lambda directory, chosen: update_from(sources, Path(root), directory, chosen, options),
    )


def _written(
    index_dir: Path,
    encoder: str | None,
    options: IndexOptions | None,
    run: Callable[[IndexDirectory, Encoder], IndexReport],
) -> Library:
    """Do an indexing ``run`` under the lock, bring everything that follows from it up to date, and open the index."""
    from mmsearch.search.pooling import check_pooling

    fuse = None if options is None else options.fuse
    check_pooling(fuse)
    directory = IndexDirectory.create(index_dir)
    with directory.write_lock():
        dimensions = None if options is None else options.dimensions
        chosen = _encoder_for_writing(directory, encoder, dimensions)
        try:
            report = run(directory, chosen)
        finally:
            _write_manifest(directory)
        if fuse is not None:
            directory.write_pooling(None if fuse == "none" else fuse)
        library = Library(directory, report)
        library._update_pooled(chosen)
        library._update_backgrounds(chosen)
    return library


def open(index_dir: str | Path = DEFAULT_INDEX_DIR) -> Library:
    """The index in ``index_dir``, ready to search.

    Raises IndexDirectoryError when there is none or it is damaged, IndexFormatError when it is newer.
    """
    return Library(IndexDirectory.open(Path(index_dir)))


def embed(things: Sequence[Any], encoder: str = DEFAULT_ENCODER) -> Vectors:
    """Vectors of texts (``str``) and pictures (``Path`` or PIL image): (n, dimension) float32, unit rows.

    Raises MediaError for a picture that can't be decoded, TypeError for anything else than these three.
    """
    import numpy as np

    chosen = load_encoder(encoder)
    vectors = np.zeros((len(things), chosen.dimension), np.float32)
    texts = [i for i, thing in enumerate(things) if isinstance(thing, str)]
    if texts:
        vectors[texts] = chosen.encode_texts([things[i] for i in texts])
    pictures = [i for i, thing in enumerate(things) if not isinstance(thing, str)]
    for start in range(0, len(pictures), 32):
        batch = pictures[start : start + 32]
        vectors[batch] = chosen.encode_images(np.stack([_pixels(things[i], chosen.picture) for i in batch]))
    return vectors


class Library:
    """An open index: search it, look into it, tend it. Use as a context manager, or ``close()`` it.

    A library sees what another process adds: each search looks at the catalogue's generation first.
    """

    def __init__(self, directory: IndexDirectory, report: IndexReport | None = None) -> None:
        from mmsearch.store.catalogue import Catalogue

        self.directory = directory
        self.report = report
        self.catalogue: Catalogue = Catalogue.open(directory.catalogue_path)
        self._generation = -1
        self._records: tuple[EncoderRecord, ...] = ()
        self._vector_indexes: dict[tuple[str, VectorKind], VectorIndex | None] = {}
        self._backgrounds: dict[str, Background] = {}
        self._documents: Documents | None = None
        self._copy_groups: dict[bytes, int] | None = None
        self.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the catalogue; the library can't be used afterwards."""
        self.catalogue.close()

    def refresh(self) -> None:
        """Forget what was read of an earlier generation, if the index has changed."""
        generation = self.catalogue.generation()
        if generation != self._generation:
            self._generation = generation
            self._records = tuple(self.catalogue.encoders())
            self._vector_indexes.clear()
            self._backgrounds.clear()
            self._documents = None
            self._copy_groups = None

    # --- searching -------------------------------------------------------------------------------------

    def search(
        self,
        text: str | Query | None = None,
        *,
        image: Any = None,
        minus: Any = (),
        exclude: Any = (),
        item: int | Sequence[int] = (),
        k: int = 10,
        modality: Modality | Sequence[Modality] | None = None,
        where: str | Condition | None = None,
        path: str | Sequence[str] | None = None,
        group: Grouping = "document",
        duplicates: Duplicates = "collapse",
        context: int = 0,
        **options: Any,
    ) -> Results:
        """The ``k`` best hits for words, pictures, or a mixture, best first.

        ``text`` is in the query language (docs/query-language.md) or a `Query`. ``image``: one picture or
        several; ``item``: ids of items to find more like; ``minus`` lowers and ``exclude`` removes what is like
        these texts or pictures. ``modality``, ``where`` ("year >= 1990") and ``path`` (globs) decide which items are
        ranked at all. ``group``: one hit a "document", or each "item". ``duplicates``: "collapse" shows one of the
        documents that are copies of one another, with a count (``hit.copies``), "show" all of them. ``context``: so
        many passages before and after a passage come along (``hit.before``, ``hit.after``).

        ``offset``: pass over the first hits; pages of one ranking are stable. ``sort``: "relevance", "path",
        "title", a field, or "-year" for descending. ``facets``: fields to count over all that matches
        (``results.facets``).
        ``cutoff``: the largest expected count of a hit, None for all; ``fusion``: how channels are put together;
        ``weights``: of channels, {} for 1 each, None for those that were learned for this index, if any.
        Raises QueryError for a query that can't be parsed, UsageError for one that asks for nothing.
        """
        from mmsearch.search.answer import answer
        from mmsearch.search.compose import compose
        from mmsearch.search.context import with_context
        from mmsearch.search.weights import weights_in_use

        if group not in ("document", "item"):
            raise UsageError(f"hits are grouped by document or item, not by {group!r}")
        self.refresh()
        options["weights"] = weights_in_use(
            options.get("weights"), options.get("fusion", "calibrated"), self.learned_weights
        )
        query = compose(
            text,
            image=image,
            minus=minus,
            exclude=exclude,
            item=item,
            modality=modality,
            where=where,
            path=path,
        )
        results = answer(query, self, k, group=group, duplicates=duplicates, **options)
        return with_context(self, results, context)

    def neighbors(self, hit: Hit, count: int = 1) -> tuple[tuple[Neighbor, ...], tuple[Neighbor, ...]]:
        """The ``count`` passages before and after the passage ``hit`` in its document; none around a picture."""
        from mmsearch.search.context import neighbors

        self.refresh()
        return neighbors(self, hit, count)

    def recommend(self, like: Any = (), dislike: Any = (), k: int = 10, **options: Any) -> Results:
        """The ``k`` documents most like the liked examples and unlike the disliked ones.

        Examples are paths in the index, ``#ITEM-ID``, picture files, URLs, or pictures in memory; see
        `mmsearch.search.recommend.recommend` for ``profile``, ``modality``, ``where``, ``diverse`` and ``method``.
        """
        from mmsearch.search.recommend import recommend

        self.refresh()
        return recommend(self, like, dislike, k, **options)

    def duplicates(self, *, remember: bool = False, **options: Any) -> DuplicateReport:
        """Groups of exact and near duplicates; see `mmsearch.search.duplicates.duplicates`.

        ``remember``: from now on searches show one of each group of near-duplicate pictures, as of exact copies;
        UsageError when only a part of the index is looked at.
        """
        from mmsearch.search.duplicates import duplicates

        if remember and (options.get("exact_only") or options.get("where") is not None):
            raise UsageError("only groups of the whole index are remembered: leave out where and exact_only")
        self.refresh()
        report = duplicates(self, **options)
        if remember:
            self._remember_copies(report)
        return report

    def _remember_copies(self, report: DuplicateReport) -> None:
        import numpy as np

        from mmsearch.search.copies import write_groups

        items = [member.item_id for group in report.groups for member in group.members]
        with self.directory.write_lock():
            write_groups(
                self.directory.path, report, self.catalogue.content_keys(np.array(items, dtype=np.int64))
            )
        self._copy_groups = None

    def ask(self, question: str, k: int = 3, **options: Any) -> Answers:
        """The best ``k`` passages that answer ``question``, or that there is none; see `mmsearch.search.ask.ask`."""
        from mmsearch.search.ask import ask

        self.refresh()
        return ask(self, question, k, **options)

    def tag(
        self, labels: Sequence[Label], *, field: str = "tags", dry_run: bool = False, **options: Any
    ) -> Tagging:
        """Give documents those of ``labels`` that fit them, as ``field``; see `mmsearch.search.tags.tag`."""
        from mmsearch.search.tags import tag
        from mmsearch.store.giving import write_field

        self.refresh()
        found = tag(self, labels, **options)
        if not dry_run:
            write_field(self.directory, field, found.values)
            self.refresh()
        return found

    @property
    def learned_weights(self) -> LearnedWeights | None:
        """The channel weights that `mmsearch tune` left in the index, read anew; None without any."""
        from mmsearch.search.weights import LearnedWeights

        record = self.directory.read_weights()
        return LearnedWeights.from_record(record) if record else None

    def keep_weights(self, weights: LearnedWeights | None) -> None:
        """Use ``weights`` in every search from now on, here and in other processes; None forgets them."""
        with self.directory.write_lock():
            self.directory.write_weights(None if weights is None else weights.to_record())

    # --- looking into it and tending it ----------------------------------------------------------------

    def statistics(self) -> Statistics:
        """Counts of documents, items and vectors."""
        return self.catalogue.statistics()

    def fields(self) -> dict[str, FieldInfo]:
        """The metadata fields that filters can name."""
        return self.catalogue.fields()

    def facets(self, field: str) -> list[tuple[FieldValue, int]]:
        """The values of ``field`` with the number of documents that have each, most frequent first."""
        return self.catalogue.facets(field)

    def find(self, document: str) -> list[list[StoredItem]]:
        """The items of each document that ``document`` names: a path, the end of one, or ``#ITEM-ID``."""
        if document.startswith("#") and document[1:].isdigit():
            ids = [item.document_id for item in self.catalogue.items([int(document[1:])])]
        else:
            ids = self.catalogue.find(document)
        return [self.catalogue.document_items(document_id) for document_id in ids]

    def remove(self, paths: Sequence[str]) -> int:
        """Take documents out of the index by path or glob; how many were there. Raises UsageError for none.

        They come back with the next ``index`` run if their files are still in the corpus.
        """
        from mmsearch.store.catalogue import Catalogue

        with (
            self.directory.write_lock(),
            Catalogue.open(self.directory.catalogue_path, write=True) as catalogue,
        ):
            chosen: set[int] = set()
            for path in paths:
                matches = self._documents_matching(path)
                if not matches:
                    raise UsageError(f"no document matches {path!r}; nothing was removed")
                chosen.update(matches)
            removed = catalogue.remove(sorted(chosen))
            self.directory.write_manifest(Manifest.of(catalogue))
        self.refresh()
        return removed

    def _documents_matching(self, path: str) -> list[int]:
        from mmsearch.store.conditions import PathGlob

        if not any(sign in path for sign in "*?["):
            return self.catalogue.find(path)
        ids = self.catalogue.select_items(PathGlob(path))
        return sorted({int(document) for document in self.catalogue.documents_of_items(ids)})

    def compact(self) -> Compaction:
        """Rewrite the index without what was removed."""
        from mmsearch.store.compact import compact

        with self.directory.write_lock():
            result = compact(self.directory)
        self.reopen()
        return result

    def reopen(self) -> None:
        """Read everything anew."""
        from mmsearch.store.catalogue import Catalogue

        self.catalogue.close()
        self.catalogue = Catalogue.open(self.directory.catalogue_path)
        self._generation = -1
        self.refresh()

    # --- what the search layer needs (mmsearch.search.channels.SearchIndex) ----------------------------

    @property
    def documents(self) -> Documents:
        """The document of each item."""
        if self._documents is None:
            from mmsearch.search.documents import Documents

            self._documents = Documents.read(self.catalogue)
        return self._documents

    @property
    def copy_groups(self) -> dict[bytes, int]:
        """Pictures that a report found to be made from one another: content key -> number of the group."""
        if self._copy_groups is None:
            from mmsearch.search.copies import read_groups

            self._copy_groups = read_groups(self.directory.path)
        return self._copy_groups

    @property
    def encoders(self) -> tuple[Encoder, ...]:
        """The encoders whose vectors this index holds, the one it was first made with first."""
        return tuple(_installed(self._records))

    def _record(self, encoder: Encoder) -> EncoderRecord:
        return next(record for record in self._records if record.fingerprint == encoder.fingerprint)

    def vector_index(self, encoder: Encoder, modality: VectorKind) -> VectorIndex | None:
        """The vectors of ``encoder`` for items of ``modality``, or for whole documents; None when there are none."""
        key = (encoder.fingerprint, modality)
        if key not in self._vector_indexes:
            self._vector_indexes[key] = self._open_vectors(encoder, modality)
        return self._vector_indexes[key]

    def _open_vectors(self, encoder: Encoder, modality: VectorKind) -> VectorIndex | None:
        from mmsearch.ann.choose import open_index

        if modality == "document":
            return self._open_pooled(encoder)
        record = self._record(encoder)
        ids, rows = self.catalogue.embeddings(record.encoder_id, modality)
        if not ids.size:
            return None
        shards = self.directory.shards(record, modality, rows=int(rows.max()) + 1)
        saved = self.directory.ann_path(record, modality)
        return open_index(ids, rows, shards.blocks(), encoder.dimension, form=shards.form, saved=saved)

    def _open_pooled(self, encoder: Encoder) -> VectorIndex | None:
        """Whole documents as the last run saved them, or made anew when the index has changed since."""
        import numpy as np

        from mmsearch.ann.choose import open_index
        from mmsearch.store.pooled import read_pooled

        if self.directory.read_pooling() is None:
            return None
        folder = self.directory.pooled_path(self._record(encoder))
        saved = read_pooled(folder, self._generation, encoder.dimension)
        items, vectors = saved or self._pooled(encoder)
        if not items.size:
            return None
        return open_index(items, np.arange(items.size), [(0, vectors)], encoder.dimension)

    def _pooled(self, encoder: Encoder) -> tuple[Ids, Halves]:
        import numpy as np

        from mmsearch.search.pooling import pool

        found = [self.vector_index(encoder, modality) for modality in sorted(encoder.modalities)]
        items, vectors = pool(self.documents, [index for index in found if index is not None])
        return items, vectors.astype(np.float16)

    def _update_pooled(self, encoder: Encoder) -> None:
        """Save the vectors of whole documents as they are now, if the index has any."""
        from mmsearch.store.pooled import forget_pooled, read_pooled, write_pooled

        folder = self.directory.pooled_path(self._record(encoder))
        if self.directory.read_pooling() is None:
            forget_pooled(folder)
        elif read_pooled(folder, self._generation, encoder.dimension) is None:
            write_pooled(folder, self._generation, *self._pooled(encoder))

    def background(self, encoder: Encoder, query: Modality, item: VectorKind) -> Background:
        """How ``encoder`` scores a query of modality ``query`` and an item of ``item`` that are unrelated."""
        from mmsearch.search.background import Background

        key = _background_key(encoder, query, item)
        if key not in self._backgrounds:
            stored = self.directory.read_backgrounds().get(key)
            self._backgrounds[key] = (
                Background.from_json(stored)
                if isinstance(stored, str)
                else self._estimate_background(encoder, query, item)
            )
        return self._backgrounds[key]

    def _update_backgrounds(self, encoder: Encoder) -> None:
        """Estimate the backgrounds of ``encoder`` for the items that are there now, and store them."""
        from mmsearch.search.channels import WHOLE

        stored = {
            key: value
            for key, value in self.directory.read_backgrounds().items()
            if not key.startswith(f"{encoder.fingerprint}/")
        }
        for query in sorted(encoder.modalities):
            for item in (*sorted(encoder.modalities), WHOLE):
                if self.vector_index(encoder, item) is not None:
                    background = self._estimate_background(encoder, query, item)
                    stored[_background_key(encoder, query, item)] = background.to_json()
        self.directory.write_backgrounds(stored)
        self._backgrounds.clear()

    def _estimate_background(self, encoder: Encoder, query: Modality, item: VectorKind) -> Background:
        """From the encoder's bank of queries, or from items of the index itself where it has none."""
        import numpy as np

        from mmsearch.search.background import Background, estimate
        from mmsearch.search.familiarity import familiarity_of

        # bits stand for vectors that are further from a query than those that the encoder's own was measured on;
        # nor does it know whole documents
        bits = self._record(encoder).precision == "binary"
        written = None if item == "document" or bits else encoder.prior(query, item)
        prior = None if written is None else Background.from_json(written)
        items = self.vector_index(encoder, item)
        if items is None:
            nothing = np.zeros((0, encoder.dimension), np.float32)
            return estimate(nothing, nothing, prior=prior)
        item_ids, vectors = items.sample(BACKGROUND_SAMPLE, seed=2)
        bank, own = encoder.bank(query), None
        # What items of the index score among themselves tells what usually happens, but they are no strangers.
        asking = self.vector_index(encoder, query) if query != "text" or bank is None else None
        if asking is not None:
            ids, queries = asking.sample(BACKGROUND_QUERIES, seed=1)
            groups = self.catalogue.documents_of_items
            own = estimate(
                queries, vectors, query_groups=groups(ids), item_groups=groups(item_ids), prior=prior
            )
        if bank is None:
            return own or estimate(np.zeros((0, encoder.dimension), np.float32), vectors, prior=prior)
        known = familiarity_of(encoder) if query == "text" else None
        background = estimate(bank, vectors, prior=prior, familiarity=None if known is None else known.own)
        return background if own is None else background.usual_as(own)

    def picture_vector(self, encoder: Encoder, source: Any) -> Vector:
        """The vector of a picture that need not be in the index."""
        vector: Vector = encoder.encode_images(_pixels(source, encoder.picture)[None])[0]
        return vector


def _installed(records: Sequence[EncoderRecord]) -> list[Encoder]:
    """The encoders of ``records`` in their order.

    An index keeps the vectors of an encoder's earlier version beside those of the installed one, but never
    searches them. EncoderError when there are none of the installed one.
    """
    encoders: dict[str, Encoder] = {}
    for record in records:
        encoder = _recorded(record)
        if encoder is not None:
            encoders[record.name] = encoder
    for record in records:
        if record.name not in encoders:
            raise EncoderError(
                f"this index was made with another version of {record.name} than the installed one: "
                f"run `mmsearch index CORPUS --encoder {record.name}` to encode the corpus anew"
            )
    return list(encoders.values())


def _recorded(record: EncoderRecord) -> Encoder | None:
    """The installed encoder with the dimensions of ``record``; None when it is another version than recorded."""
    encoder = load_encoder(record.name)
    if record.dimension < encoder.dimension:
        encoder = shortened(encoder, record.dimension)
    return encoder if encoder.fingerprint == record.fingerprint else None


def _background_key(encoder: Encoder, query: Modality, item: VectorKind) -> str:
    return f"{encoder.fingerprint}/{query}→{item}"


def _encoder_for_writing(directory: IndexDirectory, name: str | None, dimensions: int | None) -> Encoder:
    """The encoder asked for, or the index's own, or the default in a new index.

    It has as many dimensions as its vectors in the index; UsageError when it is asked to have others.
    """
    from mmsearch.store.catalogue import Catalogue

    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        records = catalogue.encoders()
    if name is None and records:
        name = _installed(records)[0].name
    name = canonical_name(name or DEFAULT_ENCODER)
    own = [found for record in records if record.name == name and (found := _recorded(record)) is not None]
    if not own:
        return shortened(load_encoder(name), dimensions)
    if dimensions not in (None, own[-1].dimension):
        raise UsageError(
            f"this index holds vectors of {name} with {own[-1].dimension} dimensions, which is settled when they are "
            "made: index into another folder with --index"
        )
    return own[-1]


def _move_corpus(directory: IndexDirectory, old: Path, new: Path) -> None:
    from mmsearch.store.catalogue import Catalogue

    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        wanted = str(old.expanduser().absolute())
        corpora = {corpus.root: corpus.corpus_id for corpus in catalogue.corpora()}
        if wanted not in corpora:
            known = ", ".join(sorted(corpora)) or "none"
            raise UsageError(f"no corpus was indexed from {wanted}; this index knows: {known}")
        catalogue.move_corpus(corpora[wanted], str(new.resolve()))


def _write_manifest(directory: IndexDirectory) -> None:
    from mmsearch.store.catalogue import Catalogue

    with Catalogue.open(directory.catalogue_path) as catalogue:
        directory.write_manifest(Manifest.of(catalogue))


def _pixels(source: Any, spec: PictureSpec) -> Pixels:
    from mmsearch.media.fetch import read_source
    from mmsearch.media.picture import fit_picture, is_pil_image, load_picture

    if isinstance(source, str) and "://" not in source and source != "-":
        source = Path(source).expanduser()
    if isinstance(source, Path):
        if not source.is_file():
            raise UsageError(f"there is no picture {source}: give the path of a file, a URL, or - for stdin")
        return load_picture(source, spec).pixels
    if isinstance(source, bytes):
        return load_picture(source, spec).pixels
    if isinstance(source, str):
        return load_picture(read_source(source), spec).pixels
    if is_pil_image(source):
        return fit_picture(source, spec)
    raise TypeError(f"a picture is a path, a URL, bytes or a PIL image, not {type(source).__name__}")
