"""Small files made on the spot."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

Written = tuple[float, float, str]
"""Left and bottom in points, and the text of a line."""
MakePdf = Callable[..., bytes]


def _objects(pages: Sequence[Sequence[Written]], *, size: int, outline: Sequence[tuple[str, int]]) -> list[str]:
    first_page, count = 4, len(pages)
    kids = " ".join(f"{first_page + 2 * number} 0 R" for number in range(count))
    outline_number = first_page + 2 * count
    outlines = f"/Outlines {outline_number} 0 R" if outline else ""
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {outlines} >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, lines in enumerate(pages):
        content = "\n".join(f"BT /F1 {size} Tf {left} {bottom} Td ({text}) Tj ET" for left, bottom, text in lines)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>"
            f" /Contents {first_page + 2 * number + 1} 0 R >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    if outline:
        last = outline_number + len(outline)
        objects.append(f"<< /Type /Outlines /First {outline_number + 1} 0 R /Last {last} 0 R /Count {len(outline)} >>")
        for index, (title, page) in enumerate(outline, start=outline_number + 1):
            following = f"/Next {index + 1} 0 R" if index < last else ""
            target = f"[{first_page + 2 * page} 0 R /Fit]"
            objects.append(f"<< /Title ({title}) /Parent {outline_number} 0 R {following} /Dest {target} >>")
    return objects


@pytest.fixture
def make_pdf() -> MakePdf:
    """A PDF of lines at given places; pages without lines are blank."""

    def make(
        *pages: Sequence[Written], size: int = 10, outline: Sequence[tuple[str, int]] = (), title: str = ""
    ) -> bytes:
        objects = _objects(pages, size=size, outline=outline)
        if title:
            objects.append(f"<< /Title ({title}) >>")
        written = b"%PDF-1.4\n"
        offsets = []
        for number, body in enumerate(objects, start=1):
            offsets.append(len(written))
            written += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
        table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
        info = f"/Info {len(objects)} 0 R" if title else ""
        trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {info} >>\nstartxref\n{len(written)}\n%%EOF\n"
        return written + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}".encode()

    return make
