"""The judging of many answers: several questions at a time, each kept as it is answered, and none asked twice."""

import hashlib
import json
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from isogloss.errors import UserError
from isogloss.evaluate.judge.client import Endpoint, Judge, NoReplyError, opened
from isogloss.evaluate.judge.outcome import outcome
from isogloss.evaluate.judge.prompts import ORDERS, Order, messages, prompt_hash, prompt_text
from isogloss.evaluate.judge.questions import Comparison
from isogloss.evaluate.judge.record import add, mend, read_verdicts
from isogloss.evaluate.judge.verdict import Verdict, read_reply
from isogloss.lock import only_one
from isogloss.saving import remove_abandoned, write_json
from isogloss.translate.patience import Patience
from isogloss.translate.progress import progress

RESULT, VERDICTS = "judgement.json", "verdicts.jsonl"
# What is the server's failure and not the judge's; after so many in a row, nothing is to be hoped for.
_SERVICE = {"timeout", "server error", "malformed", "rejected"}
_IN_A_ROW = 8


@dataclass(frozen=True)
class Request:
    """One question to the judge, about two answers in one order.

    Attributes:
        hash: of all that decides the reply, and of whom it is asked.
    """

    comparison: Comparison
    order: Order
    pictures: bool
    hash: str

    @property
    def messages(self) -> list[dict[str, Any]]:
        return messages(self.comparison, self.order, pictures=self.pictures)


def requests(comparisons: Sequence[Comparison], endpoint: Endpoint, *, pictures: bool = False) -> list[Request]:
    """Both orders of every comparison.

    Raises:
        UserError: as for `messages`.
    """
    found: list[Request] = []
    for comparison in comparisons:
        for order in ORDERS:
            question = comparison.question
            asked = messages(comparison, order, pictures=pictures)
            whole = [
                *(endpoint.place, endpoint.model, endpoint.temperature),
                *(question.id, question.language, question.category, order, asked),
            ]
            found.append(Request(comparison, order, pictures, hashlib.sha256(json.dumps(whole).encode()).hexdigest()))
    return found


def judge_answers(
    comparisons: Sequence[Comparison],
    endpoint: Endpoint,
    folder: Path,
    *,
    pictures: bool = False,
    attempts: int = 3,
    concurrency: int = 4,
    retry: bool = False,
    patience: Patience | None = None,
) -> dict[str, Any]:
    """Ask the judge what it has not been asked, then write the result: `RESULT` in the folder, beside `VERDICTS`.

    Args:
        pictures: show them to the judge.
        attempts: how often one question is asked that gets no verdict; waiting for a busy server does not count.
        concurrency: questions on their way at a time.
        retry: ask again what has got no verdict before.
        patience: with a busy server, its own `wait` apart.

    Raises:
        UserError: the judge cannot be asked, another process is at it, a file is damaged, or the disk is full. All verdicts
            until then are kept.
    """
    for name, value in (("attempts", attempts), ("concurrency", concurrency)):
        if value < 1:
            raise UserError(f"{name} is {value}; give a whole number of at least 1.")
    asked = requests(comparisons, endpoint, pictures=pictures)
    path = folder / VERDICTS
    with only_one(
        folder / ".lock", f"Another process judges into {folder}; wait for it to end, or name another folder."
    ):
        remove_abandoned(folder)
        mend(path)
        known = read_verdicts(path)
        todo = [one for one in asked if one.hash not in known or (retry and not known[one.hash].judged)]
        if todo:
            with (
                opened(endpoint, concurrency) as judge,
                progress(endpoint.model, len(todo), things="verdicts") as advance,
                closing(_verdicts(judge, todo, attempts, concurrency, patience or Patience())) as found,
            ):
                _keep(found, path, endpoint, max(_IN_A_ROW, 2 * concurrency), advance)
            known = read_verdicts(path)
        verdicts = {one.hash: known[one.hash] for one in asked}
        result = {
            "judge": {
                "url": endpoint.place,
                "model": endpoint.model,
                "temperature": endpoint.temperature,
                "attempts": attempts,
                "pictures": pictures,
                "prompt_sha256": prompt_hash(),
                "prompt": prompt_text(),
            },
            **outcome([one.comparison for one in asked[:: len(ORDERS)]], list(verdicts.values())),
        }
        write_json(folder / RESULT, result)
    return result


def _keep(
    found: Iterable[Verdict], path: Path, endpoint: Endpoint, in_a_row: int, advance: Callable[[int], None]
) -> None:
    """Write verdicts as they come; failures of the server wait until it has answered something after them.

    So a server that fails altogether ends the work, and leaves nothing behind that would count as asked.

    Raises:
        UserError: it fails in a row, or at everything.
    """
    failed: list[Verdict] = []
    answered = False
    for verdict in found:
        if verdict.reason in _SERVICE:
            failed.append(verdict)
            if len(failed) >= in_a_row:
                raise _fails(endpoint, failed)
        else:
            answered = True
            add(path, [*failed, verdict])
            failed.clear()
        advance(1)
    if failed and not answered:
        raise _fails(endpoint, failed)
    add(path, failed)


def _fails(endpoint: Endpoint, failed: Sequence[Verdict]) -> UserError:
    last = failed[-1]
    said = " ".join(last.explanation.split())[:200].rstrip(".")
    return UserError(
        f"The judge at {endpoint.place} has failed at {len(failed):,} questions in a row, at the last with a {last.reason} "
        f"({said}); what is judged is kept, so mend it and run the same command again."
        if last.reason != "rejected"
        else f"The judge at {endpoint.place} does not take these questions ({said}); mend what it names."
    )


class _StoppedError(Exception):
    """Nobody waits for the answer any more."""


def _verdicts(
    judge: Judge, todo: Sequence[Request], attempts: int, concurrency: int, patience: Patience
) -> Generator[Verdict]:
    """Verdicts in the order in which they come.

    The threads are daemons, so that Ctrl-C need not wait until the judge has answered them.
    """
    waiting, found, stopped = deque(todo), SimpleQueue[Verdict | BaseException](), threading.Event()

    def wait(seconds: float) -> None:
        if stopped.wait(seconds):
            raise _StoppedError

    own = replace(patience, wait=wait)

    def work() -> None:
        while not stopped.is_set():
            try:
                request = waiting.popleft()
            except IndexError:  # another thread had the last one
                return
            try:
                found.put(_verdict(judge, request, attempts, own))
            except BaseException as error:
                found.put(error)
                return

    for _ in range(min(concurrency, len(todo))):
        threading.Thread(target=work, daemon=True).start()
    try:
        for _ in todo:
            verdict = found.get()
            if isinstance(verdict, BaseException):
                raise verdict
            yield verdict
    finally:
        stopped.set()


def _verdict(judge: Judge, request: Request, attempts: int, patience: Patience) -> Verdict:
    """Ask until there is a verdict, or as often as is allowed."""
    asked, attempt = request.messages, 0
    question, model, fingerprint = request.comparison.question, "", ""
    ours: float | None = None
    reference: float | None = None
    why, said = "", ""
    while attempt < attempts:
        attempt += 1
        try:
            reply = patience.ask(lambda: judge.ask(asked))
            model, fingerprint = reply.model, reply.system_fingerprint
            first, second, said = read_reply(reply.text)
        except NoReplyError as error:
            why, said = error.reason, error.said
            if why == "rejected":  # as it will be again
                break
            if why in _SERVICE and attempt < attempts:
                patience.wait(min(patience.first * 2 ** (attempt - 1), patience.longest))
            continue
        ours, reference = (first, second) if request.order == "ours first" else (second, first)
        why = ""
        break
    return Verdict(
        request=request.hash,
        id=question.id,
        language=question.language,
        order=request.order,
        ours=ours,
        reference=reference,
        reason=why,
        explanation=said,
        attempts=attempt,
        model=model,
        system_fingerprint=fingerprint,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )
