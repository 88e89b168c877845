"""Words broken at line ends."""

from __future__ import annotations

import pytest

from vectorstore.loaders.hyphens import HYPHEN, Mender


@pytest.mark.parametrize(
    ("document", "broken", "mended"),
    [
        (["However, it rained."], "how|ever", "however"),
        (["the dual-encoder"], "dual|encoder", "dual-encoder"),
        (["the market is based there"], "market|based", "market-based"),  # no word of this document is divided
        (["an efficient market based there", "ef|ficient"], "market|based", "marketbased"),  # here words are
        (["nothing known"], "dan|gerous", "dangerous"),
        (["nothing known"], "Lucene|BM", "Lucene-BM"),
        (["nothing known"], "COVID|19", "COVID-19"),
    ],
)
def test_the_document_s_own_words_decide(document: list[str], broken: str, mended: str) -> None:
    lines = [line.replace("|", HYPHEN) for line in (*document, broken)]
    assert Mender(lines)(lines[-1]) == mended


def test_ligatures_and_printer_s_signs_become_plain() -> None:
    assert Mender([])("e\ufb03cient\u00ad and\u00a0non\u2011stop\u0003") == "efficient and non-stop"
