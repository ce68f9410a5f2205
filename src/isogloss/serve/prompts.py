"""What somebody asks a chat model."""

from isogloss.data.conversations import IMAGE
from isogloss.errors import UserError


def check_prompt(prompt: str) -> None:
    """Refuse a prompt that says nothing.

    Raises:
        UserError: it is empty but for pictures' places.
    """
    if not prompt.replace(IMAGE, "").strip():
        raise UserError("The prompt is empty; ask something, in any language.")
