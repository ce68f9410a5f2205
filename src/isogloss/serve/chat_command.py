"""The command `isogloss chat`."""

import sys
from io import TextIOWrapper
from pathlib import Path

import tyro

from isogloss.saved import check_model


def chat(
    model: tyro.conf.Positional[str],
    images: tyro.conf.Positional[tuple[str, ...]] = (),
    prompt: str | None = None,
    reply_in: str | None = None,
    beams: int = 1,
    temperature: float = 0.0,
    top_p: float = 1.0,
    repetition_penalty: float = 1.0,
    max_tokens: int = 256,
    seed: int | None = None,
    quantise: str | None = None,
    device: str = "auto",
    dtype: str = "auto",
    text_safety: str | None = None,
    text_limits: str = "",
    picture_safety: str | None = None,
    picture_limits: str = "",
) -> None:
    """Talk about pictures with a chat model, in any language.

    Without --prompt each line that is typed or piped in gets a reply: /image PATH shows a further picture, /reset begins
    anew, /quit ends.

    Args:
        model: a run's folder, a folder with a saved model, or a name on the Hub.
        images: the pictures that are shown first.
        prompt: what is asked, once.
        reply_in: the tag of a language that replies are asked for in, such as ja.
        beams: beginnings of a reply that are followed at a time; with several a reply appears when it is whole.
        temperature: 0 for the likeliest word each time, 1 for words by chance as the model weighs them.
        top_p: by chance among the likeliest words only, that together have this share.
        repetition_penalty: above 1, words that were there before become less likely.
        max_tokens: of a reply.
        seed: of chance; the same conversation then gets the same reply.
        quantise: 8bit or 4bit, for a language model that takes less memory on a GPU.
        device: that computes: auto, cpu, cuda or one GPU of several, as cuda:1.
        dtype: that it computes in: float32, bfloat16, or auto for bfloat16 on a GPU that computes in it.
        text_safety: a text classifier that checks what is asked and replied: a folder or a name on the Hub.
        text_limits: the scores from which on it refuses, as in toxic=0.5.
        picture_safety: a picture classifier that checks what is shown.
        picture_limits: the scores from which on it refuses, as in nsfw=0.5.
    """
    from isogloss.serve.pictures import open_picture
    from isogloss.serve.prompts import check_prompt

    # What can be told at once is told before the large libraries are imported, which takes seconds.
    if prompt is not None:
        check_prompt(prompt)
    pictures = [open_picture(image) for image in images]
    folder = Path(model)
    if folder.is_dir() and not (folder / "model" / "config.json").is_file():
        check_model(folder, "runs/demo-chat/seed-0/stated")
    if reply_in is not None:
        from isogloss.data.templates.instructions import reply_in as answer_in

        answer_in(reply_in)
    from isogloss.serve.chat import Chat
    from isogloss.serve.generation import Generation
    from isogloss.serve.safety_options import chosen_safety
    from isogloss.serve.terminal_chat import converse, say

    generation = Generation(beams, temperature, top_p, repetition_penalty, max_tokens, seed)
    safety = chosen_safety(text_safety, text_limits, picture_safety, picture_limits, device)
    opened = Chat.load(model, device=device, dtype=dtype, quantise=quantise, generation=generation, safety=safety)
    for stream, errors in ((sys.stdout, "backslashreplace"), (sys.stdin, "replace")):
        if isinstance(stream, TextIOWrapper):  # a letter that a terminal cannot show is no reason to stop
            stream.reconfigure(errors=errors)
    if prompt is not None:
        say(opened, prompt, pictures, reply_in)
    elif not converse(opened, pictures, reply_in):
        raise SystemExit(2)
