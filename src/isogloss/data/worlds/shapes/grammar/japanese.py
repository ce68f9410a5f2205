"""Japanese: the landmark first, no spaces, and a counter only where things are several."""

from isogloss.data.worlds.shapes.grammar.grammar import Words
from isogloss.data.worlds.shapes.questions import Answer, Question
from isogloss.data.worlds.shapes.scene import Group

NOUNS = {"circle": "円", "square": "正方形", "triangle": "三角形", "star": "星", "heart": "ハート", "cross": "十字"}
# Before a noun: some are adjectives, the others nouns with a particle.
COLOURS = {
    "red": "赤い",
    "orange": "オレンジ色の",
    "yellow": "黄色い",
    "green": "緑の",
    "blue": "青い",
    "purple": "紫の",
    "pink": "ピンクの",
    "black": "黒い",
}
SIZES = {"small": "小さな", "medium": "", "large": "大きな"}
NUMBERS = {1: "一つ", 2: "二つ", 3: "三つ", 4: "四つ"}
PLACES = {"left_of": "左", "right_of": "右", "above": "上", "below": "下"}

WORDS = Words(
    colours={
        "red": ("赤", "赤い", "赤色"),
        "orange": ("オレンジ色", "オレンジ", "橙色", "だいだい色"),
        "yellow": ("黄色", "黄色い", "黄"),
        "green": ("緑", "緑色", "みどり"),
        "blue": ("青", "青い", "青色"),
        "purple": ("紫", "紫色"),
        "pink": ("ピンク", "ピンク色", "桃色"),
        "black": ("黒", "黒い", "黒色"),
    },
    shapes={
        "circle": ("円", "丸", "円形"),
        "square": ("正方形", "四角", "四角形"),
        "triangle": ("三角形", "三角"),
        "star": ("星", "星形"),
        "heart": ("ハート", "ハート形"),
        "cross": ("十字", "十字形", "十字架"),
    },
    sizes={"small": ("小さい", "小さな"), "large": ("大きい", "大きな")},
    counts={
        1: ("一つ", "1つ", "ひとつ"),
        2: ("二つ", "2つ", "ふたつ"),
        3: ("三つ", "3つ", "みっつ"),
        4: ("四つ", "4つ", "よっつ"),
    },
    relations={"left_of": ("左", "左側"), "right_of": ("右", "右側"), "above": ("上", "上側"), "below": ("下", "下側")},
)
LANDMARK_FIRST = True
SEPARATOR = ""


def phrase(group: Group) -> str:
    number = f"{NUMBERS[group.count]}の" if group.count > 1 else ""
    return f"{number}{SIZES[group.size]}{COLOURS[group.colour]}{NOUNS[group.shape]}"


def landmark(group: Group, relation: str) -> str:
    return f"{phrase(group)}の{PLACES[relation]}にある"


def question(question: Question) -> str:
    noun = NOUNS.get(question.shape, "図形")
    described = COLOURS.get(question.colour, "") + noun
    match question.kind:
        case "colour":
            return f"{described}は何色ですか。"
        case "shape":
            return f"{described}は何ですか。"
        case "size":
            return f"{described}は小さいですか、大きいですか。"
        case "count":
            return f"{described}はいくつありますか。"
        case "where":
            return f"{described}の{PLACES[question.direction]}には何がありますか。"
        case "exists":
            return f"{described}はありますか。"


def answer(answer: Answer) -> str:
    group = answer.group
    noun, colour = NOUNS[group.shape], COLOURS[group.colour]
    match answer.kind:
        case "colour":
            return f"{noun}は{colour.removesuffix('の')}です。"
        case "shape":
            return f"{colour}図形は{noun}です。"
        case "size":
            return f"{colour}{noun}は{WORDS.sizes[group.size][0]}です。"
        case "count":
            return f"{colour}{noun}は{NUMBERS[group.count]}あります。"
        case "where":
            return f"{phrase(group)}があります。"
        case "exists":
            if answer.found:
                return f"はい、{colour}{noun}が{NUMBERS[group.count]}あります。"
            return f"いいえ、{colour}{noun}はありません。"
