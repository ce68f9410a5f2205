"""Bengali: the landmark first, in the genitive; a number has its classifier, and its noun then no plural."""

from isogloss.data.worlds.shapes.grammar.grammar import Words
from isogloss.data.worlds.shapes.questions import Answer, Question
from isogloss.data.worlds.shapes.scene import Group

# The noun and its genitive.
NOUNS = {
    "circle": ("বৃত্ত", "বৃত্তের"),
    "square": ("বর্গক্ষেত্র", "বর্গক্ষেত্রের"),
    "triangle": ("ত্রিভুজ", "ত্রিভুজের"),
    "star": ("তারা", "তারার"),
    "heart": ("হৃদয়", "হৃদয়ের"),
    "cross": ("ক্রস", "ক্রসের"),
}
COLOURS = {
    "red": "লাল",
    "orange": "কমলা",
    "yellow": "হলুদ",
    "green": "সবুজ",
    "blue": "নীল",
    "purple": "বেগুনি",
    "pink": "গোলাপি",
    "black": "কালো",
}
SIZES = {"small": "ছোট", "large": "বড়"}
NUMBERS = {1: "একটি", 2: "দুটি", 3: "তিনটি", 4: "চারটি"}
PLACES = {"left_of": "বাঁ দিকে", "right_of": "ডান দিকে", "above": "উপরে", "below": "নিচে"}
# What the thing that is known bears at its end, one and several, and the genitive of each.
KNOWN, ALL_KNOWN = ("টি", "টির"), ("গুলি", "গুলির")


def _forms(noun: str, genitive: str) -> tuple[str, ...]:
    return (noun, genitive, *(noun + ending for ending in (*KNOWN, *ALL_KNOWN, "টা", "গুলো", "গুলোর")))


WORDS = Words(
    colours={
        **{colour: (name,) for colour, name in COLOURS.items()},
        "purple": ("বেগুনি", "বেগুনী"),
        "pink": ("গোলাপি", "গোলাপী"),
    },
    shapes={
        **{shape: _forms(*forms) for shape, forms in NOUNS.items()},
        "square": (*_forms(*NOUNS["square"]), *_forms("বর্গ", "বর্গের")),
        "heart": (*_forms(*NOUNS["heart"]), *_forms("হার্ট", "হার্টের")),
    },
    sizes={"small": ("ছোট", "ছোটো"), "large": ("বড়", "বড়ো")},
    counts={
        1: ("একটি", "একটা", "এক"),
        2: ("দুটি", "দুটো", "দুই", "দুইটি"),
        3: ("তিনটি", "তিনটে", "তিন"),
        4: ("চারটি", "চারটে", "চার"),
    },
    relations={
        "left_of": ("বাঁ", "বাম", "বাঁয়ে", "বামে", "বাঁদিকে"),
        "right_of": ("ডান", "ডানে", "ডানদিকে"),
        "above": ("উপরে", "ওপরে"),
        "below": ("নিচে", "নীচে"),
    },
)
LANDMARK_FIRST = True
SEPARATOR = " "


def phrase(group: Group) -> str:
    return f"{NUMBERS[group.count]} {_described(group, NOUNS[group.shape][0])}"


def landmark(group: Group, relation: str) -> str:
    return f"{NUMBERS[group.count]} {_described(group, NOUNS[group.shape][1])} {PLACES[relation]}"


def _described(group: Group, noun: str) -> str:
    return " ".join(filter(None, (SIZES[group.size] if group.size != "medium" else "", COLOURS[group.colour], noun)))


def question(question: Question) -> str:
    colour, noun = COLOURS.get(question.colour, ""), NOUNS.get(question.shape, ("আকৃতি",))[0]
    ending, genitive = ALL_KNOWN if question.plural else KNOWN
    match question.kind:
        case "colour":
            return f"{noun}{genitive} রং কী?"
        case "shape":
            return f"কোন {noun}{ending} {colour}?"
        case "size":
            return f"{colour} {noun}{ending} ছোট না বড়?"
        case "count":
            return f"কয়টি {colour} {noun} আছে?"
        case "where":
            return f"{colour} {noun}{genitive} {PLACES[question.direction]} কী আছে?"
        case "exists":
            return f"কোনো {colour} {noun} আছে কি?"


def answer(answer: Answer) -> str:
    group = answer.group
    colour, noun = COLOURS[group.colour], NOUNS[group.shape][0]
    ending, _ = ALL_KNOWN if group.count > 1 else KNOWN
    match answer.kind:
        case "colour" | "shape":
            return f"{noun}{ending} {colour}।"
        case "size":
            return f"{colour} {noun}{ending} {SIZES[group.size]}।"
        case "count":
            return f"{NUMBERS[group.count]} {colour} {noun} আছে।"
        case "where":
            return f"{phrase(group)}।"
        case "exists":
            if answer.found:
                return f"হ্যাঁ, {NUMBERS[group.count]} {colour} {noun} আছে।"
            return f"না, কোনো {colour} {noun} নেই।"
