"""A question about the wrong country is refused, one about the right country answered, whatever language it is in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import build
from assistant.pipeline import Assistant
from assistant.settings import Settings
from vectorstore import minilm

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ASKED = {
    "en": ("why did Russia condemn the strike?", "why did Germany condemn the strike?"),
    "de": ("Warum verurteilte Russland den Angriff?", "Warum verurteilte Deutschland den Angriff?"),
    "es": ("¿Por qué condenó Rusia el ataque?", "¿Por qué condenó Alemania el ataque?"),
    "it": ("Perché la Russia ha condannato l'attacco?", "Perché la Germania ha condannato l'attacco?"),
    "pt": ("Por que a Rússia condenou o ataque?", "Por que a Alemanha condenou o ataque?"),
    "nl": ("Waarom veroordeelde Rusland de aanval?", "Waarom veroordeelde Duitsland de aanval?"),
    "pl": ("Dlaczego Rosja potępiła atak?", "Dlaczego Niemcy potępiły atak?"),
    "ru": ("Почему Россия осудила удар?", "Почему Германия осудила удар?"),
    "tr": ("Rusya saldırıyı neden kınadı?", "Almanya saldırıyı neden kınadı?"),
    "ar": ("لماذا أدانت روسيا الضربة؟", "لماذا أدانت ألمانيا الضربة؟"),
    "zh": ("俄罗斯为什么谴责这次袭击？", "德国为什么谴责这次袭击？"),
    "ja": ("ロシアはなぜ攻撃を非難したのか", "ドイツはなぜ攻撃を非難したのか"),
    "el": ("Γιατί η Ρωσία καταδίκασε την επίθεση;", "Γιατί η Γερμανία καταδίκασε την επίθεση;"),
    "ro": (
        "Din ce cauză a condamnat Rusia acest atac?",
        "Din ce cauză a condamnat Germania acest atac?",
    ),
    "vi": ("Tại sao Nga lên án cuộc tấn công?", "Tại sao Đức lên án cuộc tấn công?"),
    "hi": ("रूस ने हमले की निंदा क्यों की?", "जर्मनी ने हमले की निंदा क्यों की?"),
    "th": ("ทำไมรัสเซียจึงประณามการโจมตี", "ทำไมเยอรมนีจึงประณามการโจมตี"),
    "ko": ("러시아는 왜 공격을 비난했나요?", "독일은 왜 공격을 비난했나요?"),
}
QUICK = {"en", "zh"}  # half a second each, most of it for the language's dictionary

pytestmark = [
    pytest.mark.skipif(minilm.find_weights() is None, reason=f"needs the weights: {minilm.INSTALL}"),
    pytest.mark.skipif(not EXAMPLES.is_dir(), reason="asks the examples, which are not there"),
]


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    settings = Settings(home=tmp_path_factory.mktemp("examples"), embeddings="minilm", model="extractive")
    with build.open_library(settings) as library:
        build.ingest(library, [EXAMPLES], settings)
        yield build.assistant_over(library, settings)


@pytest.mark.parametrize(
    "language",
    [language if language in QUICK else pytest.param(language, marks=pytest.mark.slow) for language in ASKED],
)
def test_the_country_that_the_article_is_about_is_told_from_another(assistant: Assistant, language: str) -> None:
    right, wrong = (assistant.ask(question) for question in ASKED[language])
    assert "avait condamné cette frappe" in " ".join(" ".join(one.quote.split()) for one in right.citations)
    assert wrong.status == "not_in_documents"
