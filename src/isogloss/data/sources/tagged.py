"""What a command line names together with its language or split: es=leyenda, ja=stair.json, test=FILE."""

import re

from isogloss.languages import language

# What leads to a file may hold the sign, too, as in /data/lang=en/captions.json.
_TAG = re.compile(r"[\w-]+")


def tag_and_name(word: str) -> tuple[str, str]:
    """What stands before the sign, or nothing, and the name.

    >>> tag_and_name("es=leyenda"), tag_and_name("/data/lang=en/captions.json")
    (('es', 'leyenda'), ('', '/data/lang=en/captions.json'))
    """
    tag, found, name = word.partition("=")
    return (tag, name) if found and _TAG.fullmatch(tag) else ("", word)


def in_language(word: str, usual: str) -> tuple[str, str]:
    """The name and its language.

    usual: the language where the word has none.

    Raises:
        UserError: the language is not known.
    """
    tag, name = tag_and_name(word)
    return name, language(tag or usual).tag
