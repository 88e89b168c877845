"""Statements about documents in other languages: true ones in other words, and lies; see `tests.assistant.planted`."""

from __future__ import annotations

from tests.assistant.library import document
from tests.assistant.planted import Planted

ABROAD_LIBRARY = [
    document(
        "doc_puente", "El puente colgante",
        "El puente colgante de Arrieta se inauguró el 3 de agosto de 1887 y mide 164 metros. "
        "Lo proyectó el ingeniero Joaquín Urrutia. Los camiones no pueden cruzarlo. "
        "El ayuntamiento lo reparó en 1995 con dinero del gobierno de Estados Unidos.",
        "es",
    ),
    document(
        "doc_werft", "Die Werft",
        "Die Werft am Nordhafen beschäftigt 340 Arbeiter. "
        "Ihr Direktor Jens Petersen verhandelt mit der russischen Regierung "
        "über drei Eisbrecher. Der Vertrag wurde nicht unterschrieben. Im Winter ruht die Arbeit zwei Wochen lang.",
        "de",
    ),
    document(
        "doc_teatr", "Театр",
        "Городской театр открылся в 1911 году. Его построил архитектор Фёдор Лидваль. "
        "В зале 820 мест. Во время войны театр не закрывался.",
        "ru",
    ),
    document(
        "doc_lac", "Le lac",
        "Le lac est gelé de décembre à mars. La pêche est interdite aux touristes. "
        "Le maire, Bernard Quentin, a annoncé mardi un accord avec l'Allemagne. Une barque coûte 12 euros par heure.",
        "fr",
    ),
    document(
        "doc_house", "House rules",
        "Guests may not smoke in the rooms. Breakfast is served from 7:00 to 10:30. "
        "The manager, Olivia Hartwell, speaks Spanish and German. A late departure costs 25 pounds.",
    ),
]  # fmt: skip

ABROAD = [
    Planted("true", "The suspension bridge of Arrieta was opened on 3 August 1887 and is 164 metres long [1.1]."),
    Planted("true", "It was designed by the engineer Joaquín Urrutia [1.2]."),
    Planted("true", "Lorries may not cross it [1.3]."),
    Planted("true", "The American government gave the money for the repair of 1995 [1.4]."),
    Planted("true", "Le gouvernement américain a payé la réparation de 1995 [1.4]."),
    Planted("true", "The shipyard has 340 workers [2.1]."),
    Planted("true", "Director Jens Petersen is negotiating with the Russians about three icebreakers [2.2]."),
    Planted("true", "According to the report, the contract has not been signed [2.3]."),
    Planted("true", "Work stops for two weeks in winter [2.4]."),
    Planted("true", "The City Theatre opened in 1911 [3.1]."),
    Planted("true", "Its architect was Fyodor Lidval [3.2]."),
    Planted("true", "There are 820 seats in the hall [3.3]."),
    Planted("true", "The theatre stayed open throughout the war [3.4]."),
    Planted("true", "From December to March the lake is frozen [4.1]."),
    Planted("true", "Tourists are not allowed to fish [4.2]."),
    Planted("true", "On Tuesday the French mayor Bernard Quentin announced an agreement with Germany [4.3]."),
    Planted("true", "An hour in a boat is 12 euros [4.4]."),
    Planted("true", "Les clients ne peuvent pas fumer dans les chambres [5.1]."),
    Planted("true", "Das Frühstück gibt es von 7:00 bis 10:30 Uhr [5.2]."),
    Planted("true", "La directora, Olivia Hartwell, habla español y alemán [5.3]."),
    Planted("true", "Wer später abreist, zahlt 25 Pfund [5.4]."),
    Planted("true", "Директор Оливия Хартвелл говорит по-испански [5.3]."),
    Planted("number", "The bridge was opened on 3 August 1878 [1.1]."),
    Planted("number", "Die Hängebrücke ist 146 Meter lang [1.1]."),
    Planted("number", "The shipyard has 430 workers [2.1]."),
    Planted("number", "Le théâtre a ouvert en 1917 [3.1]."),
    Planted("number", "The hall seats 280 people [3.3]."),
    Planted("number", "Le petit-déjeuner est servi de 7:00 à 11:30 [5.2]."),
    Planted("number", "Une barque coûte 21 euros par heure [4.4]."),
    Planted("negation", "Lorries can cross it [1.3]."),
    Planted("negation", "The contract was signed [2.3]."),
    Planted("negation", "Le contrat a été signé [2.3]."),
    Planted("negation", "The theatre was closed during the war [3.4]."),
    Planted("negation", "Tourists may fish [4.2]."),
    Planted("negation", "Les clients peuvent fumer dans les chambres [5.1]."),
    Planted("negation", "The lake is not frozen from December to March [4.1]."),
    Planted("name", "It was designed by the engineer Jens Petersen [1.2]."),
    Planted("name", "Director Bernard Quentin is negotiating with the Russian government [2.2]."),
    Planted("name", "Its architect was Joaquín Urrutia [3.2]."),
    Planted("name", "The mayor, Olivia Hartwell, announced an agreement with Germany [4.3]."),
    Planted("name", "The mayor announced an agreement with Spain [4.3]."),
    Planted("name", "Der Direktor verhandelt mit der Regierung von Portugal über drei Eisbrecher [2.2]."),
    Planted("name", "La directora, Fyodor Lidval, habla español y alemán [5.3]."),
    Planted("other", "Breakfast is served in the garden [2.3]."),
    Planted("other", "The mayor signed the law on schools [1.3]."),
    Planted("other", "Le prix du pain a doublé en hiver [3.3]."),
    Planted("other", "Der Arzt schickt das Ergebnis an die Schule [4.1]."),
    Planted("other", "The king left the country with his army [4.4]."),
    Planted("other", "Wine and bread are sold on the market [3.4]."),
]
"""Made with the rules. ``other``: about something else altogether."""

ABROAD_UNSEEN_LIBRARY = [
    document(
        "doc_faro", "Il faro",
        "Il faro di Capo Sereno fu acceso per la prima volta il 9 novembre 1864. La torre è alta 31 metri. "
        "Il guardiano Ettore Balbi vi abita con la moglie dal 1998. I visitatori non possono salire quando c'è vento.",
        "it",
    ),
    document(
        "doc_usine", "L'usine de tuiles",
        "L'usine de tuiles emploie 78 personnes. Sa directrice, Solange Imbert, a refusé l'offre d'un groupe japonais. "
        "Les fours ne s'éteignent jamais. Une tuile pèse 2,4 kilos.",
        "fr",
    ),
    document(
        "doc_archiv", "Das Stadtarchiv",
        "Das Stadtarchiv bewahrt 12.000 Karten auf. Die älteste stammt aus dem Jahr 1532. "
        "Originale dürfen nicht ausgeliehen werden. Der Leser Karl Wenzel fand 2011 einen Brief von Humboldt.",
        "de",
    ),
    document(
        "doc_zavod", "Завод",
        "Завод выпускает 900 велосипедов в месяц. Его директор Марина Соколова подписала договор с Китаем. "
        "Рабочие не бастовали. Зимой выпуск падает на треть.",
        "ru",
    ),
    document(
        "doc_mercado", "El mercado",
        "El mercado abre los martes y los viernes a las 8:00. Está prohibido vender animales. "
        "La panadera Lucía Ferrer vende 200 panes al día. El pescado llega de Portugal.",
        "es",
    ),
    document(
        "doc_library", "The reading room",
        "The reading room has 54 desks. Food is not allowed. "
        "The librarian Harriet Cole ordered 3,000 books from Canada in 2019. It is closed in August.",
    ),
]  # fmt: skip

ABROAD_UNSEEN = [
    Planted("true", "The lighthouse of Capo Sereno was first lit on 9 November 1864 [1.1]."),
    Planted("true", "Its tower is 31 metres high [1.2]."),
    Planted("true", "Ettore Balbi, the keeper, has lived there with his wife since 1998 [1.3]."),
    Planted("true", "Nobody may climb up when it is windy [1.4]."),
    Planted("true", "78 people work in the tile factory [2.1]."),
    Planted("true", "The French director Solange Imbert turned the Japanese group's offer down [2.2]."),
    Planted("true", "The kilns never go out [2.3]."),
    Planted("true", "Ein Ziegel wiegt 2,4 Kilo [2.4]."),
    Planted("true", "There are 12,000 maps in the town archive [3.1]."),
    Planted("true", "La plus ancienne date de 1532 [3.2]."),
    Planted("true", "Originals cannot be borrowed [3.3]."),
    Planted("true", "In 2011 the reader Karl Wenzel came upon one of Humboldt's letters [3.4]."),
    Planted("true", "The plant makes 900 bicycles a month [4.1]."),
    Planted("true", "Die Direktorin Marina Sokolowa unterschrieb einen Vertrag mit China [4.2]."),
    Planted("true", "The Russian workers did not go on strike [4.3]."),
    Planted("true", "En hiver, la production baisse d'un tiers [4.4]."),
    Planted("true", "On Tuesdays and Fridays the market opens at 8:00 [5.1]."),
    Planted("true", "No animals may be sold there [5.2]."),
    Planted("true", "Lucía Ferrer, a baker, sells 200 loaves every day [5.3]."),
    Planted("true", "The fish is Portuguese [5.4]."),
    Planted("true", "La salle de lecture compte 54 tables [6.1]."),
    Planted("true", "Essen ist nicht erlaubt [6.2]."),
    Planted("true", "La bibliotecaria Harriet Cole encargó 3.000 libros a Canadá en 2019 [6.3]."),
    Planted("true", "In agosto è chiusa [6.4]."),
    Planted("number", "The tower is 13 metres high [1.2]."),
    Planted("number", "Der Leuchtturm brannte zum ersten Mal 1846 [1.1]."),
    Planted("number", "The tile factory has 87 employees [2.1]."),
    Planted("number", "The archive holds 120,000 maps [3.1]."),
    Planted("number", "L'usine fabrique 90 vélos par mois [4.1]."),
    Planted("number", "Lucía Ferrer sells twenty loaves a day [5.3]."),
    Planted("number", "La sala tiene 45 mesas [6.1]."),
    Planted("negation", "Visitors can climb up when there is wind [1.4]."),
    Planted("negation", "The kilns go out every night [2.3]."),
    Planted("negation", "Les originaux peuvent être empruntés [3.3]."),
    Planted("negation", "The workers went on strike [4.3]."),
    Planted("negation", "Animals may be sold [5.2]."),
    Planted("negation", "Essen ist erlaubt [6.2]."),
    Planted("negation", "She accepted the offer of a Japanese group [2.2]."),
    Planted("name", "The keeper Karl Wenzel has lived there since 1998 [1.3]."),
    Planted("name", "Solange Imbert refused the offer of a Chinese group [2.2]."),
    Planted("name", "Director Harriet Cole signed a contract with China [4.2]."),
    Planted("name", "Директор Марина Соколова подписала договор с Канадой [4.2]."),
    Planted("name", "The fish comes from Spain [5.4]."),
    Planted("name", "Lucía Ferrer found a letter by Humboldt [3.4]."),
    Planted("other", "The police arrested the director in winter [3.2]."),
    Planted("other", "Water and bread are free for children [1.2]."),
    Planted("other", "Le gouvernement a fermé l'école pendant la guerre [5.1]."),
    Planted("other", "The doctor opened a new hospital in the city [2.4]."),
]
"""Written after the rules were, and not used to change them."""
