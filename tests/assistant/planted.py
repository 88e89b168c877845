"""Statements a model might write about eight small documents: true ones in other words, and lies of five kinds.

Every statement carries the label of the sentence it is about, as a model would give it; ``{doc}.{sentence}`` with
documents counted from 1. Used by tests and by ``benchmarks/generation.py``.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.assistant.library import document

LIBRARY = [
    document(
        "doc_pool", "Swimming pool rules",
        "The pool opens at 7:30 and closes at 21:00 on weekdays. Children under 8 must be accompanied by an adult. "
        "A single ticket costs 4.50 euros, a season ticket 120 euros. Dogs are not allowed on the lawn.",
    ),
    document(
        "doc_bridge", "The Alder Bridge",
        "The Alder Bridge was designed by the engineer Ruth Vandermeer and opened on 14 May 1931. "
        "It carries two lanes of traffic and a footpath. "
        "In 1978 its cables were replaced at a cost of 2,400,000 pounds. "
        "The town council refused to name it after the mayor.",
    ),
    document(
        "doc_lease", "Lease agreement",
        "The tenant pays 850 euros a month, due on the third working day. The deposit is three months' rent. "
        "Either side may end the lease with six weeks' notice. The landlord does not pay for broken windows.",
    ),
    document(
        "doc_bees", "Bees in the city",
        "A colony on the roof of the Linden School gave 31 kilograms of honey in 2022. "
        "The beekeeper Tomasz Wrona checks the hives every nine days from April to July. "
        "In winter the bees are fed with sugar syrup. No pesticide has been used in the school garden since 2015.",
    ),
    document(
        "doc_train", "Ligne des Crêtes",
        "La ligne des Crêtes relie Valmont à Saint-Aubin en 47 minutes. "
        "Elle a été inaugurée par Hélène Marchetti en 1908. "
        "Les vélos voyagent gratuitement hors des heures de pointe. La ligne n'a pas fermé pendant la guerre.",
        "fr",
    ),
    document(
        "doc_mill", "Die Wassermühle",
        "Die Mühle am Erlbach mahlt seit 1764 Getreide. Ihr Rad hat einen Durchmesser von 5,2 Metern. "
        "Der Müller Anton Gruber verkaufte sie 1952 an die Gemeinde. Strom erzeugt sie nicht.",
        "de",
    ),
    document(
        "doc_council", "Minutes of 3 March",
        "The council voted by nine to four to buy the old cinema. Councillor Okafor warned that the roof would cost "
        "60,000 euros to repair. The building must not be used before the fire inspection. "
        "The next meeting takes place on 7 April.",
    ),
    document(
        "doc_soup", "Soup kitchen report",
        "The kitchen on Harbour Street served 18,250 meals last year, a quarter more than the year before. "
        "Most of its 42 volunteers are retired. It receives no money from the state. "
        "Its manager, Ingrid Solheim, wants to open on Sundays too.",
    ),
]  # fmt: skip


class Planted(NamedTuple):
    kind: str
    """``true``, or the kind of lie."""
    text: str


PLANTED = [
    # True, in other words.
    Planted("true", "On weekdays you can swim from 7:30 until 21:00 [1.1]."),
    Planted("true", "A child younger than 8 needs an adult with them [1.2]."),
    Planted("true", "One visit is 4.50 euros and a season ticket is 120 euros [1.3]."),
    Planted("true", "You may not bring dogs onto the lawn [1.4]."),
    Planted("true", "Ruth Vandermeer was the engineer who designed the Alder Bridge [2.1]."),
    Planted("true", "The bridge has been open since 14 May 1931 [2.1]."),
    Planted("true", "Replacing the cables in 1978 cost 2.4 million pounds [2.3]."),
    Planted("true", "Besides a footpath there are two lanes for traffic [2.2]."),
    Planted("true", "Rent is 850 euros per month [3.1]."),
    Planted("true", "As a deposit, three months of rent are paid [3.2]."),
    Planted("true", "The lease can be ended by both sides, with notice of six weeks [3.3]."),
    Planted("true", "Broken windows are not paid for by the landlord [3.4]."),
    Planted("true", "The Linden School's colony produced 31 kg of honey in 2022 [4.1]."),
    Planted("true", "Tomasz Wrona looks at the hives every nine days between April and July [4.2]."),
    Planted("true", "The garden of the school has been free of pesticide since 2015 [4.4]."),
    Planted("true", "The train takes 47 minutes from Valmont to Saint-Aubin [5.1]."),
    Planted("true", "Hélène Marchetti opened the line in 1908 [5.2]."),
    Planted("true", "Bicycles travel free of charge outside the rush hours [5.3]."),
    Planted("true", "The line did not close during the war [5.4]."),
    Planted("true", "The mill has been grinding grain since 1764 [6.1]."),
    Planted("true", "Its wheel measures 5.2 metres across [6.2]."),
    Planted("true", "Anton Gruber, the miller, sold it to the municipality in 1952 [6.3]."),
    Planted("true", "It generates no electricity [6.4]."),
    Planted("true", "With nine votes against four the council decided to buy the old cinema [7.1]."),
    Planted("true", "Okafor said that repairing the roof would cost 60 000 euros [7.2]."),
    Planted("true", "Before the fire inspection nobody may use the building [7.3]."),
    Planted("true", "Last year 18,250 meals were served on Harbour Street [8.1]."),
    Planted("true", "The state gives it no money [8.3]."),
    Planted("true", "Ingrid Solheim would like to open on Sundays as well [8.4]."),
    Planted("true", "The minutes say the house “must not be used before the fire inspection” [7.3]."),
    # A wrong number or date.
    Planted("number", "On weekdays you can swim from 6:45 until 21:00 [1.1]."),
    Planted("number", "A single ticket costs 5.40 euros [1.3]."),
    Planted("number", "The Alder Bridge opened on 14 May 1913 [2.1]."),
    Planted("number", "Replacing the cables cost 24,000,000 pounds [2.3]."),
    Planted("number", "The tenant pays 950 euros a month [3.1]."),
    Planted("number", "The colony gave 13 kilograms of honey in 2022 [4.1]."),
    Planted("number", "The train takes 74 minutes from Valmont to Saint-Aubin [5.1]."),
    Planted("number", "The mill has been grinding grain since 1674 [6.1]."),
    Planted("number", "Okafor warned that the roof would cost 600,000 euros to repair [7.2]."),
    Planted("number", "The kitchen served 18,520 meals last year [8.1]."),
    # A denial turned round.
    Planted("negation", "Dogs are allowed on the lawn [1.4]."),
    Planted("negation", "Children under 8 must not be accompanied by an adult [1.2]."),
    Planted("negation", "The Alder Bridge was not designed by the engineer Ruth Vandermeer [2.1]."),
    Planted("negation", "The landlord pays for broken windows [3.4]."),
    Planted("negation", "In winter the bees are not fed with sugar syrup [4.3]."),
    Planted("negation", "Bicycles never travel free outside the rush hours [5.3]."),
    Planted("negation", "The line closed during the war [5.4]."),
    Planted("negation", "It generates electricity [6.4]."),
    Planted("negation", "The building may be used before the fire inspection [7.3]."),
    Planted("negation", "It receives money from the state [8.3]."),
    # The name of somebody or something of another document.
    Planted("name", "The engineer Ingrid Solheim designed the Alder Bridge [2.1]."),
    Planted("name", "The Linden Bridge opened on 14 May 1931 [2.1]."),
    Planted("name", "The beekeeper Anton Gruber checks the hives every nine days [4.2]."),
    Planted("name", "A colony on the roof of Harbour Street gave 31 kilograms of honey [4.1]."),
    Planted("name", "In 1908 the line was opened by Ruth Vandermeer [5.2]."),
    Planted("name", "The train from Valmont takes 47 minutes to Erlbach [5.1]."),
    Planted("name", "The miller Tomasz Wrona sold it in 1952 [6.3]."),
    Planted("name", "Councillor Marchetti warned that the roof would cost 60,000 euros [7.2]."),
    Planted("name", "The kitchen on Linden Street served 18,250 meals last year [8.1]."),
    Planted("name", "Its manager, Councillor Okafor, wants to open on Sundays too [8.4]."),
    # Words nobody said.
    Planted("quotation", "The rules say “guests without a cap must leave” [1.2]."),
    Planted("quotation", "The council called it “the ugliest bridge in the county” [2.4]."),
    Planted("quotation", "The lease says “rent is due on the first day of the month” [3.1]."),
    Planted("quotation", "The beekeeper calls them “my little workers on the roof” [4.2]."),
    Planted("quotation", "On dit que « la ligne a toujours été déficitaire » [5.2]."),
    Planted("quotation", "Es heißt, „die Mühle gehört der Familie bis heute“ [6.3]."),
    Planted("quotation", "Okafor said “we cannot afford a cinema” [7.2]."),
    Planted("quotation", "The report says “the state has promised its help” [8.3]."),
    Planted("quotation", 'Solheim said "Sunday is our busiest day" [8.4].'),
    Planted("quotation", "The rules speak of “a fine of fifty euros for every dog” [1.4]."),
    # Labels nobody gave out.
    Planted("label", "The pool has a sauna [1.9]."),
    Planted("label", "The bridge was painted green [2.5]."),
    Planted("label", "Pets are welcome [3.7]."),
    Planted("label", "The honey is sold at the market [4.12]."),
    Planted("label", "The train has a dining car [9.1]."),
    Planted("label", "The mill has a museum [60.2]."),
    Planted("label", "The mayor resigned [7.5-8]."),
    Planted("label", "Soup is served at noon [8.99]."),
    Planted("label", "Entry is free on Mondays [12]."),
    Planted("label", "The cinema seats many people [0.7.3][7.6]."),
]


UNSEEN_LIBRARY = [
    document(
        "doc_ferry", "Ferry timetable",
        "The ferry to Skarholm leaves at 6:15, 11:40 and 17:05. A crossing takes 1 hour and 20 minutes. "
        "Cars over 2.1 metres in height cannot be carried. Captain Liv Aronsen has commanded it since 2009.",
    ),
    document(
        "doc_museum", "Musée du verre",
        "Le musée du verre possède 3 400 objets, dont le plus ancien date du XIIe siècle. "
        "Il a été fondé par le collectionneur Étienne Caradec en 1926. "
        "L'entrée est gratuite le premier dimanche du mois. "
        "Les photographies ne sont pas autorisées dans la salle des vitraux.",
        "fr",
    ),
    document(
        "doc_clinic", "Clinic leaflet",
        "Do not eat for eight hours before the examination. "
        "The result is sent to your doctor within five working days. "
        "Dr. Amara Nwosu heads the department. The examination is paid for by the health insurance.",
    ),
    document(
        "doc_orchard", "Orchard report",
        "The frost of 21 April destroyed 70 per cent of the apricot blossom. The plums were spared. "
        "Gardener Matteo Bruni has planted 64 new apple trees. The co-operative will not raise its prices this year.",
    ),
]  # fmt: skip

UNSEEN = [
    Planted("true", "Three ferries a day go to Skarholm, the first at 6:15 [1.1]."),
    Planted("true", "You are on the water for 1 hour and 20 minutes [1.2]."),
    Planted("true", "A car higher than 2.1 metres is not taken along [1.3]."),
    Planted("true", "Liv Aronsen became its captain in 2009 [1.4]."),
    Planted("true", "The collection numbers 3,400 objects [2.1]."),
    Planted("true", "Étienne Caradec founded the museum in 1926 [2.2]."),
    Planted("true", "On the first Sunday of each month you pay nothing [2.3]."),
    Planted("true", "You may not take photographs in the stained-glass room [2.4]."),
    Planted("true", "For eight hours before the examination you must not eat anything [3.1]."),
    Planted("true", "Your doctor gets the result in five working days at most [3.2]."),
    Planted("true", "The head of the department is Dr. Amara Nwosu [3.3]."),
    Planted("true", "The health insurance covers the examination [3.4]."),
    Planted("true", "About 70 per cent of the apricot blossom was lost to the frost on 21 April [4.1]."),
    Planted("true", "Nothing happened to the plums [4.2]."),
    Planted("true", "64 apple trees have been newly planted by Matteo Bruni [4.3]."),
    Planted("true", "Prices at the co-operative stay as they are this year [4.4]."),
    Planted("number", "The last ferry to Skarholm leaves at 18:05 [1.1]."),
    Planted("number", "A crossing takes 2 hours [1.2]."),
    Planted("number", "The museum was founded in 1962 by Étienne Caradec [2.2]."),
    Planted("number", "Do not eat for twelve hours before the examination [3.1]."),
    Planted("number", "The result is sent within 15 working days [3.2]."),
    Planted("number", "The frost destroyed 17 per cent of the apricot blossom [4.1]."),
    Planted("negation", "Cars over 2.1 metres in height can be carried [1.3]."),
    Planted("negation", "Photography is allowed in the stained-glass room [2.4]."),
    Planted("negation", "You should eat in the eight hours before the examination [3.1]."),
    Planted("negation", "The examination is not paid for by the health insurance [3.4]."),
    Planted("negation", "The plums were not spared [4.2]."),
    Planted("negation", "The co-operative will raise its prices this year [4.4]."),
    Planted("name", "Captain Matteo Bruni has commanded the ferry since 2009 [1.4]."),
    Planted("name", "The ferry to Caradec leaves at 6:15 [1.1]."),
    Planted("name", "The museum was founded by the collector Liv Aronsen in 1926 [2.2]."),
    Planted("name", "Dr. Bruni heads the department [3.3]."),
    Planted("name", "Gardener Amara Nwosu has planted 64 new apple trees [4.3]."),
    Planted("quotation", "The leaflet warns of “a slight risk of infection” [3.1]."),
    Planted("quotation", "Le musée promet « une visite inoubliable pour tous » [2.3]."),
    Planted("quotation", "Bruni said “it was the worst spring of my life” [4.1]."),
    Planted("label", "The ferry sells coffee [1.6]."),
    Planted("label", "The orchard has bees [5.1]."),
]
"""Written after the first rules were; those added since were made with these in view."""
