"""Markdown keeps its source; headings point into it."""

from __future__ import annotations

from pathlib import Path

from vectorstore.loaders import load
from vectorstore.types import Extract, Heading

SOURCE = """---
title: Notes on a *call*
---

# Two presidents

They spoke.

Results
-------

```
# not a heading
```

> # quoted

### On `Syria`
"""


def test_the_stored_text_is_the_source() -> None:
    (extract,) = load(Path("call.md"), SOURCE.replace("\n", "\r\n").encode())
    assert extract == Extract(
        SOURCE,
        "Notes on a *call*",
        "text/markdown",
        headings=(
            Heading(SOURCE.index("# Two"), 1, "Two presidents"),
            Heading(SOURCE.index("Results"), 2, "Results"),
            Heading(SOURCE.index("### On"), 3, "On Syria"),
        ),
    )


def test_without_front_matter_the_first_heading_is_the_title() -> None:
    assert load(Path("call.md"), b"intro\n\n# The call\n\nText")[0].title == "The call"


def test_without_either_the_file_s_name_is() -> None:
    assert load(Path("the_long-call.md"), b"Just text.")[0].title == "the long call"


def test_broken_front_matter_does_no_harm() -> None:
    assert load(Path("a.md"), b"---\ntitle: [\n---\n# Real\n")[0].title == "Real"
