"""What the assistant itself says, in the question's language where it knows it, in English otherwise."""

from __future__ import annotations

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
