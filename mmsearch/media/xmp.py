"""Keywords in XMP sidecars (``photo.jpg.xmp`` beside ``photo.jpg``), as digiKam, darktable and exiftool read them.

The keywords are ``dc:subject`` (ISO 16684-1). What mmsearch has added stands in a list of its own as well, so that
a later run takes its own keywords back and no others; everything else in a sidecar stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.dom import minidom
from xml.parsers.expat import ExpatError

from mmsearch.errors import MediaError
from mmsearch.media.files import read_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/elements/1.1/"
OURS = "https://github.com/mmsearch/mmsearch/ns/1.0/"
MAX_BYTES = 1 << 24

_XMLNS = "http://www.w3.org/2000/xmlns/"
_EMPTY = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="{RDF}">
  <rdf:Description rdf:about=""/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""


def sidecar_of(picture: Path) -> Path:
    """Where the sidecar of ``picture`` lies: its whole name and ``.xmp``, which belongs to no other file."""
    return picture.with_name(picture.name + ".xmp")


def write_keywords(sidecar: Path, keywords: Sequence[str]) -> bool:
    """Make ``keywords`` those that mmsearch gives in ``sidecar``; whether the file changed.

    A sidecar is made when it is missing and there are keywords. In one that is there, keywords of others and all
    other content stay. The file is replaced as a whole. Raises MediaError for a sidecar that is not well-formed XMP,
    or declares entities, which is then left alone, and for a folder that can't be written to.
    """
    if not sidecar.exists() and not keywords:
        return False
    old = read_file(sidecar, MAX_BYTES) if sidecar.exists() else None
    if old is not None and not keywords and OURS.encode() not in old:
        return False  # there is nothing of ours in it, whatever it is
    new = merged(old, keywords)
    if new == old:
        return False
    _replace(sidecar, new)
    return True


def merged(old: bytes | None, keywords: Sequence[str]) -> bytes:
    """The bytes of a sidecar (None: there is none) with ``keywords`` as those of mmsearch.

    The very same bytes when nothing has to change. Raises MediaError as ``write_keywords``.
    """
    try:
        return _merged(old, list(dict.fromkeys(keywords)))
    except Exception as error:
        raise _refusal(error) from error


def keywords_of(data: bytes) -> list[str]:
    """The keywords (``dc:subject``) in a sidecar's bytes, whoever wrote them; MediaError when it can't be read."""
    try:
        return _values(_list(_description(_parse(data)), DC, "subject"))
    except Exception as error:
        raise _refusal(error) from error


def _refusal(error: Exception) -> MediaError:
    """minidom walks and writes by recursion, and takes for granted what a stranger's tree need not have."""
    if isinstance(error, MediaError):
        return error
    if isinstance(error, RecursionError):
        return MediaError("a sidecar that nests too deeply: it is left alone")
    return MediaError(f"a sidecar that can't be understood ({type(error).__name__}): it is left alone")


def _merged(old: bytes | None, wanted: list[str]) -> bytes:
    document = _parse(_EMPTY.encode() if old is None else old)
    description = _description(document)
    subjects, ours = _list(description, DC, "subject"), _list(description, OURS, "subject")
    earlier = _values(ours)
    foreign = [value for value in _values(subjects) if value not in earlier]
    own = [value for value in wanted if value not in foreign]
    if old is not None and own == earlier and set(own) <= set(_values(subjects)):
        return old
    _set(
        description,
        subjects,
        DC,
        "dc:subject",
        [value for value in _values(subjects) if value in foreign] + own,
    )
    _set(description, ours, OURS, "mmsearch:subject", own)
    return bytes(document.toxml(encoding="utf-8"))


def _parse(data: bytes) -> minidom.Document:
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"\0" in data:
        raise MediaError("an XMP sidecar that declares entities or is not UTF-8: it is left alone")
    try:
        return minidom.parseString(data)
    except (ExpatError, ValueError, LookupError) as error:
        raise MediaError(f"a sidecar that is no well-formed XML ({error}): it is left alone") from error


def _description(document: minidom.Document) -> minidom.Element:
    """The description that has the keywords, or else the first."""
    root = document.documentElement
    packets = [] if root is None else [root, *root.getElementsByTagNameNS(RDF, "RDF")]
    packets = [one for one in packets if (one.namespaceURI, one.localName) == (RDF, "RDF")]
    found = [] if len(packets) != 1 else _children(packets[0], RDF, "Description")
    if not found:
        raise MediaError("a sidecar that is XML but holds no XMP description: it is left alone")
    if any(one.hasAttributeNS(DC, "subject") for one in found):
        raise MediaError("a sidecar that writes its keywords as an attribute: it is left alone")
    return next((one for one in found if _children(one, DC, "subject")), found[0])


def _list(description: minidom.Element, namespace: str, name: str) -> minidom.Element | None:
    """The list (an ``rdf:Bag``, or another container) that a property holds; None without the property."""
    properties = _children(description, namespace, name)
    if not properties:
        return None
    kinds = [one for kind in ("Bag", "Seq", "Alt") for one in _children(properties[0], RDF, kind)]
    if len(properties) > 1 or len(kinds) != 1:
        raise MediaError("a sidecar whose keywords are no list: it is left alone")
    return kinds[0]


def _values(container: minidom.Element | None) -> list[str]:
    if container is None:
        return []
    return [
        "".join(part.data for part in item.childNodes if isinstance(part, minidom.Text)).strip()
        for item in _children(container, RDF, "li")
    ]


def _set(
    description: minidom.Element,
    container: minidom.Element | None,
    namespace: str,
    name: str,
    values: list[str],
) -> None:
    """Make ``values`` the items of the list; the property goes when there are none."""
    document = description.ownerDocument
    assert document is not None
    prefix = _prefix(description, RDF, "rdf")
    if container is None:
        if not values:
            return
        local = name.split(":")[1]
        element = document.createElementNS(
            namespace, f"{_prefix(description, namespace, name.split(':')[0])}:{local}"
        )
        container = document.createElementNS(RDF, f"{prefix}:Bag")
        element.appendChild(container)
        description.appendChild(element)
    if not values:
        holder = next(child for child in description.childNodes if container in child.childNodes)
        description.removeChild(holder)
        return
    present = dict(zip(_values(container), _children(container, RDF, "li"), strict=True))
    for value, item in present.items():
        if value not in values:
            container.removeChild(item)
    for value in values:
        if value not in present:
            item = document.createElementNS(RDF, f"{prefix}:li")
            item.appendChild(document.createTextNode(value))
            container.appendChild(item)


def _prefix(element: minidom.Element, namespace: str, usual: str) -> str:
    """The prefix that stands for ``namespace`` at ``element``; declared there when there is none."""
    taken: dict[str, str] = {}
    node: minidom.Node | None = element
    while isinstance(node, minidom.Element):
        for attribute in node.attributes.values():
            if attribute.namespaceURI == _XMLNS and attribute.prefix and attribute.localName:
                taken.setdefault(attribute.localName, attribute.value)
        node = node.parentNode
    for prefix, meaning in taken.items():
        if meaning == namespace:
            return prefix
    while usual in taken:
        usual += "1"
    element.setAttributeNS(_XMLNS, f"xmlns:{usual}", namespace)
    return usual


def _children(element: minidom.Element, namespace: str, name: str) -> list[minidom.Element]:
    return [
        child
        for child in element.childNodes
        if isinstance(child, minidom.Element) and (child.namespaceURI, child.localName) == (namespace, name)
    ]


def _replace(path: Path, data: bytes) -> None:
    """Put ``data`` in the place of the file, with its permissions: readers see the old or the new one."""
    path = path.resolve()
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(data)
        if path.exists():
            partial.chmod(path.stat().st_mode & 0o777)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise MediaError(f"its sidecar can't be written: {error.strerror or error}") from error
