"""Hindi: the landmark first, oblique before its postposition; adjectives in -ā follow number and case."""

from isogloss.data.worlds.shapes.grammar.grammar import Words
from isogloss.data.worlds.shapes.questions import Answer, Question
from isogloss.data.worlds.shapes.scene import Group

# Singular, its oblique, plural, its oblique; all are masculine.
NOUNS = {
    "circle": ("वृत्त", "वृत्त", "वृत्त", "वृत्तों"),
    "square": ("वर्ग", "वर्ग", "वर्ग", "वर्गों"),
    "triangle": ("त्रिभुज", "त्रिभुज", "त्रिभुज", "त्रिभुजों"),
    "star": ("तारा", "तारे", "तारे", "तारों"),
    "heart": ("दिल", "दिल", "दिल", "दिलों"),
    "cross": ("क्रॉस", "क्रॉस", "क्रॉस", "क्रॉसों"),
}
# Masculine singular, masculine otherwise, feminine.
COLOURS = {
    "red": ("लाल", "लाल", "लाल"),
    "orange": ("नारंगी", "नारंगी", "नारंगी"),
    "yellow": ("पीला", "पीले", "पीली"),
    "green": ("हरा", "हरे", "हरी"),
    "blue": ("नीला", "नीले", "नीली"),
    "purple": ("बैंगनी", "बैंगनी", "बैंगनी"),
    "pink": ("गुलाबी", "गुलाबी", "गुलाबी"),
    "black": ("काला", "काले", "काली"),
}
SIZES = {"small": ("छोटा", "छोटे", "छोटी"), "large": ("बड़ा", "बड़े", "बड़ी")}
NUMBERS = {1: "एक", 2: "दो", 3: "तीन", 4: "चार"}
PLACES = {"left_of": "के बाईं ओर", "right_of": "के दाईं ओर", "above": "के ऊपर", "below": "के नीचे"}

WORDS = Words(
    colours=COLOURS,
    shapes={
        **{shape: tuple(dict.fromkeys(forms)) for shape, forms in NOUNS.items()},
        "circle": ("वृत्त", "वृत्तों", "गोला", "गोले", "गोलों", "घेरा", "घेरे"),
        "star": ("तारा", "तारे", "तारों", "सितारा", "सितारे", "सितारों"),
    },
    sizes=SIZES,
    counts={number: (name,) for number, name in NUMBERS.items()},
    relations={
        "left_of": ("बाईं", "बाएँ", "बाएं", "बायीं"),
        "right_of": ("दाईं", "दाएँ", "दाएं", "दायीं"),
        "above": ("ऊपर",),
        "below": ("नीचे",),
    },
)
LANDMARK_FIRST = True
SEPARATOR = " "


def phrase(group: Group) -> str:
    plural = group.count > 1
    return f"{NUMBERS[group.count]} {_described(group, plural, NOUNS[group.shape][2 * plural])}"


def landmark(group: Group, relation: str) -> str:
    noun = NOUNS[group.shape][2 * (group.count > 1) + 1]
    return f"{NUMBERS[group.count]} {_described(group, True, noun)} {PLACES[relation]}"


def _described(group: Group, inflected: bool, noun: str) -> str:
    words = (SIZES[group.size][inflected] if group.size != "medium" else "", COLOURS[group.colour][inflected], noun)
    return " ".join(filter(None, words))


def question(question: Question) -> str:
    colour, shape, plural = question.colour, question.shape, question.plural
    be = "हैं" if plural else "है"
    match question.kind:
        case "colour":
            return f"{NOUNS[shape][2 * plural]} किस रंग {'के' if plural else 'का'} {be}?"
        case "shape":
            return f"कौन-सी {'आकृतियाँ' if plural else 'आकृति'} {COLOURS[colour][2]} {be}?"
        case "size":
            known = f"{COLOURS[colour][plural]} {NOUNS[shape][2 * plural]}"
            return f"{known} {SIZES['small'][plural]} {be} या {SIZES['large'][plural]}?"
        case "count":
            return f"कितने {COLOURS[colour][1]} {NOUNS[shape][2]} हैं?"
        case "where":
            return f"{COLOURS[colour][1]} {NOUNS[shape][2 * plural + 1]} {PLACES[question.direction]} क्या है?"
        case "exists":
            return f"क्या कोई {COLOURS[colour][0]} {NOUNS[shape][0]} है?"


def answer(answer: Answer) -> str:
    group = answer.group
    plural = group.count > 1
    be, colour, noun = "हैं" if plural else "है", COLOURS[group.colour][plural], NOUNS[group.shape][2 * plural]
    match answer.kind:
        case "colour" | "shape":
            return f"{noun} {colour} {be}।"
        case "size":
            return f"{colour} {noun} {SIZES[group.size][plural]} {be}।"
        case "count":
            return f"{NUMBERS[group.count]} {colour} {noun} {be}।"
        case "where":
            return f"{phrase(group)}।"
        case "exists":
            if answer.found:
                return f"हाँ, {NUMBERS[group.count]} {colour} {noun} {be}।"
            return f"नहीं, कोई {COLOURS[group.colour][0]} {NOUNS[group.shape][0]} नहीं है।"
