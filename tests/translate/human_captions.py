"""Captions that people could have written, aligned in eight languages: some from a small grammar, some by hand.

Agreement, cases, word order and classifiers are right in every language: a filter that rejects one of them is wrong.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

from translate.written_captions import WRITTEN

LANGUAGES = ("en", "es", "ja", "hi", "de", "fr", "zh", "bn")
Caption = dict[str, str]
One = TypeVar("One")


@dataclass(frozen=True)
class Noun:
    """singular and plural by language, gender in Spanish, German, French and Hindi, the counters of ja and zh."""

    forms: dict[str, tuple[str, str]]
    gender: dict[str, str]
    ja: str
    zh: str


def noun(line: str) -> Noun:
    """Columns: en, es, de, fr, hi as "singular/plural gender"; ja and zh as "noun counter"; bn."""
    en, es, de, fr, hi, ja, zh, bn = (cell.strip() for cell in line.split("|"))
    forms: dict[str, tuple[str, str]] = {}
    gender: dict[str, str] = {}
    for language, cell in {"en": en + " n", "es": es, "de": de, "fr": fr, "hi": hi}.items():
        written, gender[language] = cell.rsplit(" ", 1)
        singular, plural = written.split("/")
        forms[language] = singular, plural
    (ja_noun, ja_counter), (zh_noun, zh_counter) = ja.split(), zh.split()
    forms.update(ja=(ja_noun, ja_noun), zh=(zh_noun, zh_noun), bn=(bn, bn))
    return Noun(forms, gender, ja_counter, zh_counter)


ANIMALS = [
    noun(line)
    for line in """\
dog/dogs|perro/perros m|Hund/Hunde m|chien/chiens m|कुत्ता/कुत्ते m|犬 匹|狗 只|কুকুর
cat/cats|gato/gatos m|Katze/Katzen f|chat/chats m|बिल्ली/बिल्लियाँ f|猫 匹|猫 只|বিড়াল
horse/horses|caballo/caballos m|Pferd/Pferde n|cheval/chevaux m|घोड़ा/घोड़े m|馬 頭|马 匹|ঘোড়া
cow/cows|vaca/vacas f|Kuh/Kühe f|vache/vaches f|गाय/गायें f|牛 頭|牛 头|গরু
goat/goats|cabra/cabras f|Ziege/Ziegen f|chèvre/chèvres f|बकरी/बकरियाँ f|ヤギ 頭|山羊 只|ছাগল
rabbit/rabbits|conejo/conejos m|Kaninchen/Kaninchen n|lapin/lapins m|ख़रगोश/ख़रगोश m|ウサギ 匹|兔子 只|খরগোশ
bird/birds|pájaro/pájaros m|Vogel/Vögel m|oiseau/oiseaux m|चिड़िया/चिड़ियाँ f|鳥 羽|鸟 只|পাখি""".splitlines()
]
THINGS = [
    noun(line)
    for line in """\
cup/cups|taza/tazas f|Tasse/Tassen f|tasse/tasses f|प्याला/प्याले m|カップ 個|杯子 个|কাপ
bottle/bottles|botella/botellas f|Flasche/Flaschen f|bouteille/bouteilles f|बोतल/बोतलें f|瓶 本|瓶子 个|বোতল
vase/vases|jarrón/jarrones m|Vase/Vasen f|vase/vases m|फूलदान/फूलदान m|花瓶 個|花瓶 个|ফুলদানি
box/boxes|caja/cajas f|Karton/Kartons m|boîte/boîtes f|डिब्बा/डिब्बे m|箱 個|盒子 个|বাক্স
lamp/lamps|lámpara/lámparas f|Lampe/Lampen f|lampe/lampes f|लैंप/लैंप m|ランプ 個|台灯 盏|বাতি
bowl/bowls|cuenco/cuencos m|Schüssel/Schüsseln f|bol/bols m|कटोरा/कटोरे m|ボウル 個|碗 只|বাটি
suitcase/suitcases|maleta/maletas f|Koffer/Koffer m|valise/valises f|सूटकेस/सूटकेस m|スーツケース 個|行李箱 个|স্যুটকেস""".splitlines()
]

# es and fr: masculine, feminine, their plurals; de: the stem; hi: masculine, its plural, feminine; ja, zh: before a noun.
COLOURS: dict[str, dict[str, str]] = {
    name: dict(zip(("es", "fr", "de", "hi", "ja", "zh", "bn"), line.split("|"), strict=True))
    for name, line in {
        "black": "negro negra negros negras|noir noire noirs noires|schwarz|काला काले काली|黒い|黑色的|কালো",
        "white": "blanco blanca blancos blancas|blanc blanche blancs blanches|weiß|सफ़ेद सफ़ेद सफ़ेद|白い|白色的|সাদা",
        "brown": "marrón marrón marrones marrones|brun brune bruns brunes|braun|भूरा भूरे भूरी|茶色い|棕色的|বাদামি",
        "red": "rojo roja rojos rojas|rouge rouge rouges rouges|rot|लाल लाल लाल|赤い|红色的|লাল",
        "green": "verde verde verdes verdes|vert verte verts vertes|grün|हरा हरे हरी|緑色の|绿色的|সবুজ",
        "blue": "azul azul azules azules|bleu bleue bleus bleues|blau|नीला नीले नीली|青い|蓝色的|নীল",
        "yellow": "amarillo amarilla amarillos amarillas|jaune jaune jaunes jaunes|gelb|पीला पीले पीली|黄色い|黄色的|হলুদ",
    }.items()
}
NUMBERS = {
    2: {"en": "two", "es": "dos", "de": "zwei", "fr": "deux", "hi": "दो", "ja": "二", "zh": "两", "bn": "দুটি"},
    3: {"en": "three", "es": "tres", "de": "drei", "fr": "trois", "hi": "तीन", "ja": "三", "zh": "三", "bn": "তিনটি"},
    4: {"en": "four", "es": "cuatro", "de": "vier", "fr": "quatre", "hi": "चार", "ja": "四", "zh": "四", "bn": "চারটি"},
}


def phrase(one: Noun, colour: str, count: int, language: str) -> str:
    """ "two black dogs", as a subject."""
    form, many = one.forms[language][count > 1], count > 1
    number = NUMBERS[count][language] if many else ""
    feminine = one.gender.get(language) == "f"
    if language == "en":
        return f"{number or 'a'} {colour} {form}"
    word = COLOURS[colour][language]
    if language in ("es", "fr"):
        article = ("una" if feminine else "un") if language == "es" else ("une" if feminine else "un")
        return f"{number or article} {form} {word.split()[feminine + 2 * many]}"
    if language == "de":
        ending = "e" if many or feminine else "er" if one.gender["de"] == "m" else "es"
        return f"{number or ('eine' if feminine else 'ein')} {word}{ending} {form}"
    if language == "hi":
        return f"{number or 'एक'} {word.split()[2 if feminine else many]} {form}"
    if language == "ja":
        return f"{number or '一'}{one.ja}の{word}{form}"
    if language == "zh":
        return f"{number or '一'}{one.zh}{word}{form}"
    return f"{number or 'একটি'} {word} {form}"


# What an animal does. Singular and plural; hi without रहा है; ja with the particle that its place takes.
DOING = [
    dict(zip(("en", "es", "de", "fr", "hi", "ja", "zh", "bn"), line.split("|"), strict=True))
    for line in """\
is sleeping/are sleeping|duerme/duermen|schläft/schlafen|dort/dorment|सो|で眠っている|睡觉|ঘুমাচ্ছে
is standing/are standing|está de pie/están de pie|steht/stehen|se tient/se tiennent|खड़ा|に立っている|站着|দাঁড়িয়ে আছে
is playing/are playing|juega/juegan|spielt/spielen|joue/jouent|खेल|で遊んでいる|玩耍|খেলছে
is waiting/are waiting|espera/esperan|wartet/warten|attend/attendent|इंतज़ार कर|で待っている|等待|অপেক্ষা করছে
is eating/are eating|come/comen|frisst/fressen|mange/mangent|खा|で食べている|吃东西|খাচ্ছে""".splitlines()
]
PLACES = [
    dict(zip(("en", "es", "de", "fr", "hi", "ja", "zh", "bn"), line.split("|"), strict=True))
    for line in """\
on the beach|en la playa|am Strand|sur la plage|समुद्र तट पर|浜辺|在海滩上|সমুদ্র সৈকতে
in the garden|en el jardín|im Garten|dans le jardin|बग़ीचे में|庭|在花园里|বাগানে
under a tree|debajo de un árbol|unter einem Baum|sous un arbre|एक पेड़ के नीचे|木の下|在树下|একটি গাছের নিচে
in front of the house|delante de la casa|vor dem Haus|devant la maison|घर के सामने|家の前|在房子前面|বাড়ির সামনে
near the river|cerca del río|in der Nähe des Flusses|près de la rivière|नदी के पास|川の近く|在河边|নদীর কাছে
on the street|en la calle|auf der Straße|dans la rue|सड़क पर|通り|在街上|রাস্তায়
next to a wooden fence|junto a una valla de madera|neben einem Holzzaun|à côté d'une clôture en bois|लकड़ी की बाड़ के पास|木の柵のそば|在木栅栏旁边|কাঠের বেড়ার পাশে""".splitlines()
]
SURFACES = [
    dict(zip(("en", "es", "de", "fr", "hi", "ja", "zh", "bn"), line.split("|"), strict=True))
    for line in """\
on the table|sobre la mesa|auf dem Tisch|sur la table|मेज़ पर|テーブルの上|桌子上|টেবিলের উপর
on the kitchen counter|en la encimera de la cocina|auf der Küchentheke|sur le plan de travail de la cuisine|रसोई के काउंटर पर|台所のカウンターの上|厨房台面上|রান্নাঘরের কাউন্টারে
under the bed|debajo de la cama|unter dem Bett|sous le lit|बिस्तर के नीचे|ベッドの下|床下|খাটের নিচে
by the window|junto a la ventana|am Fenster|près de la fenêtre|खिड़की के पास|窓のそば|窗边|জানালার পাশে
next to the door|al lado de la puerta|neben der Tür|à côté de la porte|दरवाज़े के बगल में|ドアの横|门旁边|দরজার পাশে
on the shelf|en el estante|auf dem Regal|sur l'étagère|शेल्फ़ पर|棚の上|架子上|তাকের উপর""".splitlines()
]
PEOPLE = [
    dict(zip(("en", "es", "de", "fr", "hi", "ja", "zh", "bn"), line.split("|"), strict=True))
    for line in """\
a woman|una mujer|eine Frau|une femme|एक महिला|女性|一位{}女士|একজন মহিলা
a man|un hombre|ein Mann|un homme|एक आदमी|男性|一位{}男士|একজন লোক
a girl|una niña|ein Mädchen|une fille|एक लड़की|女の子|一个{}女孩|একটি মেয়ে
a boy|un niño|ein Junge|un garçon|एक लड़का|男の子|一个{}男孩|একটি ছেলে""".splitlines()
]
# "in a red coat": de after "in", hi before पहने, ja before を着た, zh after 穿着, bn before পরা; {} is the colour.
CLOTHES = [
    dict(zip(("en", "es", "de", "fr", "hi", "ja", "zh", "bn"), line.split("|"), strict=True))
    for line in """\
coat|un abrigo m|einem {}en Mantel|un manteau m|कोट m|コート|大衣|কোট
jacket|una chaqueta f|einer {}en Jacke|une veste f|जैकेट f|ジャケット|夹克|জ্যাকেট
shirt|una camisa f|einem {}en Hemd|une chemise f|कमीज़ f|シャツ|衬衫|জামা""".splitlines()
]
ACTS = [
    dict(zip(("en", "es", "de", "fr", "hi", "ja", "zh", "bn"), line.split("|"), strict=True))
    for line in """\
is reading a newspaper|lee un periódico|liest {} eine Zeitung|lit un journal|अख़बार पढ़|新聞を読んでいる|看报纸|খবরের কাগজ পড়ছে
is riding a bicycle|monta en bicicleta|fährt {} Fahrrad|fait du vélo|साइकिल चला|自転車に乗っている|骑自行车|সাইকেল চালাচ্ছে
is talking on the phone|habla por teléfono|telefoniert {}|parle au téléphone|फ़ोन पर बात कर|電話で話している|打电话|ফোনে কথা বলছে
is taking a photograph|hace una foto|macht {} ein Foto|prend une photo|तस्वीर खींच|写真を撮っている|拍照|ছবি তুলছে""".splitlines()
]


def _animals(one: Noun, colour: str, count: int, doing: dict[str, str], place: dict[str, str]) -> Caption:
    def verb(language: str) -> str:
        return doing[language].split("/")[count > 1]

    who = {language: phrase(one, colour, count, language) for language in LANGUAGES}
    many, feminine = count > 1, one.gender["hi"] == "f"
    if doing["hi"] == "खड़ा":
        hindi = ("खड़ी" if feminine else "खड़े" if many else "खड़ा") + (" हैं" if many else " है")
    else:
        hindi = f"{doing['hi']} " + ("रही" if feminine else "रहे" if many else "रहा") + (" हैं" if many else " है")
    latin = {language: f"{who[language]} {verb(language)} {place[language]}" for language in ("en", "es", "de", "fr")}
    return {language: text[0].upper() + text[1:] + "." for language, text in latin.items()} | {
        "hi": f"{who['hi']} {place['hi']} {hindi}।",
        "ja": f"{who['ja']}が{place['ja']}{doing['ja']}。",
        "zh": f"{who['zh']}{place['zh']}{doing['zh']}。",
        "bn": f"{who['bn']} {place['bn']} {doing['bn']}।",
    }


def _things(one: Noun, colour: str, count: int, place: dict[str, str]) -> Caption:
    who, many = {language: phrase(one, colour, count, language) for language in LANGUAGES}, count > 1
    german = place["de"][0].upper() + place["de"][1:]
    return {
        "en": f"There {'are' if many else 'is'} {who['en']} {place['en']}",
        "es": f"Hay {who['es']} {place['es']}",
        "de": f"{german} {'stehen' if many else 'steht'} {who['de']}",
        "fr": f"Il y a {who['fr']} {place['fr']}",
        "hi": f"{place['hi']} {who['hi']} {'हैं' if many else 'है'}",
        "ja": f"{place['ja']}に{who['ja']}がある",
        "zh": f"{place['zh']}有{who['zh']}",
        "bn": f"{place['bn']} {who['bn']} আছে",
    }


def _people(
    one: dict[str, str], colour: str, clothes: dict[str, str], act: dict[str, str], place: dict[str, str]
) -> Caption:
    def dressed(language: str) -> str:
        what, gender = clothes[language].rsplit(" ", 1)
        return f"{what} {COLOURS[colour][language].split()[gender == 'f']}"

    garment, gender = clothes["hi"].split()
    adjective = COLOURS[colour]["hi"].split()[2 if gender == "f" else 0]
    chinese = f"穿着{COLOURS[colour]['zh'].removesuffix('的')}{clothes['zh']}的"
    woman = one["en"] in ("a woman", "a girl")
    latin = {
        "en": f"{one['en']} in a {colour} {clothes['en']} {act['en']} {place['en']}",
        "es": f"{one['es']} con {dressed('es')} {act['es']} {place['es']}",
        "de": " ".join(
            f"{one['de']} in {clothes['de'].format(COLOURS[colour]['de'])} {act['de'].format(place['de'])}".split()
        ),
        "fr": f"{one['fr']} portant {dressed('fr')} {act['fr']} {place['fr']}",
    }
    return {language: text[0].upper() + text[1:] for language, text in latin.items()} | {
        "hi": f"{adjective} {garment} पहने {one['hi']} {place['hi']} {act['hi']} {'रही' if woman else 'रहा'} है",
        "ja": f"{COLOURS[colour]['ja']}{clothes['ja']}を着た{one['ja']}が{place['ja']}で{act['ja']}",
        "zh": f"{one['zh'].format(chinese)}{place['zh']}{act['zh']}",
        "bn": f"{COLOURS[colour]['bn']} {clothes['bn']} পরা {one['bn']} {place['bn']} {act['bn']}",
    }


def _some(found: Iterator[One], number: int) -> list[One]:
    """A fixed choice of them in a fixed order, neither of which follows the order of the grammar."""
    return sorted(found, key=lambda one: hashlib.sha256(repr(one).encode()).digest())[:number]


def by_grammar() -> list[Caption]:
    """Captions of animals, things and people."""
    fur = ("black", "white", "brown")
    animals = _some(product(range(len(ANIMALS)), fur, (1, 2, 3, 4), range(len(DOING)), range(len(PLACES))), 200)
    things = _some(product(range(len(THINGS)), COLOURS, (1, 2, 3, 4), range(len(SURFACES))), 200)
    people = _some(product(range(len(PEOPLE)), COLOURS, range(len(CLOTHES)), range(len(ACTS)), range(len(PLACES))), 200)
    return [
        *(_animals(ANIMALS[a], colour, n, DOING[d], PLACES[p]) for a, colour, n, d, p in animals),
        *(_things(THINGS[a], colour, n, SURFACES[p]) for a, colour, n, p in things),
        *(_people(PEOPLE[a], colour, CLOTHES[c], ACTS[d], PLACES[p]) for a, colour, c, d, p in people),
    ]


def captions(language: str) -> tuple[list[str], list[str]]:
    """The English captions and those of another language, aligned, in a fixed order without any system."""
    found = _some(iter([*by_grammar(), *by_hand()]), 10**6)
    return [one["en"] for one in found], [one[language] for one in found]


def by_hand() -> Sequence[Caption]:
    """Captions that no grammar made: names, numbers, subordinate clauses, and some of two or three words."""
    return [dict(zip(LANGUAGES, block.strip().splitlines(), strict=True)) for block in WRITTEN.strip().split("\n\n")]
