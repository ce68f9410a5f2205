"""Chinese: measure words by the thing, the size close to its noun, and a place that has something."""

from isogloss.data.worlds.shapes.grammar.grammar import Words
from isogloss.data.worlds.shapes.questions import Answer, Question
from isogloss.data.worlds.shapes.scene import Group

# The noun and its measure word.
NOUNS = {
    "circle": ("圆形", "个"),
    "square": ("正方形", "个"),
    "triangle": ("三角形", "个"),
    "star": ("星星", "颗"),
    "heart": ("爱心", "颗"),
    "cross": ("十字", "个"),
}
COLOURS = {
    "red": "红色",
    "orange": "橙色",
    "yellow": "黄色",
    "green": "绿色",
    "blue": "蓝色",
    "purple": "紫色",
    "pink": "粉色",
    "black": "黑色",
}
SIZES = {"small": "小", "medium": "", "large": "大"}
NUMBERS = {1: "一", 2: "两", 3: "三", 4: "四"}
PLACES = {"left_of": "左边", "right_of": "右边", "above": "上方", "below": "下方"}

WORDS = Words(
    colours={
        **{colour: (name, name[0]) for colour, name in COLOURS.items()},
        "orange": ("橙色", "橙", "橘色", "橘黄色"),
        "pink": ("粉色", "粉红色", "粉红", "粉"),
    },
    shapes={
        "circle": ("圆形", "圆", "圆圈"),
        "square": ("正方形", "方形", "方块"),
        "triangle": ("三角形", "三角"),
        "star": ("星星", "五角星", "星形", "星"),
        "heart": ("爱心", "心形", "心"),
        "cross": ("十字", "十字形", "十字架"),
    },
    sizes={"small": ("小",), "large": ("大",)},
    counts={number: (f"{name}个", f"{name}颗", name, f"{number}个", f"{number}颗") for number, name in NUMBERS.items()},
    relations={
        "left_of": ("左边", "左侧", "左面", "左方"),
        "right_of": ("右边", "右侧", "右面", "右方"),
        "above": ("上方", "上面", "上边"),
        "below": ("下方", "下面", "下边"),
    },
)
LANDMARK_FIRST = True
SEPARATOR = ""


def phrase(group: Group) -> str:
    noun, measure = NOUNS[group.shape]
    return f"{NUMBERS[group.count]}{measure}{COLOURS[group.colour]}的{SIZES[group.size]}{noun}"


def landmark(group: Group, relation: str) -> str:
    return f"{phrase(group)}{PLACES[relation]}有"


def question(question: Question) -> str:
    noun, measure = NOUNS.get(question.shape, ("", ""))
    colour = COLOURS.get(question.colour, "")
    match question.kind:
        case "colour":
            return f"{noun}是什么颜色的？"
        case "shape":
            return f"{'哪些' if question.plural else '哪个'}图形是{colour}的？"
        case "size":
            return f"{colour}的{noun}是小的还是大的？"
        case "count":
            return f"有几{measure}{colour}的{noun}？"
        case "where":
            return f"{colour}的{noun}{PLACES[question.direction]}有什么？"
        case "exists":
            return f"有{colour}的{noun}吗？"


def answer(answer: Answer) -> str:
    group = answer.group
    noun, _ = NOUNS[group.shape]
    colour = COLOURS[group.colour]
    match answer.kind:
        case "colour" | "shape":
            return f"{noun}是{colour}的。"
        case "size":
            return f"{colour}的{noun}是{SIZES[group.size]}的。"
        case "count":
            return f"有{phrase(Group(group.colour, group.shape, count=group.count))}。"
        case "where":
            return f"有{phrase(group)}。"
        case "exists":
            if answer.found:
                return f"有，有{phrase(Group(group.colour, group.shape, count=group.count))}。"
            return f"没有，没有{colour}的{noun}。"
