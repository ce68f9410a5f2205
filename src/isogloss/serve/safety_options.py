"""The checks that a command line asks for."""

from typing import Any

from isogloss.errors import UserError


def chosen_safety(text: str | None, text_limits: str, picture: str | None, picture_limits: str, device: str) -> Any:
    """The `isogloss.serve.safety.Safety` that was asked for.

    Args:
        text, picture: classifiers, by folder or name on the Hub; None for none.
        text_limits, picture_limits: as of `isogloss.serve.safety.read_thresholds`.

    Raises:
        UserError: there is no such classifier, label or device, or limits without a classifier.
    """
    for kind, named, limits in (("text", text, text_limits), ("picture", picture, picture_limits)):
        if limits and not named:
            raise UserError(f"--{kind}-limits are those of a classifier; name it with --{kind}-safety.")
    import torch

    from isogloss.serve.safety import Check, Safety, open_picture_classifier, open_text_classifier, read_thresholds
    from isogloss.translate.device import choose_device

    if not text and not picture:
        return Safety()
    chosen = choose_device(device, torch.cuda.device_count(), "PyTorch")
    limits = read_thresholds(text_limits), read_thresholds(picture_limits)
    return Safety(
        (Check(open_text_classifier(text, device=chosen), limits[0]),) if text else (),
        (Check(open_picture_classifier(picture, device=chosen), limits[1]),) if picture else (),
    )
