"""What the assistant itself says, in the question's language where it knows it, in English otherwise."""

from __future__ import annotations

from collections.abc import Sequence

_NOT_HELD = {
    "ar": "لا تتضمن المستندات إجابة عن هذا السؤال.",
    "cs": "Dokumenty na tuto otázku neodpovídají.",
    "de": "Die Dokumente beantworten diese Frage nicht.",
    "el": "Τα έγγραφα δεν απαντούν σε αυτή την ερώτηση.",
    "en": "The documents do not answer this question.",
    "es": "Los documentos no responden a esta pregunta.",
    "fr": "Les documents ne répondent pas à cette question.",
    "he": "המסמכים אינם עונים על השאלה הזאת.",
    "hi": "दस्तावेज़ों में इस प्रश्न का उत्तर नहीं है।",
    "it": "I documenti non rispondono a questa domanda.",
    "ja": "文書にはこの質問の答えがありません。",
    "nl": "De documenten beantwoorden deze vraag niet.",
    "pl": "Dokumenty nie zawierają odpowiedzi na to pytanie.",
    "pt": "Os documentos não respondem a esta pergunta.",
    "ro": "Documentele nu răspund la această întrebare.",
    "ru": "В документах нет ответа на этот вопрос.",
    "sv": "Dokumenten besvarar inte den här frågan.",
    "th": "เอกสารไม่มีคำตอบสำหรับคำถามนี้",
    "tr": "Belgeler bu soruyu yanıtlamıyor.",
    "uk": "У документах немає відповіді на це запитання.",
    "vi": "Các tài liệu không trả lời câu hỏi này.",
    "zh": "文档中没有这个问题的答案。",
}

_MARKS = {
    "cs": "„“",
    "de": "„“",
    "el": "«»",
    "es": "«»",
    "fr": "«\u00a0\u00a0»",
    "it": "«»",
    "ja": "「」",
    "pl": "„”",
    "ro": "„”",
    "ru": "«»",
    "uk": "«»",
}


def not_held(language: str) -> str:
    """The sentence that says the documents hold no answer.

    >>> not_held("fr")
    'Les documents ne répondent pas à cette question.'
    """
    return _NOT_HELD.get(language, _NOT_HELD["en"])


_DISAGREE = {
    "ar": "المستندات متناقضة",
    "cs": "Dokumenty si odporují",
    "de": "Die Dokumente widersprechen sich",
    "el": "Τα έγγραφα διαφωνούν",
    "en": "The documents disagree",
    "es": "Los documentos se contradicen",
    "fr": "Les documents se contredisent",
    "he": "המסמכים סותרים זה את זה",
    "hi": "दस्तावेज़ आपस में मेल नहीं खाते",
    "it": "I documenti si contraddicono",
    "ja": "文書の内容が一致しません",
    "nl": "De documenten spreken elkaar tegen",
    "pl": "Dokumenty są sprzeczne",
    "pt": "Os documentos contradizem-se",
    "ro": "Documentele se contrazic",
    "ru": "Документы противоречат друг другу",
    "sv": "Dokumenten motsäger varandra",
    "th": "เอกสารขัดแย้งกัน",
    "tr": "Belgeler birbiriyle çelişiyor",
    "uk": "Документи суперечать один одному",
    "vi": "Các tài liệu mâu thuẫn nhau",
    "zh": "文档内容不一致",
}


def disagree(claims: Sequence[tuple[str, int | None, str]], language: str) -> str:
    """The notice that documents give different values: each value, its marker if it has one, its document's title.

    >>> disagree([("30 days", 1, "Handbook"), ("14 days", 2, "")], "en")
    'The documents disagree: “30 days” [1], Handbook; “14 days” [2].'
    """
    said = [
        ", ".join(filter(None, [f"{quoted(value, language)} [{marker}]" if marker else quoted(value, language), title]))
        for value, marker, title in claims
    ]
    colon = {"fr": "\u00a0: ", "ja": "：", "zh": "："}.get(language, ": ")
    return f"{_DISAGREE.get(language, _DISAGREE['en'])}{colon}{'; '.join(said)}."


def quoted(text: str, language: str) -> str:
    """The text between the quotation marks of a language.

    >>> quoted("la Russie", "de"), quoted("la Russie", "en")
    ('„la Russie“', '“la Russie”')
    """
    marks = _MARKS.get(language, "“”")
    half = len(marks) // 2
    return f"{marks[:half]}{text}{marks[half:]}"


def foreign(language: str, markers: tuple[int, ...], question_language: str) -> str:
    """The notice that cited passages are in another language than the question.

    >>> foreign("fr", (1,), "en"), foreign("fr", (1, 2), "de")
    ('The cited passage is in French.', 'Die zitierten Textstellen sind auf Französisch.')
    """
    one, several = _FOREIGN.get(question_language, _FOREIGN["en"])
    spoken = question_language if question_language in _FOREIGN else "en"
    return (one if len(markers) == 1 else several).format(language_name(language, spoken))


_FOREIGN = {
    "de": ("Die zitierte Textstelle ist auf {}.", "Die zitierten Textstellen sind auf {}."),
    "en": ("The cited passage is in {}.", "The cited passages are in {}."),
    "es": ("El pasaje citado está en {}.", "Los pasajes citados están en {}."),
    "fr": ("Le passage cité est en {}.", "Les passages cités sont en {}."),
}


def language_name(code: str, spoken: str) -> str:
    """The name of a language in another, as it stands inside a sentence; the code itself where it is not known.

    >>> language_name("fr", "es"), language_name("xx", "en")
    ('francés', 'xx')
    """
    from babel import Locale, UnknownLocaleError

    try:
        return str(Locale.parse(spoken).languages.get(code, code))
    except (UnknownLocaleError, ValueError):
        return code
