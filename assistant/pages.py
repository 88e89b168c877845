"""A page that stands alone: its style inside, and no way to reach anything outside of itself."""

from __future__ import annotations

from html import escape
from importlib.resources import files

_STYLE = (files(__package__) / "export.css").read_text(encoding="utf-8")


def page(title: str, body: str, *, language: str = "") -> str:
    """A whole HTML document. ``title`` and ``language`` are escaped here, ``body`` is markup already.

    >>> page("A & B", "<p>…</p>", language="de").splitlines()[:2]
    ['<!doctype html>', '<html lang="de">']
    """
    lang = f' lang="{escape(language)}"' if language else ""
    return f"""<!doctype html>
<html{lang}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{escape(title)}</title>
<style>
{_STYLE}</style>
</head>
<body>
{body}
</body>
</html>
"""
