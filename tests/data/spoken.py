"""Conversations about the pictures of the small dataset."""

from isogloss.data.conversations import IMAGE, Conversation, Role, Turn


def conversation(
    key: str, *said: str, images: tuple[str, ...] = (), language: str = "en", first: Role = "user"
) -> Conversation:
    """A conversation in which user and assistant speak by turns."""
    roles: tuple[Role, Role] = ("user", "assistant") if first == "user" else ("assistant", "user")
    return Conversation(key, language, images, tuple(Turn(roles[n % 2], text) for n, text in enumerate(said)))


def plain(key: str, *texts: str, language: str = "en") -> Conversation:
    return Conversation(key, language, (), tuple(Turn("text", text) for text in texts))


ANT = conversation("ant", f"{IMAGE}\nWhat is it?", "An ant.", "How many?", "One.", images=("a",))
BEE = conversation("bee", f"{IMAGE}\nWhat is it?", "A bee.", images=("b",))
BOTH = conversation("both", f"{IMAGE}{IMAGE}\nWhich is larger?", "The cat.", images=("a", "c"))
TALK = conversation("talk", "Hello!", "Good day.")
TEXT = plain("text", "Ants are small.", "Cats are large.")
ALL = (ANT, BEE, BOTH, TALK, TEXT)
