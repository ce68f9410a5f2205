"""A conversation in the terminal, or through a pipe."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing

from PIL import Image

from isogloss.errors import UserError, unknown
from isogloss.serve.chat import Chat
from isogloss.serve.pictures import open_picture

COMMANDS = {
    "/image": "show a picture with what you say next: /image PATH",
    "/reset": "begin anew, with the pictures of the command line",
    "/quit": "end, as Ctrl-D does",
    "/help": "this list",
}
_PROMPT = "> "


def say(chat: Chat, prompt: str, pictures: Sequence[Image.Image], reply_in: str | None) -> None:
    """Print the reply to what is said, as it is written.

    Raises:
        UserError: as of `Chat.stream`.
    """
    before = chat.left_out
    # Closed, so that the writing is over when something else is done, whatever ended it.
    with closing(chat.stream(prompt, images=pictures, reply_in=reply_in)) as pieces:
        for piece in pieces:
            print(piece, end="", flush=True)
    print(flush=True)
    if chat.left_out > before:
        gone = "exchange is" if chat.left_out == 1 else f"{chat.left_out} exchanges are"
        _note(
            f"The conversation is longer than the {chat.context:,} tokens that the model reads: its oldest {gone} left out."
        )


def converse(chat: Chat, pictures: Sequence[Image.Image], reply_in: str | None) -> bool:
    """Reply to each line of the standard input until it ends; Ctrl-C stops a reply and not the conversation.

    Returns:
        Whether all went well.
    """
    terminal, well = sys.stdin.isatty(), True
    waiting = list(pictures)
    if terminal:
        _note(f"Ask something in any language. {', '.join(COMMANDS)}; Ctrl-C stops a reply.")
    for line in _lines(terminal):
        word, _, rest = line.partition(" ")
        turns = len(chat.turns)
        try:
            if word == "/quit":
                break
            if word == "/reset":
                chat.reset()
                waiting = list(pictures)
            elif word == "/image":
                waiting.append(open_picture(rest.strip()))
            elif word == "/help":
                _note("\n".join(f"{name:<8}{said}" for name, said in COMMANDS.items()))
            elif word.startswith("/"):
                raise unknown("command", word, COMMANDS)
            elif line:
                # Pictures are shown once; those of a prompt that failed wait for the next one.
                say(chat, line, waiting, reply_in)
                waiting = []
        except UserError as error:
            well = False
            _note(f"isogloss: {error}")
        except KeyboardInterrupt:
            print(flush=True)
            if len(chat.turns) > turns:  # a reply of which nothing was shown was not asked for
                waiting = []
    return well


def _lines(terminal: bool) -> Iterator[str]:
    """What is typed, without the space around it."""
    if terminal:
        import readline  # noqa: F401  # pyright: ignore[reportUnusedImport]  # lines can be edited once it is imported
    while True:
        try:
            if terminal:
                line = input(_PROMPT)
            elif not (line := sys.stdin.readline()):
                return
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            if not terminal:
                raise
            print()
            continue
        yield line.strip()


def _note(text: str) -> None:
    """What is not said by the model."""
    print(text, file=sys.stderr, flush=True)
