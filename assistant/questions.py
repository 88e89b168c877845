"""What kind of thing a question asks for, read off its question word."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

Kind = Literal["who", "when", "where", "number", "why", "how", "definition", "yesno", "what"]

# Per language, what a question of each kind is opened with. The earliest place wins, then the longer phrase.
# Folding is left out on purpose: accents tell question words apart (fr. où / ou, es. qué / que).
_WORDS: dict[str, dict[Kind, str]] = {
    "en": {
        "who": "who|whom|whose|which person|what person|what is the name of the person",
        "when": "when|what year|which year|in what year|what date|what day|what month|what time|what decade|"
        "what century|which century|how recently|how long ago",
        "where": "where|what country|which country|what city|which city|in what place|what location|"
        "what town|what state",
        "number": "how cold|how hot|how warm|how thick|how late|how early|how populous|how strong|how common|"
        "how many|how much|how long|how old|how far|how tall|how high|how large|how big|"
        "how often|how fast|how deep|"
        "how wide|how heavy|what percentage|what percent|what number|how few|what fraction|what amount|what share",
        "why": "why|what caused|for what reason|what reason|what is the reason|what was the reason|how come",
        "how": "how|in what way|by what means",
        "definition": "what is an?|what does .* mean|define",
        "yesno": "is|are|was|were|do|does|did|can|could|will|would|has|have|had|should|may|must",
        "what": "what|which|what type|what kind|tell me|describe|explain",
    },
    "fr": {
        "who": "qui|par qui|de qui|à qui|quelle personne|quel homme|quelle femme",
        "when": "quand|en quelle année|quelle année|quelle date|à quelle date|quel jour|quel mois|quel siècle|"
        "depuis quand|à quelle époque|quelle heure",
        "where": "où|d'où|dans quel pays|dans quelle ville|quel pays|quelle ville|quel endroit|quel lieu",
        "number": "combien|quel nombre|quel pourcentage|quelle proportion|quel âge|quelle quantité|quel montant|"
        "quelle somme|quelle durée|quelle distance|quelle hauteur|quelle superficie|quel délai",
        "why": "pourquoi|pour quelle raison|pour quelles raisons|quelle est la cause|quelles sont les causes|"
        "quelle est la raison|quelles sont les raisons",
        "how": "comment|de quelle manière|de quelle façon",
        "definition": "qu'est-ce qu'un|qu'est-ce qu'une|qu'est-ce que|c'est quoi|que signifie|que veut dire",
        "yesno": "est-ce que|est-ce qu",
        "what": "que|quel|quelle|quels|quelles|quoi|lequel|laquelle|qu'est-ce qui",
    },
    "de": {
        "who": "wer|wen|wem|wessen|von wem|mit wem|welche person",
        "when": "wann|in welchem jahr|welches jahr|seit wann|bis wann|an welchem tag|an welchem datum|"
        "in welchem jahrhundert|in welchem monat",
        "where": "wo|wohin|woher|in welchem land|in welcher stadt|welches land|welche stadt|an welchem ort",
        "number": "wie viele|wie viel|wieviel|wieviele|wie lange|wie alt|wie weit|wie hoch|wie groß|"
        "wie oft|wie schnell|"
        "wie tief|wie breit|wie schwer|welcher prozentsatz|welcher anteil|welche anzahl",
        "why": "warum|weshalb|wieso|aus welchem grund|weswegen|was ist der grund|was war der grund",
        "how": "wie|auf welche weise|wodurch|womit",
        "definition": "was ist|was sind|was bedeutet",
        "yesno": "ist|sind|war|waren|hat|haben|hatte|kann|können|wird|werden|darf|muss|gibt es",
        "what": "was|welche|welcher|welches|welchen|welchem|worüber|woran|wofür|wovon",
    },
    "es": {
        "who": "quién|quiénes|a quién|de quién|por quién|qué persona",
        "when": "cuándo|en qué año|qué año|en qué fecha|qué fecha|qué día|qué mes|en qué siglo|desde cuándo",
        "where": "dónde|adónde|de dónde|en qué país|en qué ciudad|qué país|qué ciudad|en qué lugar",
        "number": "cuánto|cuánta|cuántos|cuántas|qué porcentaje|qué número|qué cantidad|qué edad",
        "why": "por qué|por qué razón|por qué motivo|cuál es la razón|cuál fue la razón|"
        "cuál es la causa|cuál fue la causa",
        "how": "cómo|de qué manera|de qué forma",
        "definition": "qué es|qué son|qué significa",
        "what": "qué|cuál|cuáles",
    },
    "it": {
        "who": "chi|da chi|di chi",
        "when": "quando|in quale anno|in che anno|quale anno|in che data|in quale data",
        "where": "dove|in quale paese|in quale città|in che paese",
        "number": "quanto|quanta|quanti|quante|quale percentuale",
        "why": "perché|per quale motivo|per quale ragione|come mai",
        "how": "come|in che modo",
        "definition": "che cos'è|cos'è|cosa significa",
        "what": "che|cosa|che cosa|quale|quali|qual",
    },
    "pt": {
        "who": "quem|de quem|por quem",
        "when": "quando|em que ano|que ano|em que data",
        "where": "onde|em que país|em que cidade|aonde",
        "number": "quanto|quanta|quantos|quantas|que percentagem|qual a porcentagem",
        "why": "por que|por quê|porque|porquê|por que motivo|por que razão",
        "how": "como|de que forma|de que maneira",
        "definition": "o que é|o que significa",
        "what": "que|qual|quais|o que",
    },
    "nl": {
        "who": "wie|wiens|door wie|van wie",
        "when": "wanneer|in welk jaar|welk jaar|sinds wanneer|op welke datum",
        "where": "waar|waarheen|in welk land|in welke stad|welk land|welke stad",
        "number": "hoeveel|hoe lang|hoe oud|hoe ver|hoe hoog|hoe groot|hoe vaak|welk percentage",
        "why": "waarom|om welke reden",
        "how": "hoe|op welke manier",
        "definition": "wat is|wat zijn|wat betekent",
        "what": "wat|welke|welk",
    },
    "ro": {
        "who": "cine|cui|pe cine|de cine",
        "when": "când|în ce an|ce an|la ce dată",
        "where": "unde|de unde|în ce țară|în ce oraș",
        "number": "cât|câtă|câți|câte|ce procent|ce procentaj",
        "why": "de ce|din ce motiv|din ce cauză",
        "how": "cum|în ce fel",
        "definition": "ce este|ce sunt|ce înseamnă",
        "what": "ce|care",
    },
    "ru": {
        "who": "кто|кого|кому|кем|чей|чья|чьё|чьи",
        "when": "когда|в каком году|какой год|в каком веке|какого числа|с какого года",
        "where": "где|куда|откуда|в какой стране|в каком городе|какая страна|какой город",
        "number": "сколько|как долго|как часто|какой процент|какое количество|какова доля",
        "why": "почему|зачем|по какой причине|из-за чего|отчего",
        "how": "как|каким образом|каким способом",
        "definition": "что такое|что значит|что означает",
        "what": "что|чего|чему|чем|какой|какая|какое|какие|каких|какую|каким",
    },
    "el": {
        "who": "ποιος|ποια|ποιοι|ποιον|ποιου|από ποιον",
        "when": "πότε|ποιο έτος|ποια χρονιά|ποιο χρόνο|σε ποιο έτος",
        "where": "πού|που|από πού|σε ποια χώρα|σε ποια πόλη",
        "number": "πόσο|πόσα|πόσοι|πόσες|πόσους|πόση|τι ποσοστό|ποιο ποσοστό",
        "why": "γιατί|για ποιο λόγο|για ποιον λόγο",
        "how": "πώς|με ποιον τρόπο",
        "definition": "τι είναι|τι σημαίνει",
        "what": "τι|ποιο|ποιες|ποιους",
    },
    "tr": {
        "who": "kim|kimi|kime|kimin|kimler|kimdi|kimdir",
        "when": "ne zaman|hangi yıl|hangi yılda|hangi tarihte|kaç yılında",
        "where": "nerede|nereye|nereden|neresi|hangi ülke|hangi şehir|hangi ülkede|hangi şehirde",
        "number": "kaç|ne kadar|yüzde kaç|kaçta",
        "why": "neden|niçin|niye|ne sebeple",
        "how": "nasıl",
        "definition": "nedir|ne demek",
        "what": "ne|hangi|neyi|neler",
    },
    "vi": {
        "who": "ai|người nào",
        "when": "khi nào|năm nào|vào năm nào|bao giờ|ngày nào|thế kỷ nào",
        "where": "ở đâu|nơi nào|đâu|nước nào|quốc gia nào|thành phố nào",
        "number": "bao nhiêu|mấy|bao lâu|bao xa",
        "why": "tại sao|vì sao|lý do",
        "how": "như thế nào|làm thế nào|bằng cách nào",
        "definition": "là gì|nghĩa là gì",
        "what": "gì|nào",
    },
    "ar": {
        "who": "من|لمن|بمن",
        "when": "متى|في أي عام|في أي سنة|أي عام|أي سنة",
        "where": "أين|في أي بلد|في أي مدينة|أي بلد|أي مدينة",
        "number": "كم|ما عدد|ما نسبة|كم عدد",
        "why": "لماذا|لم|ما سبب|ما السبب",
        "how": "كيف",
        "definition": "ما هو|ما هي|ما معنى",
        "what": "ما|ماذا|أي|أية",
    },
    "hi": {
        "who": "कौन|किसने|किसके|किसको|किसे",
        "when": "कब|किस वर्ष|किस साल|किस तारीख|किस सन",
        "where": "कहाँ|कहां|किस देश|किस शहर|किस स्थान",
        "number": "कितना|कितनी|कितने|कितनों|कितने प्रतिशत",
        "why": "क्यों|किस कारण|किस वजह",
        "how": "कैसे|किस प्रकार|किस तरह",
        "definition": "क्या है|का अर्थ",
        "what": "क्या|किस|कौन सा|कौन सी|कौनसा",
    },
    "th": {
        "who": "ใคร|ผู้ใด",
        "when": "เมื่อไหร่|เมื่อไร|เมื่อใด|ปีใด|ปีไหน|ปีอะไร",
        "where": "ที่ไหน|ที่ใด|ประเทศใด|เมืองใด|ประเทศไหน|เมืองไหน",
        "number": "เท่าไหร่|เท่าไร|เท่าใด|กี่|จำนวนเท่า",
        "why": "ทำไม|เพราะเหตุใด|เหตุใด|เพราะอะไร",
        "how": "อย่างไร|ยังไง",
        "definition": "คืออะไร|หมายถึงอะไร",
        "what": "อะไร|ใด|ไหน",
    },
    "zh": {
        "who": "谁|誰|哪位|何人|什么人|哪个人",
        "when": "什么时候|何时|哪一年|哪年|几时|什么时间|哪天|哪一天|几月|几号|何年|多会儿|哪个世纪|哪个年代|哪个月",
        # 在哪个世纪 asks when, 在哪一集 what: a measure word follows
        "where": "哪里|哪儿|何处|什么地方|哪个国家|哪个城市|在哪(?![个一些年天月种位部本场次届集项类])|哪国|哪座城市",
        "number": "多少|几个|几名|几种|多大|多长|多高|多远|多久|百分之几|几次|第几|几位|几",
        # 称为什么 asks what something is called
        "why": "(?<![称稱成作认認视視名分])为什么|(?<![称稱成作认認视視名分])為什麼|为何|原因是什么|什么原因|因何",
        "how": "怎么|怎样|如何|怎麼",
        "definition": "是什么意思|指的是什么",
        "yesno": "是否|吗|嗎",
        "what": "什么|什麼|哪些|哪个|哪一|哪",
    },
    "ja": {
        "who": "誰|だれ|どなた",
        "when": "いつ|何年|何月|何日|何世紀",
        "where": "どこ|どの国|どの都市",
        "number": "いくつ|いくら|何人|何個|何パーセント|どのくらい|どれくらい",
        "why": "なぜ|どうして|何故",
        "how": "どうやって|どのように",
        "definition": "とは何|とは",
        "what": "何|どの|どんな|どれ",
    },
}
_AUXILIARIES = {
    "en": "do|does|did|is|are|was|were|has|have|had|can|could|will|would|should",
    "fr": "est-ce|qu'est-ce|est-il|est-elle|sont-ils|sont-elles|a-t-il|a-t-elle|ont-ils|ont-elles",
}
_NO_SPACES = frozenset({"zh", "ja", "th"})


def question_kind(text: str, language: str) -> Kind:
    """The kind of a question, by the earliest question word of its language; "what" where none is known.

    A verb opens a yes/no question only as its first word.

    >>> question_kind("How many people signed?", "en"), question_kind("Pourquoi ?", "fr")
    ('number', 'why')
    """
    phrases = _phrases(language)
    if not phrases:
        return "what"
    lowered = _plain(text)
    for match in _pattern(language).finditer(lowered):
        kind = phrases[int(match.lastgroup[1:])][1] if match.lastgroup else "what"
        if kind == "yesno" and language not in _NO_SPACES and lowered[: match.start()].strip(" ¿¡\"'«“"):
            continue
        return kind
    return "what"


def topic(text: str, language: str) -> str:
    """The question without its question words and auxiliaries: what it is about. Never empty.

    Documents seldom hold "who" and "why", so that these would pass for the rarest, most telling words.

    >>> topic("Who did sign the Treaty?", "en").split()
    ['sign', 'the', 'Treaty?']
    """
    if language not in _WORDS:
        return text
    rest = _question_words(language).sub(" ", text.replace("’", "'"))
    return rest if any(character.isalnum() for character in rest) else text


def _plain(text: str) -> str:
    return text.lower().replace("’", "'")


@cache
def _phrases(language: str) -> list[tuple[str, Kind]]:
    """Longest first: alternation in a pattern takes the first that fits."""
    pairs = [(phrase, kind) for kind, joined in _WORDS.get(language, {}).items() for phrase in joined.split("|")]
    return sorted(pairs, key=lambda pair: -len(pair[0]))


@cache
def _pattern(language: str) -> re.Pattern[str]:
    return _whole("|".join(f"(?P<k{i}>{phrase})" for i, (phrase, _) in enumerate(_phrases(language))), language)


@cache
def _question_words(language: str) -> re.Pattern[str]:
    alone = [phrase for phrase, _ in _phrases(language) if " " not in phrase]
    return _whole("|".join([*alone, *filter(None, _AUXILIARIES.get(language, "").split("|"))]), language)


def _whole(body: str, language: str) -> re.Pattern[str]:
    return re.compile(body if language in _NO_SPACES else rf"(?<!\w)(?:{body})(?!\w)", re.IGNORECASE)
