"""What lets a letter be proven: the PDF/UA-1 mark beside PDF/A-3a, the data inside it, and the empty field its seal fills.

All three go in before the letter is signed, because signing may only append. How a press uses them:

    document = HTML(string=html).render(…, pdf_variant=VARIANT)
    add_ua1(document)
    document.write_pdf(pdf_variant=VARIANT, attachments=[data_file(data, issued_on)], finisher=seal_field())
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

import pydyf
from weasyprint import Attachment
from weasyprint.document import Document
from weasyprint.pdf.metadata import DocumentMetadata

from documents.errors import DocumentError

VARIANT = "pdf/a-3a"
FIELD = "Seal"
DATA_NAME = "data.json"         # ASCII: veraPDF and older readers stumble over other names of attachments
TIP = "电子签章"
_POINTS = 0.75                  # a CSS pixel in points
_RDF_END = b"</rdf:RDF>"

# PDF/A-1 to -3 want every foreign schema described in the file itself (ISO 19005-3, 6.6.2.3.2).
_UA1 = b"""<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1"/>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category><pdfaProperty:description>PDF/UA part</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
"""


def add_ua1(document: Document) -> None:
    """Let the document's metadata name PDF/UA-1 besides the PDF/A the writer names: WeasyPrint takes one variant only."""
    written = DocumentMetadata.generate_rdf_metadata

    def both(self: DocumentMetadata, variant: str, version: int, conformance: str | None) -> bytes:
        rdf: bytes = written(self, variant, version, conformance)
        if not rdf.endswith(_RDF_END):
            raise DocumentError("no_rdf", "排版程序写出的元数据不是预期的形式，无法标明可读性标准")
        return rdf.removesuffix(_RDF_END) + _UA1 + _RDF_END

    document.metadata.generate_rdf_metadata = types.MethodType(both, document.metadata)


def data_file(data: Mapping[str, object], issued_on: date) -> Attachment:
    """The letter's values as `data.json`, to be attached as its data. The same values give the same bytes."""
    when = datetime(issued_on.year, issued_on.month, issued_on.day, tzinfo=UTC)
    return Attachment(string=json.dumps(data, ensure_ascii=False, sort_keys=True, indent=1, default=str), name=DATA_NAME,
                      description="本文书的结构化数据", relationship="Data", created=when, modified=when)


def seal_field(anchor: str = "seal", tip: str = TIP) -> Callable[[Document, pydyf.PDF], None]:
    """A finisher for `write_pdf`: an empty, tagged signature field over the box of the element with this id.

    The field is made before signing because PDF/UA-1 (7.18.4) wants its widget inside a Form element, and the field a
    signing library adds has no tag. Raises DocumentError when no page has the element.
    """
    def finish(document: Document, pdf: pydyf.PDF) -> None:
        place = next((n for n, page in enumerate(document.pages) if anchor in page.anchors), None)
        if place is None:
            raise DocumentError("no_seal_place", "文书没有留出盖章的位置")
        page = document.pages[place]
        left, top, right, bottom = page.anchors[anchor]
        box = [round(left * _POINTS, 3), round((page.height - bottom) * _POINTS, 3),
               round(right * _POINTS, 3), round((page.height - top) * _POINTS, 3)]
        widget = _widget(pdf, box, pdf.page_references[place], tip)
        _tag(pdf, widget, pdf.page_references[place], tip)

    return finish


def _widget(pdf: pydyf.PDF, box: list[float], page: bytes, tip: str) -> pydyf.Dictionary:
    """The field and its only widget in one object, with an appearance that shows nothing."""
    nothing = pydyf.Stream([], {"Type": "/XObject", "Subtype": "/Form",
                                "BBox": pydyf.Array([0, 0, round(box[2] - box[0], 3), round(box[3] - box[1], 3)])})
    pdf.add_object(nothing)
    widget = pydyf.Dictionary({
        "Type": "/Annot", "Subtype": "/Widget", "FT": "/Sig", "T": pydyf.String(FIELD), "TU": pydyf.String(tip),
        "F": 132,               # print, locked
        "P": page, "Rect": pydyf.Array(box), "AP": pydyf.Dictionary({"N": nothing.reference})})
    pdf.add_object(widget)
    sheet = _at(pdf, page)
    sheet.setdefault("Annots", pydyf.Array()).append(widget.reference)
    pdf.catalog["AcroForm"] = pydyf.Dictionary({"Fields": pydyf.Array([widget.reference])})
    return widget


def _tag(pdf: pydyf.PDF, widget: pydyf.Dictionary, page: bytes, tip: str) -> None:
    """Hang the widget into the structure tree as a Form element, last in the document."""
    tree = _at(pdf, pdf.catalog["StructTreeRoot"])
    whole = tree["K"][0]
    numbers = _at(pdf, tree["ParentTree"])["Nums"]
    key = 1 + max(numbers[::2], default=-1)
    link = pydyf.Dictionary({"Type": "/OBJR", "Obj": widget.reference, "Pg": page})
    pdf.add_object(link)
    element = pydyf.Dictionary({"Type": "/StructElem", "S": "/Form", "K": pydyf.Array([link.reference]), "Pg": page,
                                "P": whole, "Alt": pydyf.String(tip)})
    pdf.add_object(element)
    _at(pdf, whole)["K"].append(element.reference)
    numbers.extend((key, element.reference))
    tree["ParentTreeNextKey"] = key + 1
    widget["StructParent"] = key


def _at(pdf: pydyf.PDF, reference: bytes) -> pydyf.Dictionary:
    return pdf.objects[int(reference.split()[0])]
