"""What of a model's Markdown may be shown: text. No image, no link, no tag, no invisible sign.

A model that follows instructions found in a document must not be able to make a reader's browser fetch anything, or
hide where a link leads. What is removed here is removed for every door.
"""

from __future__ import annotations

import re

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls; tabs and line feeds stay
    "\u00ad\u200b\u2028\u2029\u2060-\u2064\ufeff"  # breaks and blanks without width
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # order of writing
    "\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"  # annotations, tags, halves of signs
)
HTML_TAG = re.compile(
    r"!--.*|/?(?:script|style|img|image|svg|iframe|frame|object|embed|link|meta|base|form|input|button|textarea|select"
    r"|option|video|audio|source|track|picture|canvas|math|template|html|head|body|title|table|thead|tbody|tr|td|th"
    r"|div|span|center|font|marquee|details|summary|br|hr|sub|sup|small|strong|em|code|pre|blockquote|ul|ol|li|h[1-6])"
    r"(?:[\s/].*)?|/?[abipsu](?:\s+[\w:-]+\s*=.*)?/?",
    re.IGNORECASE | re.DOTALL,
)
"""The inside of a tag of HTML, not of a comparison such as ``a <b and c> d``."""

_ACTIVE = re.compile(
    r"\](?=[(:])"  # the target of a link, a definition of one
    r"|!(?=\[)"  # an image
    r"|:/(?=/)"  # an address
    r"|<(?=[A-Za-z/!?])"  # a tag
    r"|[wW]{3}(?=\.)"  # an address without a scheme
)
_CONTEXT = 3  # code points the expression above may begin before what is written now
_SCHEME = re.compile(r"(?:https?|ftps?)://|www\.", re.IGNORECASE)


def visible(text: str) -> str:
    """The text without control and format signs; joiners, which Persian and emoji need, stay."""
    if text.isascii() and text.isprintable():  # most pieces of most answers
        return text
    return _INVISIBLE.sub("", text)


def inert(text: str, before: str = "") -> str:
    """The text with a blank put into whatever a renderer could take for a link, an image or a tag.

    ``before`` is the end of what was already written (three signs are enough). The scanner removes links
    as a whole; this holds even where pieces left over join to a new one.

    >>> inert("see ![x](y) or https://z"), inert("(y)", before="[x]")
    ('see ! [x] (y) or https:/ /z', ' (y)')
    """
    context = before[-_CONTEXT:]
    return _ACTIVE.sub(r"\g<0> ", context + text)[len(context) :]


def plain_address(address: str) -> str:
    """Host and path of an address: what a person may read, and no renderer makes a link of.

    >>> plain_address("https://user@www.example.org/a/b?leak=1#x")
    'example.org/a/b'
    """
    rest = _SCHEME.sub("", address, count=1)
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    host, slash, path = rest.partition("/")
    host = _SCHEME.sub("", host.rpartition("@")[2])
    return host + (slash + path if path else "")
