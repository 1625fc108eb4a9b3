"""Archives and pictures made to do harm, or damaged by chance: for tests that nothing comes of it."""

from __future__ import annotations

import io
import random
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator

from own_images_kit import encoded, noise, png

Members = list[tuple[str | zipfile.ZipInfo, bytes]]

_GOOD: Members = [(f"{label}/{i}.png", png(i)) for label in "ab" for i in range(2)]
ARCHIVES: dict[str, Callable[[], bytes]] = {}
PICTURES: dict[str, Callable[[], bytes]] = {}


def _zip(members: Members, method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(file, "w", method) as archive:
        for member, data in members:
            archive.writestr(member, data)
        archive.comment = comment
    return file.getvalue()


def _archive(make: Callable[[], bytes]) -> Callable[[], bytes]:
    ARCHIVES[make.__name__] = make
    return make


def _picture(make: Callable[[], bytes]) -> Callable[[], bytes]:
    PICTURES[make.__name__] = make
    return make


def _named(name: str) -> Callable[[], bytes]:
    """Good pictures and one of that name, written into the zip as it is."""

    def make() -> bytes:
        info = zipfile.ZipInfo("placeholder")
        info.filename = name  # past what zipfile mends
        return _zip([*_GOOD, (info, png(9))])

    return make


for _title, _name in {
    "absolute": "/tmp/escaped.png",
    "upwards": "../../escaped.png",
    "upwards_inside": "a/../../escaped.png",
    "backslashes": "a\\..\\..\\escaped.png",
    "drive": "C:/escaped.png",
    "drive_relative": "C:escaped.png",
    "network_share": "//server/share/escaped.png",
    "zero": "a/escaped.png\0.txt",
    "line_break": "a/esc\naped.png",
    "terminal": "a/\x1b[2Jescaped.png",
    "device": "a/CON",
    "device_with_suffix": "a/nul.png",
    "device_folder": "aux/escaped.png",
    "console": "a/conout$.png",
    "long_name": "a/" + "n" * 5000 + ".png",
    "deep": "d/" * 2000 + "escaped.png",
    "only_dots": "a/.././../b/./..",
}.items():
    ARCHIVES[f"name_{_title}"] = _named(_name)


def _of_kind(kind: int, data: bytes) -> bytes:
    info = zipfile.ZipInfo("a/link.png")
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    return _zip([*_GOOD, (info, data)])


ARCHIVES["link"] = lambda: _of_kind(stat.S_IFLNK, b"/etc/passwd")
ARCHIVES["link_to_folder"] = lambda: _of_kind(stat.S_IFLNK, b"..")
ARCHIVES["pipe"] = lambda: _of_kind(stat.S_IFIFO, b"")
ARCHIVES["disk"] = lambda: _of_kind(stat.S_IFBLK, b"")
ARCHIVES["same_name"] = lambda: _zip([*_GOOD, ("a/0.png", png(5))])
ARCHIVES["same_name_but_for_case"] = lambda: _zip([*_GOOD, ("A/0.PNG", png(5))])
ARCHIVES["same_name_composed"] = lambda: _zip([*_GOOD, ("a/\u00e9.png", png(5)), ("a/e\u0301.png", png(6))])
ARCHIVES["lzma"] = lambda: _zip(_GOOD, zipfile.ZIP_LZMA)
ARCHIVES["bzip2"] = lambda: _zip(_GOOD, zipfile.ZIP_BZIP2)
ARCHIVES["zip_in_class"] = lambda: _zip([*_GOOD, ("a/inner.zip", _zip(_GOOD))])
ARCHIVES["zip_at_top"] = lambda: _zip([*_GOOD, ("inner.zip", _zip(_GOOD))])
ARCHIVES["nothing"] = lambda: b""
ARCHIVES["text"] = lambda: b"PK is not enough" * 100
ARCHIVES["empty_zip"] = lambda: _zip([])
ARCHIVES["cut_off"] = lambda: _zip(_GOOD)[:-30]
ARCHIVES["end_alone"] = lambda: b"PK\x05\x06" + bytes(18)
ARCHIVES["noise_directory"] = lambda: bytes(100) + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 9, 9, 90, 10, 0)
ARCHIVES["zeros_member"] = lambda: _zip([*_GOOD, ("a/bomb.bmp", bytes(60 * 10**6))])


@_archive
def fake_end_in_comment() -> bytes:
    return _zip(_GOOD, comment=struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 60000, 60000, 2**31, 0, 0))


@_archive
def too_many_files() -> bytes:
    return _zip([(f"a/{i}", b"") for i in range(20_001)], zipfile.ZIP_STORED)


@_archive
def too_many_folders() -> bytes:
    return _zip([(f"a/{i}/", b"") for i in range(60_001)], zipfile.ZIP_STORED)


@_archive
def huge_directory() -> bytes:
    """Half a million members in the list, none in the archive."""
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    directory = entry * 500_000
    return directory + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, len(directory), 0, 0)


def _patched(offset: int, kind: str, value: int, member: int = 0) -> bytes:
    """Good pictures, with a field of the list of members overwritten."""
    data = bytearray(_zip(_GOOD))
    at = -1
    for _ in range(member + 1):
        at = data.index(b"PK\1\2", at + 1)
    struct.pack_into(kind, data, at + offset, value)
    return bytes(data)


ARCHIVES["locked"] = lambda: _patched(8, "<H", 0x1)
ARCHIVES["wrong_checksum"] = lambda: _patched(16, "<L", 0x12345678)
ARCHIVES["said_to_be_small"] = lambda: _patched(24, "<L", 10)
ARCHIVES["said_to_be_large"] = lambda: _patched(24, "<L", 900_000)
ARCHIVES["said_to_be_huge"] = lambda: _patched(24, "<L", 2**32 - 2)
ARCHIVES["unknown_packing"] = lambda: _patched(10, "<H", 77)
ARCHIVES["newer_version"] = lambda: _patched(6, "<H", 0xFFFF)
ARCHIVES["member_beyond_the_end"] = lambda: _patched(42, "<L", 2**31)
ARCHIVES["members_overlap"] = lambda: _patched(42, "<L", 0, member=1)
ARCHIVES["zip64_without"] = lambda: _patched(24, "<L", 2**32 - 1)


@_archive
def quine() -> bytes:
    """Sixty members that are one and the same megabyte: the way of the better zip bombs."""
    data = bytearray(_zip([("a/0.bmp", random.Random(0).randbytes(10**6))], zipfile.ZIP_STORED))
    start = data.index(b"PK\1\2")
    end = data.index(b"PK\5\6", start)
    entry = data[start:end]
    entries = b"".join(entry.replace(b"a/0.bmp", b"a/%c.bmp" % (33 + i)) for i in range(60))
    return (
        bytes(data[:start])
        + entries
        + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 60, 60, len(entries), start, 0)
    )


@_archive
def much_in_all() -> bytes:
    """Five files of 60 MB each, says the list, at a ratio that is just allowed."""
    data = bytearray(_zip([(f"a/{i}.bmp", bytes(400_000)) for i in range(5)], zipfile.ZIP_STORED))
    at = -1
    for _ in range(5):
        at = data.index(b"PK\1\2", at + 1)
        struct.pack_into("<L", data, at + 24, 60 * 10**6)
    return bytes(data)


@_archive
def pictures_that_are_none() -> bytes:
    return _zip([*_GOOD, *((f"a/x-{name}", make()) for name, make in PICTURES.items())])


def _table(text: bytes, **files: bytes) -> bytes:
    return _zip([("images/0.png", png(0)), ("images/1.png", png(1)), ("labels.csv", text)])


ARCHIVES["table_of_one_line"] = lambda: _table(b"0.png," + b"a" * 9_000_000)
ARCHIVES["table_too_large"] = lambda: _table(b"0.png,a\n" * 1_300_000)
ARCHIVES["table_of_many_rows"] = lambda: _table(b"0.png,a\n" * 100_000)
ARCHIVES["table_with_zeros"] = lambda: _table(b"0.png,a\n\0\0\0,\0\n1.png,b\n")
ARCHIVES["table_of_noise"] = lambda: _table(random.Random(1).randbytes(5000))
ARCHIVES["table_leads_outside"] = lambda: _table(b"../../etc/passwd,a\n0.png,a\n1.png,b\n")
ARCHIVES["table_open_quote"] = lambda: _table(b'0.png,a\n"1.png,b\n' + b"x,y\n" * 50_000)
ARCHIVES["labels_for_a_terminal"] = lambda: _table(b"0.png,\x1b[2J\n1.png,b\n")
ARCHIVES["labels_too_long"] = lambda: _table(b"0.png," + b"a" * 5000 + b"\n1.png,b\n")

PICTURES["empty"] = lambda: b""
PICTURES["svg"] = lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PICTURES["page"] = lambda: b"<html><body>" + b"x" * 1000
PICTURES["postscript"] = lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n"
PICTURES["tiff"] = lambda: encoded(noise("RGB", (9, 9)), "TIFF")
PICTURES["heic"] = lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
PICTURES["png_signature_alone"] = lambda: b"\x89PNG\r\n\x1a\n"
PICTURES["gif_then_zip"] = lambda: b"GIF89a" + _zip(_GOOD)
PICTURES["jpeg_huge"] = lambda: _jpeg_sized(65500, 65500)
PICTURES["gif_huge"] = lambda: b"GIF89a" + struct.pack("<2H", 65535, 65535) + b"\x80\0\0" + bytes(6) + (
    b",\0\0\0\0" + struct.pack("<2H", 65535, 65535) + b"\0\x02\x02D\x01\0;"
)  # fmt: skip
PICTURES["webp_huge"] = lambda: b"RIFF" + struct.pack("<L", 22) + b"WEBPVP8L" + struct.pack(
    "<LBL", 10, 0x2F, 0x3FFF | 0x3FFF << 14
) + bytes(5)  # fmt: skip
PICTURES["webp_canvas_huge"] = lambda: b"RIFF" + struct.pack("<L", 22) + b"WEBPVP8X" + struct.pack(
    "<LL", 10, 2
) + b"\xff\xff\xff\xff\xff\0"  # fmt: skip
PICTURES["bmp_huge"] = lambda: _bmp(40_000, 40_000)
PICTURES["bmp_negative"] = lambda: _bmp(-5, 5)
PICTURES["bmp_of_two_gigabytes"] = lambda: _bmp(2**31 - 1, 1)
PICTURES["png_of_17_megapixels"] = lambda: (
    _png_header(4250, 4000) + _chunk(b"IDAT", zlib.compress(bytes(4000 * 532)))
)
PICTURES["png_huge"] = lambda: _png_header(2**31 - 1, 2**31 - 1) + _chunk(b"IDAT", zlib.compress(bytes(99)))
PICTURES["png_no_pixels"] = lambda: (
    _png_header(0, 0) + _chunk(b"IDAT", zlib.compress(b"")) + _chunk(b"IEND", b"")
)
PICTURES["png_text_bomb"] = lambda: _png_header(8, 8) + _chunk(
    b"zTXt", b"k\0\0" + zlib.compress(bytes(100 * 10**6), 9)
) + _chunk(b"IEND", b"")  # fmt: skip
PICTURES["png_profile_bomb"] = lambda: _png_header(8, 8) + _chunk(
    b"iCCP", b"k\0\0" + zlib.compress(bytes(80 * 10**6), 9)
) + _chunk(b"IEND", b"")  # fmt: skip


def _jpeg_sized(width: int, height: int) -> bytes:
    data = bytearray(encoded(noise("RGB", (8, 8)), "JPEG"))
    struct.pack_into(">2H", data, data.index(b"\xff\xc0") + 5, height, width)
    return bytes(data)


def _bmp(width: int, height: int) -> bytes:
    data = bytearray(encoded(noise("RGB", (8, 8)), "BMP"))
    struct.pack_into("<2l", data, 18, width, height)
    return bytes(data)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))


def _png_header(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">2L5B", width, height, 1, 0, 0, 0, 0))


def mutated(count: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of pictures in five formats: bytes flipped, cut out, repeated, put in, joined."""
    numbers = random.Random(seed)
    whole = [
        (format, encoded(noise(mode, (31, 17), i), format))
        for format, modes in {
            "PNG": ("1", "L", "P", "RGB", "RGBA", "I;16"), "JPEG": ("L", "RGB", "CMYK"),
            "WEBP": ("RGB", "RGBA"), "GIF": ("L", "P"), "BMP": ("1", "L", "RGB", "RGBA"),
        }.items()
        for i, mode in enumerate(modes)
    ]  # fmt: skip
    for number in range(count):
        format, data = whole[number % len(whole)]
        way = numbers.choice(("flip", "header", "cut", "hole", "repeat", "insert", "join", "zero"))
        yield f"{number:03}-{way}.{format.lower()}", _damaged(bytearray(data), way, numbers, whole)


def _damaged(data: bytearray, way: str, numbers: random.Random, whole: list[tuple[str, bytes]]) -> bytes:
    a, b = sorted((numbers.randrange(len(data)), numbers.randrange(len(data))))
    if way in ("flip", "header"):
        for _ in range(numbers.randint(1, 30)):
            at = numbers.randrange(min(64, len(data)) if way == "header" else len(data))
            data[at] ^= 1 << numbers.randrange(8)
        return bytes(data)
    return {
        "cut": lambda: data[:b],
        "hole": lambda: data[:a] + data[b:],
        "repeat": lambda: data[:b] + data[a:],
        "insert": lambda: data[:a] + numbers.randbytes(numbers.randint(1, 2000)) + data[a:],
        "join": lambda: data[:b] + numbers.choice(whole)[1][numbers.randrange(40) :],
        "zero": lambda: data[:a] + bytes(b - a) + data[b:],
    }[way]()
