"""Documents of each kind, made of given words: what tests and benchmarks read."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_P = "http://schemas.openxmlformats.org/presentationml/2006/main"
_S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_REL = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_PIC = "http://schemas.openxmlformats.org/drawingml/2006/picture"
_WP = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
_CORE = (
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title><dc:creator>{author}</dc:creator>'
    "</cp:coreProperties>"
)


def drawn(seed: int = 0, size: tuple[int, int] = (320, 240)) -> bytes:
    """A PNG of colored bars."""
    import numpy as np
    from PIL import Image

    colors = np.random.default_rng(seed).integers(0, 255, (1, 8, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(colors).resize(size, Image.Resampling.NEAREST).save(file, "PNG")
    return file.getvalue()


def docx(
    paragraphs: Sequence[str], *, title: str = "", picture: bytes | None = None, caption: str = ""
) -> bytes:
    """A Word document; the picture stands behind the first paragraph, its ``caption`` below it."""
    body = [f"<w:p><w:r><w:t>{escape(text)}</w:t></w:r></w:p>" for text in paragraphs]
    files: dict[str, bytes | str] = {}
    relations = ""
    if picture is not None:
        body[1:1] = [_drawing(caption), f"<w:p><w:r><w:t>{escape(caption)}</w:t></w:r></w:p>"]
        files["word/media/image1.png"] = picture
        relations = f'<Relationship Id="rId1" Type="{_R}/image" Target="media/image1.png"/>'
    files["word/document.xml"] = (
        f'<w:document xmlns:w="{_W}" xmlns:r="{_R}"><w:body>{"".join(body)}</w:body></w:document>'
    )
    files["word/_rels/document.xml.rels"] = f'<Relationships xmlns="{_REL}">{relations}</Relationships>'
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    return _office(files, "word/document.xml", {"word/document.xml": main}, title)


def _drawing(alt: str) -> str:
    return (
        f'<w:p><w:r><w:drawing><wp:inline xmlns:wp="{_WP}"><wp:extent cx="3048000" cy="2286000"/>'
        f'<wp:docPr id="1" name="Picture 1" descr="{escape(alt)}"/>'
        f'<a:graphic xmlns:a="{_A}"><a:graphicData uri="{_PIC}"><pic:pic xmlns:pic="{_PIC}">'
        f'<pic:nvPicPr><pic:cNvPr id="1" name="image1.png" descr="{escape(alt)}"/><pic:cNvPicPr/></pic:nvPicPr>'
        f'<pic:blipFill><a:blip r:embed="rId1"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>'
        '<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="3048000" cy="2286000"/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline>'
        "</w:drawing></w:r></w:p>"
    )


def pptx(slides: Sequence[Sequence[str]], *, title: str = "", picture: bytes | None = None) -> bytes:
    """A presentation: for each slide its texts, the first of them its title; the ``picture`` is on the last."""
    files: dict[str, bytes | str] = {}
    kinds = {"ppt/presentation.xml": f"{_OPEN}presentationml.presentation.main+xml"}
    listed, relations = "", ""
    for n, texts in enumerate(slides, 1):
        shapes = "".join(_shape(i, text) for i, text in enumerate(texts))
        own = ""
        if picture is not None and n == len(slides):
            files["ppt/media/image1.png"] = picture
            own = f'<Relationship Id="rId1" Type="{_R}/image" Target="../media/image1.png"/>'
            shapes += (
                '<p:pic><p:nvPicPr><p:cNvPr id="99" name="Picture" descr="a chart"/><p:cNvPicPr/><p:nvPr/></p:nvPicPr>'
                '<p:blipFill><a:blip r:embed="rId1"/></p:blipFill><p:spPr/></p:pic>'
            )
        files[f"ppt/slides/slide{n}.xml"] = (
            f'<p:sld xmlns:p="{_P}" xmlns:a="{_A}" xmlns:r="{_R}">'
            f"<p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>"
        )
        files[f"ppt/slides/_rels/slide{n}.xml.rels"] = f'<Relationships xmlns="{_REL}">{own}</Relationships>'
        kinds[f"ppt/slides/slide{n}.xml"] = f"{_OPEN}presentationml.slide+xml"
        listed += f'<p:sldId id="{255 + n}" r:id="rId{n}"/>'
        relations += f'<Relationship Id="rId{n}" Type="{_R}/slide" Target="slides/slide{n}.xml"/>'
    files["ppt/presentation.xml"] = (
        f'<p:presentation xmlns:p="{_P}" xmlns:r="{_R}"><p:sldIdLst>{listed}</p:sldIdLst></p:presentation>'
    )
    files["ppt/_rels/presentation.xml.rels"] = f'<Relationships xmlns="{_REL}">{relations}</Relationships>'
    return _office(files, "ppt/presentation.xml", kinds, title)


_OPEN = "application/vnd.openxmlformats-officedocument."


def _shape(n: int, text: str) -> str:
    place = '<p:ph type="title"/>' if n == 0 else f'<p:ph type="body" idx="{n}"/>'
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{n + 2}" name="Shape {n}"/><p:cNvSpPr/><p:nvPr>{place}</p:nvPr></p:nvSpPr>'
        "<p:spPr/>"
        f"<p:txBody><a:bodyPr/><a:p><a:r><a:t>{escape(text)}</a:t></a:r></a:p></p:txBody></p:sp>"
    )


def xlsx(sheets: Mapping[str, Sequence[Sequence[str | float]]], *, title: str = "") -> bytes:
    """A workbook: rows of cells by the names of the sheets."""
    files: dict[str, bytes | str] = {}
    kinds = {"xl/workbook.xml": f"{_OPEN}spreadsheetml.sheet.main+xml"}
    listed, relations = "", ""
    for n, (name, rows) in enumerate(sheets.items(), 1):
        data = "".join(
            f'<row r="{r}">' + "".join(_cell(r, c, value) for c, value in enumerate(row)) + "</row>"
            for r, row in enumerate(rows, 1)
        )
        files[f"xl/worksheets/sheet{n}.xml"] = (
            f'<worksheet xmlns="{_S}"><sheetData>{data}</sheetData></worksheet>'
        )
        kinds[f"xl/worksheets/sheet{n}.xml"] = f"{_OPEN}spreadsheetml.worksheet+xml"
        listed += f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>'
        relations += f'<Relationship Id="rId{n}" Type="{_R}/worksheet" Target="worksheets/sheet{n}.xml"/>'
    files["xl/workbook.xml"] = f'<workbook xmlns="{_S}" xmlns:r="{_R}"><sheets>{listed}</sheets></workbook>'
    files["xl/_rels/workbook.xml.rels"] = f'<Relationships xmlns="{_REL}">{relations}</Relationships>'
    return _office(files, "xl/workbook.xml", kinds, title)


def _cell(row: int, column: int, value: str | float) -> str:
    place = f"{chr(ord('A') + column)}{row}"
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def epub(chapters: Mapping[str, Sequence[str]], *, title: str = "A book", author: str = "Ada") -> bytes:
    """A book: paragraphs by the titles of the chapters."""
    manifest, spine, points = "", "", ""
    files: dict[str, bytes | str] = {}
    for n, (name, paragraphs) in enumerate(chapters.items(), 1):
        text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
        files[f"OEBPS/c{n}.xhtml"] = (
            f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>{escape(name)}</title></head>'
            f"<body><h1>{escape(name)}</h1>{text}</body></html>"
        )
        manifest += f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>'
        spine += f'<itemref idref="c{n}"/>'
        points += (
            f'<navPoint id="n{n}" playOrder="{n}"><navLabel><text>{escape(name)}</text></navLabel>'
            f'<content src="c{n}.xhtml"/></navPoint>'
        )
    files["OEBPS/toc.ncx"] = (
        f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1"><navMap>{points}</navMap></ncx>'
    )
    files["OEBPS/content.opf"] = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="2.0" unique-identifier="id">'
        f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{escape(title)}</dc:title>'
        f'<dc:creator>{escape(author)}</dc:creator><dc:identifier id="id">x</dc:identifier>'
        "<dc:language>en</dc:language>"
        '</metadata><manifest><item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
        f'{manifest}</manifest><spine toc="ncx">{spine}</spine></package>'
    )
    files["META-INF/container.xml"] = (
        '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    return _zip({"mimetype": "application/epub+zip", **files})


def odt(paragraphs: Sequence[str], *, title: str = "") -> bytes:
    """A text of OpenDocument."""
    office = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
    text = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
    body = "".join(f"<text:p>{escape(one)}</text:p>" for one in paragraphs)
    return _zip(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f'<office:document-content xmlns:office="{office}" xmlns:text="{text}"><office:body>'
            f"<office:text>{body}</office:text></office:body></office:document-content>",
            "meta.xml": f'<office:document-meta xmlns:office="{office}" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<office:meta><dc:title>{escape(title)}</dc:title></office:meta></office:document-meta>",
            "META-INF/manifest.xml": "<manifest:manifest "
            'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        }
    )


def rtf(paragraphs: Sequence[str]) -> bytes:
    """Rich text."""
    return (r"{\rtf1\ansi " + r"\par ".join(paragraphs) + "}").encode("ascii")


def eml(subject: str, text: str, attachments: Mapping[str, bytes] | None = None) -> bytes:
    """A letter with attachments by their names."""
    letter = EmailMessage()
    letter["Subject"], letter["From"], letter["To"] = subject, "ada@example.org", "bob@example.org"
    letter["Date"] = "Tue, 02 Jul 2019 10:00:00 +0200"
    letter.set_content(text)
    for name, data in (attachments or {}).items():
        letter.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return letter.as_bytes()


def pdf(
    pages: Sequence[Sequence[str]],
    path: Path | None = None,
    *,
    title: str = "",
    author: str = "",
    outline: Mapping[int, str] | None = None,
    pictures: Mapping[int, bytes] | None = None,
    password: str = "",
) -> bytes:
    """Lines of text by page; ``outline`` and ``pictures`` by the number of the page, from 1. By reportlab."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4, encrypt=password or None, pageCompression=1)
    canvas.setTitle(title)
    canvas.setAuthor(author)
    for n, lines in enumerate(pages, 1):
        if name := (outline or {}).get(n):
            canvas.bookmarkPage(f"p{n}")
            canvas.addOutlineEntry(name, f"p{n}", 0)
        if picture := (pictures or {}).get(n):
            canvas.drawImage(ImageReader(io.BytesIO(picture)), 60, 60, 400, 300)
        canvas.setFont("Helvetica", 9)
        for row, line in enumerate(lines):
            canvas.drawString(50, 800 - 12 * row, line)
        canvas.showPage()
    canvas.save()
    data = file.getvalue()
    if path is not None:
        path.write_bytes(data)
    return data


def _office(files: Mapping[str, bytes | str], main: str, kinds: Mapping[str, str], title: str) -> bytes:
    overrides = "".join(
        f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, kind in kinds.items()
    )
    return _zip(
        {
            "[Content_Types].xml": f'<Types xmlns="{_TYPES}"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>'
            f"{overrides}</Types>",
            "_rels/.rels": f'<Relationships xmlns="{_REL}"><Relationship Id="rId1" '
            f'Type="{_R}/officeDocument" Target="{main}"/><Relationship Id="rId2" '
            'Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" '
            'Target="docProps/core.xml"/></Relationships>',
            "docProps/core.xml": _CORE.format(title=escape(title), author="Ada"),
            **files,
        }
    )


def _zip(files: Mapping[str, bytes | str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            stored = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(
                name,
                data if isinstance(data, bytes) else '<?xml version="1.0"?>' * (name != "mimetype") + data,
                stored,
            )
    return file.getvalue()
