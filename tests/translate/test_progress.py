"""What is said while a job runs."""

import io

from rich.console import Console

from isogloss.translate.progress import progress


def test_without_a_terminal_a_line_now_and_then() -> None:
    seconds = [0.0]
    stream = io.StringIO()
    with progress("en → es", 1000, Console(file=stream), lambda: seconds[0]) as advance:
        for _ in range(10):
            seconds[0] += 12.5
            advance(100)
    assert stream.getvalue().splitlines() == [
        "en → es: 300 of 1,000 captions, 8 captions/s, 88 s left",
        "en → es: 600 of 1,000 captions, 8 captions/s, 50 s left",
        "en → es: 900 of 1,000 captions, 8 captions/s, 12 s left",
        "en → es: 1,000 of 1,000 captions, 8 captions/s",
    ]


def test_on_a_terminal_a_bar_with_the_rate_and_the_time_that_remains() -> None:
    seconds = [0.0]
    stream = io.StringIO()
    terminal = Console(file=stream, force_terminal=True, width=120)
    with progress("en → es", 1000, terminal, lambda: seconds[0]) as advance:
        seconds[0] = 60.0
        advance(600)
    shown = stream.getvalue()
    assert "en → es" in shown and "600/1000" in shown and "10 captions/s, 40 s left" in shown


def test_nothing_done_is_nothing_said() -> None:
    stream = io.StringIO()
    with progress("en → es", 1000, Console(file=stream), lambda: 0.0) as advance:
        advance(0)
    assert stream.getvalue() == ""
