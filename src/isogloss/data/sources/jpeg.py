"""The size of a plain JPEG by its segments alone: most pictures are one, and Pillow takes ten times as long to say it."""

_START, _SCAN = b"\xff\xd8", 0xDA
# Baseline, extended and progressive frames, which hold the size.
_FRAMES = (0xC0, 0xC1, 0xC2)
# Segments that say nothing of how a picture lies: tables, restarts, comments, and the marks of JFIF and Adobe.
_SILENT = (0xC4, 0xDB, 0xDD, 0xFE, 0xE0, 0xEE)
_PROFILE, _ICC = 0xE2, b"ICC_PROFILE\0"
# Grey, colour and CMYK.
_COMPONENTS = (1, 3, 4)


def plain_size(content: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None where Pillow has to say.

    That is all that is no JPEG, is damaged before its pixels, may be turned (by EXIF or XMP), holds several pictures, or is
    of a rare kind.
    """
    if not content.startswith(_START):
        return None
    size: tuple[int, int] | None = None
    place = len(_START)
    while place + 4 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == _SCAN:
            return size
        inside = place + 4
        end = place + 2 + int.from_bytes(content[place + 2 : inside], "big")
        if end < inside or end > len(content):
            return None
        if marker in _FRAMES:
            if size or end - inside < 6 or content[inside] != 8 or content[inside + 5] not in _COMPONENTS:
                return None
            height, width = (int.from_bytes(content[at : at + 2], "big") for at in (inside + 1, inside + 3))
            if not height or not width:
                return None
            size = width, height
        elif marker not in _SILENT and not (marker == _PROFILE and content.startswith(_ICC, inside)):
            return None
        place = end
    return None
