"""The grammar of expressions that start at ``t``: what may be typed, and where it is wrong.

chain  = "t" step*
step   = "[" item ("," item)* "]" | "." method            (methods only where they are allowed)
item   = whole | slice | "..." | "None" | "True" | "False" | "[" whole-or-bool, ... "]" | mask
mask   = unit (("&" | "^" | "|") unit)* | side comparison side
unit   = "(" mask ")" | "~" unit | chain
side   = number | chain (("%" | "+" | "-" | "*" | "/") number)?
"""

from __future__ import annotations

from typing import Any

from nnlab.errors import Sentence
from nnlab.lessons.tensors.chains import (
    NAME,
    Brackets,
    Chain,
    Combined,
    Inverted,
    Item,
    Method,
    Operand,
    Step,
)
from nnlab.lessons.tensors.tokens import Reader, Word

_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_ARITHMETIC = ("%", "+", "-", "*", "/")
_MOST_STEPS = 8
# Each with the least and the most arguments; None: any number of sizes, or one tuple of them.
METHODS: dict[str, tuple[int, int] | None] = {
    "view": None, "reshape": None, "permute": None, "expand": None, "repeat": None,
    "transpose": (2, 2), "squeeze": (0, 1), "unsqueeze": (1, 1), "flatten": (0, 2), "unflatten": (2, 2),
    "movedim": (2, 2), "narrow": (3, 3), "diagonal": (0, 1), "flip": None, "contiguous": (0, 0),
    "clone": (0, 0), "detach": (0, 0), "ravel": (0, 0), "t": (0, 0),
}  # fmt: skip
ATTRIBUTES = ("T", "mT")


def read_chain(text: str, methods: bool = False) -> Chain:
    """What `text` says: ``t`` with brackets behind it, and with methods where `methods`.

    Raises:
        TypedError: anything else; ``start`` and ``stop`` say where.
    """
    reader = Reader(text)
    if reader.word.kind == "end":
        reader.refuse(Sentence("Write an expression that begins with t, such as `t[0]`."))
    chain = _chain(reader, methods)
    if reader.word.kind != "end":
        _refuse_word(reader)
    return chain


def _chain(reader: Reader, methods: bool = False) -> Chain:
    start = reader.word.start
    if reader.word.kind != "name" or reader.word.text != NAME:
        _refuse_word(reader)
    reader.next()
    steps: list[Step] = []
    while reader.word.text in ("[", "."):
        if len(steps) == _MOST_STEPS:
            reader.refuse(Sentence("At most {most} steps are followed.", most=_MOST_STEPS))
        if reader.word.text == "[":
            steps.append(_brackets(reader))
        elif methods:
            steps.append(_method(reader))
        else:
            told = Sentence("Attributes and methods have no place here, only brackets.")
            reader.refuse_from(reader.word.start, told, reader.after.stop)
    if reader.word.text == "(":
        reader.refuse(Sentence("Nothing is called here."))
    return Chain(reader.text, start, tuple(steps))


def _refuse_word(reader: Reader) -> None:
    word = reader.word
    if word.kind == "name":
        if word.text in ("and", "or", "not"):
            reader.refuse(
                Sentence(
                    "Masks are joined by `&` and `|` and turned around by `~`, each part in parentheses."
                )
            )
        reader.refuse(Sentence("`{name}` is not known here; the tensor is called t.", name=word.text))
    if word.kind == "end":
        reader.refuse(Sentence("Something is missing at the end."))
    if word.text == "=":
        reader.refuse(Sentence("Nothing is assigned here; equality is asked by `==`."))
    reader.refuse(Sentence("This has no place here."))


def _brackets(reader: Reader) -> Brackets:
    start = reader.demand("[").start
    if reader.word.text == "]":
        reader.refuse(Sentence("An index should stand between the brackets."))
    items, comma = [], False
    while True:
        items.append(_item(reader))
        comma = reader.take(",") is not None
        if not comma or reader.word.text == "]":
            break
    if reader.word.text != "]":
        _refuse_in_index(reader)
    stop = reader.next().stop
    if sum(item.value is Ellipsis for item in items) > 1:
        second = [item for item in items if item.value is Ellipsis][1]
        told = Sentence("... stands for all dims that are left, so it can stand once.")
        reader.refuse_from(second.start, told, second.stop)
    return Brackets(tuple(items), start, stop, len(items) == 1 and not comma)


def _item(reader: Reader) -> Item:
    word = reader.word
    value = _item_value(reader, word)
    return Item(value, word.start, reader.behind)


def _item_value(reader: Reader, word: Word) -> Any:
    if reader.take("..."):
        return Ellipsis
    if reader.take("None"):
        return None
    if word.text in ("True", "False"):
        return reader.next().text == "True"
    if word.text == "[":
        return _list(reader)
    if word.text in ("(", "~") or (word.kind == "name" and word.text == NAME):
        return _mask(reader)
    if word.text == ":":
        return _slice(reader, None)
    if word.kind == "number" or word.text in ("-", "+"):
        number = reader.number()
        if reader.word.text in _COMPARISONS:
            return _comparison(reader, number)
        if isinstance(number, float):
            reader.refuse_from(word.start, Sentence("An index is a whole number."))
        return _slice(reader, number) if reader.word.text == ":" else number
    return _refuse_in_index(reader)


def _refuse_in_index(reader: Reader) -> None:
    word = reader.word
    if word.text in ("+", "-", "*", "/", "%", "**", "//", "<<", ">>"):
        reader.refuse(Sentence("An index is written out, without arithmetic."))
    if word.kind in ("number",) or word.text in ("[", "..."):
        reader.refuse(Sentence("A comma is missing before this."))
    if word.text == ",":
        reader.refuse(Sentence("An index is missing before this comma."))
    _refuse_word(reader)


def _slice(reader: Reader, first: int | None) -> slice:
    parts: list[int | None] = [first, None, None]
    for at in (1, 2):
        if reader.take(":") is None:
            break
        if reader.word.kind == "number" or reader.word.text in ("-", "+"):
            parts[at] = reader.whole()
    return slice(*parts)


def _list(reader: Reader) -> list[int] | list[bool]:
    start = reader.demand("[").start
    found: list[Any] = []
    while reader.take("]") is None:
        if reader.word.text == "[":
            reader.refuse(Sentence("A list inside an index is flat, as in `[0, 2]`."))
        if reader.word.text in ("True", "False"):
            found.append(reader.next().text == "True")
        elif reader.word.kind == "name":
            _refuse_word(reader)
        else:
            found.append(reader.whole())
        if isinstance(found[-1], bool) != isinstance(found[0], bool):
            reader.refuse_from(start, Sentence("A list holds either whole numbers or True and False."))
        if reader.take(",") is None and reader.word.text != "]":
            _refuse_in_index(reader)
    return found


def _mask(reader: Reader) -> Operand:
    """Comparisons in parentheses, joined; & binds before ^, and that before |. One alone needs none."""
    first = _either(reader, ("|", "^", "&"))
    sign = reader.word.text
    if sign in _COMPARISONS or sign in _ARITHMETIC:
        if not isinstance(first, Chain):
            _refuse_unbracketed(reader)
        return _comparison(reader, _arithmetic(reader, first))
    return first


def _either(reader: Reader, signs: tuple[str, ...]) -> Operand:
    if not signs:
        return _unit(reader)
    found = _either(reader, signs[1:])
    while reader.take(signs[0]) is not None:
        found = Combined(signs[0], found, _either(reader, signs[1:]))
        if reader.word.text in _COMPARISONS:
            _refuse_unbracketed(reader)
    return found


def _unit(reader: Reader) -> Operand:
    if reader.take("~") is not None:
        return Inverted(_unit(reader))
    if reader.take("(") is not None:
        number = reader.number() if reader.word.kind == "number" or reader.word.text == "-" else None
        inner = _mask(reader) if number is None else _comparison(reader, number)
        if reader.word.text == ",":
            reader.refuse(
                Sentence("Parentheses stand around comparisons only; indices stand in the brackets.")
            )
        reader.demand(")")
        return inner
    if reader.word.kind == "number":
        _refuse_unbracketed(reader)
    return _chain(reader)


def _comparison(reader: Reader, left: Operand) -> Combined:
    sign = reader.take(*_COMPARISONS)
    if sign is None:
        if reader.word.text == "=":
            _refuse_word(reader)
        reader.refuse(Sentence("A comparison should stand here: `<` `<=` `>` `>=` `==` or `!=`."))
    found = Combined(sign.text, left, _side(reader))
    if reader.word.text in _COMPARISONS:
        reader.refuse(Sentence("Python cannot chain comparisons of tensors: write `(t > 0) & (t < 1)`."))
    if reader.word.text in ("&", "|", "^"):
        _refuse_unbracketed(reader)
    return found


def _side(reader: Reader) -> Operand:
    if reader.word.kind == "number" or reader.word.text in ("-", "+"):
        return reader.number()
    return _arithmetic(reader, _chain(reader))


def _arithmetic(reader: Reader, chain: Operand) -> Operand:
    sign = reader.take(*_ARITHMETIC)
    return chain if sign is None else Combined(sign.text, chain, reader.number())


def _refuse_unbracketed(reader: Reader) -> None:
    reader.refuse(Sentence("`&` and `|` bind before comparisons: put each comparison in parentheses."))


def _method(reader: Reader) -> Method:
    start = reader.demand(".").start
    word = reader.word
    if word.kind != "name" or (word.text not in METHODS and word.text not in ATTRIBUTES):
        reader.refuse(Sentence("`{name}` is not among the methods of this page: `{known}`.",
                               name=word.text, known=", ".join((*ATTRIBUTES, *METHODS))))  # fmt: skip
    reader.next()
    if word.text in ATTRIBUTES:
        return Method(word.text, None, start, word.stop)
    if reader.word.text != "(":
        reader.refuse_from(word.start, Sentence("A method is called: write `{name}(...)`.", name=word.text))
    reader.next()
    arguments: list[Any] = []
    while reader.word.text != ")":
        arguments.append(_argument(reader))
        if reader.take(",") is None:
            break
    stop = reader.demand(")").stop
    limits = METHODS[word.text]
    if limits is not None and not limits[0] <= len(arguments) <= limits[1]:
        told = Sentence(
            "{name} takes {least} to {most} arguments here, not {count}.",
            name=word.text, least=limits[0], most=limits[1], count=len(arguments),
        )  # fmt: skip
        reader.refuse_from(word.start, told)
    return Method(word.text, tuple(arguments), start, stop)


def _argument(reader: Reader) -> Any:
    if reader.word.kind == "name":
        reader.refuse(Sentence("Arguments are whole numbers here."))
    opened = reader.take("(", "[")
    if opened is None:
        return reader.whole()
    sizes = [reader.whole()]
    while reader.take(",") is not None and reader.word.kind != "sign":
        sizes.append(reader.whole())
    reader.demand(")" if opened.text == "(" else "]")
    return tuple(sizes)
