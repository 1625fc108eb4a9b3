"""Names that may be trusted: of files inside an archive, and of datasets.

No name of an archive's member is ever used as a path on this machine; it is refused all the same, so that
what is exported again harms nobody.
"""

from __future__ import annotations

import re
import unicodedata

from nnlab.errors import DataError

MAX_NAME = 40  # characters of a dataset's name
_MAX_PATH = 500
_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{device}{digit}" for device in ("com", "lpt") for digit in "0123456789¹²³"
}
_LITTER = {"thumbs.db", "desktop.ini", "icon\r"}
_DRIVE = re.compile(r"[A-Za-z]:")


def member_path(name: str) -> tuple[str, ...]:
    """The parts of a member's path, in Unicode's composed form (NFC).

    Raises:
        DataError: it is absolute, leads outside, or is no file name on some system.
    """
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name):
        raise DataError("This name has characters in it that no file name has.")
    if "\\" in name or name.startswith("/") or _DRIVE.match(name):
        raise DataError("This is not a relative path with / between its folders.")
    parts = tuple(part for part in unicodedata.normalize("NFC", name).split("/") if part not in ("", "."))
    if ".." in parts:
        raise DataError("This path leads outside the archive.")
    if not parts or len(name) > _MAX_PATH:
        raise DataError("This name is empty or longer than {most} characters.", most=_MAX_PATH)
    for part in parts:
        if is_device(part):
            raise DataError("Windows keeps the name {name} for a device.", name=part)
    return parts


def is_litter(name: str) -> bool:
    """Whether a member is what systems leave in archives unasked: hidden files, previews."""
    parts = [part for part in name.split("/") if part not in ("", ".", "..")]
    return any(part.startswith(".") or part == "__MACOSX" or part.lower() in _LITTER for part in parts)


def is_device(part: str) -> bool:
    """Whether Windows would open a device by that name, whatever its suffix."""
    return part.split(".", 1)[0].rstrip(" ").lower() in _DEVICES


def printable(name: str) -> str:
    """A name that can be shown, whatever is in it."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in name)[:200]


def folded(path: str) -> str:
    """The same for names that some system takes for the same file."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def dataset_name(text: str) -> str:
    """The name under which a dataset may be saved: `text` in Unicode's composed form (NFC).

    Letters and digits of any script, spaces, ``-`` and ``_``, at most `MAX_NAME` of them.

    Raises:
        DataError: it is something else.
    """
    name = unicodedata.normalize("NFC", text) if isinstance(text, str) else ""
    if not name.strip():
        raise DataError("The dataset needs a name.")
    if len(name) > MAX_NAME:
        raise DataError(
            "The name is {length} characters long; at most {most}.", length=len(name), most=MAX_NAME
        )
    wrong = next((sign for sign in name if not _may_stand(sign)), None)
    if wrong is not None:
        raise DataError(
            "{sign} cannot be part of a name; letters, digits, spaces, - and _ can.", sign=ascii(wrong)
        )
    if name != name.strip() or unicodedata.category(name[0]).startswith("M"):
        raise DataError("A name begins and ends with a letter, a digit, - or _.")
    if is_device(name):
        raise DataError("Windows keeps the name {name} for a device.", name=name)
    return name


def _may_stand(sign: str) -> bool:
    category = unicodedata.category(sign)
    # Marks: vowels of many scripts are written as marks on a letter.
    return sign in " -_" or category[0] == "L" or category in ("Nd", "Mn", "Mc")
