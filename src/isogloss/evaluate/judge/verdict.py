"""What the judge thinks of two answers, read from its words."""

import re
from dataclasses import dataclass

from isogloss.evaluate.judge.client import NoReplyError
from isogloss.evaluate.judge.prompts import Order
from isogloss.translate.quality.refusals import SAID

LOWEST, HIGHEST = 1.0, 10.0
# What some models think aloud first.
_THOUGHT = re.compile(r"^\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
# "8 7", "8, 7.5", "**8/10 7/10**", "A: 8, B: 7": a minus sign belongs to its number.
_NUMBER = r"(-?\d+(?:\.\d+)?)(?:\s*/\s*10)?"
_LABEL = r"(?:(?:the )?(?:score (?:of )?)?(?:answer )?{letter}\**\s*[:=]\s*\**\s*)?"
_LINE = re.compile(
    rf"[^\w-]*(?:scores?\W+)?{_LABEL.format(letter='A')}{_NUMBER}[\s,;|*]+{_LABEL.format(letter='B')}{_NUMBER}\W*",
    re.IGNORECASE,
)
_REFUSAL = re.compile("|".join(f"(?:{line})" for line in SAID.split("\n") if line), re.IGNORECASE)
# A refusal comes at once; what is further on may be a remark on the answers.
_AT_ONCE = 200


@dataclass(frozen=True)
class Verdict:
    """What came of one question to the judge.

    Attributes:
        request: the hash of all that was asked, so that only the same again need not be.
        id, language: of the question.
        order: in which the answers were shown.
        ours, reference: the scores, in 1…10; None without a verdict.
        reason: why there is none; empty where there is one.
        explanation: the judge's own, or what came instead of a verdict.
        attempts: how often it was asked.
        model, system_fingerprint: of the judge, by its own account.
        date: of the reply, in UTC.
    """

    request: str
    id: str
    language: str
    order: Order
    ours: float | None
    reference: float | None
    reason: str
    explanation: str
    attempts: int
    model: str
    system_fingerprint: str
    date: str

    @property
    def judged(self) -> bool:
        return not self.reason


def read_reply(text: str) -> tuple[float, float, str]:
    """The two scores in the order in which the answers were shown, and the explanation.

    >>> read_reply("8 6.5\\nA names both dogs.")
    (8.0, 6.5, 'A names both dogs.')

    Raises:
        NoReplyError: the first line has not got two scores from 1 to 10 and nothing else.
    """
    said = _THOUGHT.sub("", text).strip()
    line, _, explanation = said.partition("\n")
    found = _LINE.fullmatch(line.strip())
    if not found:
        refused = _REFUSAL.search(said[:_AT_ONCE].replace("’", "'"))
        raise NoReplyError("refused" if refused else "nonsense", said or "nothing")
    first, second = float(found[1]), float(found[2])
    if not all(LOWEST <= score <= HIGHEST for score in (first, second)):
        raise NoReplyError("nonsense", said)
    return first, second, explanation.strip()
