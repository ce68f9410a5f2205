"""Turkish: the landmark first, in the genitive, and its place possessed; bir after the adjectives, no plural after a number."""

from isogloss.data.worlds.shapes.grammar.grammar import Words
from isogloss.data.worlds.shapes.questions import Answer, Question
from isogloss.data.worlds.shapes.scene import Group

# The noun, its genitive, its plural and the plural's genitive: the vowels agree, and kalp softens before a vowel.
NOUNS = {
    "circle": ("daire", "dairenin", "daireler", "dairelerin"),
    "square": ("kare", "karenin", "kareler", "karelerin"),
    "triangle": ("üçgen", "üçgenin", "üçgenler", "üçgenlerin"),
    "star": ("yıldız", "yıldızın", "yıldızlar", "yıldızların"),
    "heart": ("kalp", "kalbin", "kalpler", "kalplerin"),
    "cross": ("haç", "haçın", "haçlar", "haçların"),
}
COLOURS = {
    "red": "kırmızı",
    "orange": "turuncu",
    "yellow": "sarı",
    "green": "yeşil",
    "blue": "mavi",
    "purple": "mor",
    "pink": "pembe",
    "black": "siyah",
}
SIZES = {"small": "küçük", "large": "büyük"}
NUMBERS = {1: "bir", 2: "iki", 3: "üç", 4: "dört"}
PLACES = {"left_of": "solunda", "right_of": "sağında", "above": "üstünde", "below": "altında"}

WORDS = Words(
    colours={**{colour: (name,) for colour, name in COLOURS.items()}, "black": ("siyah", "kara")},
    shapes={**NOUNS, "circle": (*NOUNS["circle"], "çember", "çemberin"), "cross": (*NOUNS["cross"], "artı", "artının")},
    sizes={size: (name,) for size, name in SIZES.items()},
    counts={number: (name,) for number, name in NUMBERS.items()},
    relations={
        "left_of": ("sol", "solunda", "solundaki"),
        "right_of": ("sağ", "sağında", "sağındaki"),
        "above": ("üst", "üstünde", "üstündeki", "üzerinde", "üzerindeki", "yukarısında"),
        "below": ("alt", "altında", "altındaki", "aşağısında"),
    },
)
LANDMARK_FIRST = True
SEPARATOR = " "


def phrase(group: Group) -> str:
    return _counted(group, NOUNS[group.shape][0])


def landmark(group: Group, relation: str) -> str:
    return f"{_counted(group, NOUNS[group.shape][1])} {PLACES[relation]}"


def _counted(group: Group, noun: str) -> str:
    number = NUMBERS[group.count]
    adjectives = " ".join(filter(None, (SIZES[group.size] if group.size != "medium" else "", COLOURS[group.colour])))
    return f"{number} {adjectives} {noun}" if group.count > 1 else f"{adjectives} {number} {noun}"


def question(question: Question) -> str:
    colour, shape, plural = COLOURS.get(question.colour, ""), question.shape, question.plural
    match question.kind:
        case "colour":
            text = f"{NOUNS[shape][2 * plural]} ne renk?"
        case "shape":
            text = f"hangi {'şekiller' if plural else 'şekil'} {colour}?"
        case "size":
            text = f"{colour} {NOUNS[shape][2 * plural]} küçük mü, büyük mü?"
        case "count":
            text = f"kaç {colour} {NOUNS[shape][0]} var?"
        case "where":
            text = f"{colour} {NOUNS[shape][2 * plural + 1]} {PLACES[question.direction]} ne var?"
        case "exists":
            text = f"{colour} {NOUNS[shape][0]} var mı?"
    return _capitalised(text)


def answer(answer: Answer) -> str:
    group = answer.group
    colour, noun = COLOURS[group.colour], NOUNS[group.shape][2 * (group.count > 1)]
    match answer.kind:
        case "colour" | "shape":
            text = f"{noun} {colour}"
        case "size":
            text = f"{colour} {noun} {SIZES[group.size]}"
        case "count":
            text = f"{NUMBERS[group.count]} {colour} {NOUNS[group.shape][0]} var"
        case "where":
            text = phrase(group)
        case "exists":
            if answer.found:
                text = f"evet, {phrase(Group(group.colour, group.shape, count=group.count))} var"
            else:
                text = f"hayır, {colour} {NOUNS[group.shape][0]} yok"
    return f"{_capitalised(text)}."


def _capitalised(text: str) -> str:
    return ("İ" if text[0] == "i" else text[0].upper()) + text[1:]
