"""What was filled into a PDF form: PDFium keeps it apart from the page's text."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from typing import Any

_OFF = frozenset({"", "Off"})


def filled_in(document: Any, page: Any) -> Iterator[str]:
    """A line ``name: value`` for each field of the page that holds something; the document's forms are initialised."""
    import pypdfium2.raw as pdfium

    for index in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        try:
            if pdfium.FPDFAnnot_GetSubtype(annotation) != pdfium.FPDF_ANNOT_WIDGET:
                continue
            value = _string(pdfium.FPDFAnnot_GetFormFieldValue, document.formenv, annotation)
            if value not in _OFF:
                name = _string(pdfium.FPDFAnnot_GetFormFieldAlternateName, document.formenv, annotation) or _string(
                    pdfium.FPDFAnnot_GetFormFieldName, document.formenv, annotation
                )
                yield f"{name}: {value}" if name else value
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)


def _string(get: Callable[..., int], form: Any, annotation: Any) -> str:
    """PDFium fills a buffer with UTF-16 and returns how many bytes it takes, the closing zero included."""
    import pypdfium2.raw as pdfium

    size = get(form, annotation, None, 0)
    if size <= 2:
        return ""
    buffer = (pdfium.FPDF_WCHAR * (size // 2))()
    get(form, annotation, buffer, size)
    return ctypes.string_at(buffer, size).decode("utf-16-le", errors="replace").rstrip("\0")
