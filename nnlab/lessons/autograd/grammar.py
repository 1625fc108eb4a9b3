"""The grammar of expressions of named tensors: what somebody typed becomes a tree, and nothing is executed.

    program   := statement (";" statement)*
    statement := [name "="] sum
    sum       := product (("+" | "-") product)*
    product   := sign (("*" | "/" | "@") sign)*
    sign      := ("-" | "+") sign | power
    power     := after ["**" sign]
    after     := atom ("." name ["(" arguments ")"])*
    atom      := number | name | ["torch" "."] name "(" arguments ")" | "(" sum ")"
    arguments := [name "="] sum ("," ...)*

These are Python's own rules of precedence. Not in it, on purpose: indexing, comparisons, attributes and
functions other than those of `nnlab.lessons.autograd.functions`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NoReturn

from nnlab.errors import Sentence
from nnlab.lessons.autograd.functions import FUNCTIONS, RESERVED
from nnlab.lessons.autograd.tokens import Token, tokens
from nnlab.lessons.typed import TypedError

_DEEPEST = 30  # brackets, signs and powers inside each other
_CONSTANTS = {"True": True, "False": False}


@dataclass(frozen=True)
class Number:
    value: int | float | bool
    start: int
    stop: int


@dataclass(frozen=True)
class Name:
    name: str
    start: int
    stop: int


@dataclass(frozen=True)
class Operation:
    """`sign` between two operands, or before one; it stands at ``[at : at + len(sign)]``."""

    sign: str
    operands: tuple[Expression, ...]
    at: int
    start: int
    stop: int


@dataclass(frozen=True)
class Call:
    """A function or method; of a method, the tensor it is called on is the first argument.

    Attributes:
        bare: whether it was written as ``sin(a)``, which Python would look for outside torch.
        name_start, name_stop: where its name stands.
    """

    name: str
    arguments: tuple[Expression, ...]
    options: tuple[tuple[str, Expression], ...]
    bare: bool
    name_start: int
    name_stop: int
    start: int
    stop: int


Expression = Number | Name | Operation | Call


@dataclass(frozen=True)
class Statement:
    """``target = expression``; `target` is None where it has no name."""

    target: str | None
    expression: Expression
    start: int
    stop: int


def parse(text: str) -> tuple[Statement, ...]:
    """The statements of `text`, at least one.

    Raises:
        TypedError: it is none; the fault is marked.
    """
    return _Parser(text).program()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.place = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def fail(self, sentence: Sentence, token: Token | None = None) -> NoReturn:
        token = token or self.next
        raise TypedError(
            sentence.template, text=self.text, start=token.start, stop=token.stop, **sentence.values
        )

    def take(self, *signs: str) -> Token | None:
        """The next word where it is one of `signs`."""
        if self.next.kind != "sign" or self.next.text not in signs:
            return None
        self.place += 1
        return self.tokens[self.place - 1]

    def deeper(self, token: Token) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            self.fail(
                Sentence("At most {most} brackets, signs and powers stand inside each other.", most=_DEEPEST),
                token,
            )

    def program(self) -> tuple[Statement, ...]:
        found: list[Statement] = []
        while True:
            while self.take(";"):
                pass
            if self.next.kind == "end":
                break
            found.append(self.statement())
            if self.next.kind != "end" and not self.take(";"):
                self.stray()
        if not found:
            self.fail(Sentence("Nothing is typed yet; for example 3*a**3 - b**2."))
        return tuple(found)

    def stray(self) -> NoReturn:
        """Something follows where an expression could have ended."""
        word = self.next
        if word.text == ")":
            self.fail(Sentence("There is no bracket that this one closes."))
        if word.text == "=":
            self.fail(Sentence("Only a single name can stand before “=”."))
        if word.text == "[":
            self.fail(Sentence("Indexing is not part of this page's grammar."))
        if word.kind in ("name", "number") or word.text == "(":
            self.fail(Sentence("A sign is missing before “{word}”: + - * / @ **", word=word.text))
        self.fail(Sentence("“{word}” does not belong here.", word=word.text))

    def statement(self) -> Statement:
        first, start = self.next, self.next.start
        target = None
        if first.kind == "name" and self.tokens[self.place + 1].text == "=":
            check_name(self.text, first.text, first.start)
            target = first.text
            self.place += 2
        expression = self.sum()
        return Statement(target, expression, start, self.tokens[self.place - 1].stop)

    def sum(self) -> Expression:
        return self._row(("+", "-"), self.product)

    def product(self) -> Expression:
        return self._row(("*", "/", "@"), self.sign)

    def _row(self, signs: tuple[str, ...], operand: object) -> Expression:
        assert callable(operand)
        left: Expression = operand()
        while sign := self.take(*signs):
            right: Expression = operand()
            left = Operation(sign.text, (left, right), sign.start, left.start, right.stop)
        return left

    def sign(self) -> Expression:
        sign = self.take("-", "+")
        if sign is None:
            return self.power()
        self.deeper(sign)
        inner = self.sign()
        self.depth -= 1
        return Operation(sign.text, (inner,), sign.start, sign.start, inner.stop)

    def power(self) -> Expression:
        base = self.after()
        sign = self.take("**")
        if sign is None:
            return base
        self.deeper(sign)
        exponent = self.sign()
        self.depth -= 1
        return Operation("**", (base, exponent), sign.start, base.start, exponent.stop)

    def after(self) -> Expression:
        found = self.atom()
        while self.take("."):
            name = self.next
            if name.kind != "name":
                self.fail(Sentence("The name of a method is missing after the point."))
            self.place += 1
            found = self.method(found, name)
        return found

    def method(self, owner: Expression, name: Token) -> Expression:
        function = FUNCTIONS.get(name.text)
        if name.text in ("grad", "grad_fn", "data", "requires_grad"):
            self.fail(
                Sentence("“.{name}” is what this page shows; an expression cannot use it.", name=name.text),
                name,
            )
        if function is None:
            self.fail(
                Sentence(
                    "“.{name}” is not one of the methods here: {known}.", name=name.text, known=_known()
                ),
                name,
            )
        if function.attribute:
            return Call(name.text, (owner,), (), False, name.start, name.stop, owner.start, name.stop)
        if not self.take("("):
            self.fail(Sentence("A method is called with brackets: .{name}()", name=name.text), name)
        arguments, options, stop = self.arguments()
        return Call(
            name.text, (owner, *arguments), options, False, name.start, name.stop, owner.start, stop
        )  # fmt: skip

    def atom(self) -> Expression:
        word = self.next
        self.place += word.kind != "end"
        if word.kind == "number":
            whole = word.text.isdecimal()
            return Number(int(word.text) if whole else float(word.text), word.start, word.stop)
        if word.kind == "name":
            return self.named(word)
        if word.text == "(":
            self.deeper(word)
            inner = self.sum()
            closed = self.close(word)
            self.depth -= 1
            return replace(inner, start=word.start, stop=closed.stop)
        if word.text == "[":
            self.fail(Sentence("Lists stand in the table of tensors, under a name."), word)
        if word.kind == "end" or word.text == ";":
            self.fail(Sentence("Something is missing at the end."), word)
        self.fail(
            Sentence("A tensor, a number or a bracket is missing before “{word}”.", word=word.text), word
        )

    def named(self, word: Token) -> Expression:
        if word.text in _CONSTANTS:
            return Number(_CONSTANTS[word.text], word.start, word.stop)
        name, bare = word, True
        if word.text == "torch":
            if not self.take("."):
                self.fail(Sentence("After “torch” comes a function, as torch.sin(a)."), word)
            name, bare = self.next, False
            self.place += name.kind != "end"
        if self.take("("):
            if name.text not in FUNCTIONS or FUNCTIONS[name.text].attribute:
                self.fail(
                    Sentence(
                        "“{name}” is not one of the functions here: {known}.", name=name.text, known=_known()
                    ),
                    name,
                )
            arguments, options, stop = self.arguments()
            return Call(name.text, arguments, options, bare, name.start, name.stop, word.start, stop)
        if not bare:
            self.fail(Sentence("After “torch” comes a function, as torch.sin(a)."), name)
        if name.text in FUNCTIONS and not FUNCTIONS[name.text].attribute:
            self.fail(Sentence("A function is called with brackets: {name}(a)", name=name.text), name)
        return Name(name.text, name.start, name.stop)

    def arguments(self) -> tuple[tuple[Expression, ...], tuple[tuple[str, Expression], ...], int]:
        """What stands up to the closing bracket, and where that ends."""
        opened = self.tokens[self.place - 1]
        self.deeper(opened)
        values: list[Expression] = []
        options: list[tuple[str, Expression]] = []
        while self.next.text != ")":
            if self.next.kind == "name" and self.tokens[self.place + 1].text == "=":
                option = self.next.text
                self.place += 2
                options.append((option, self.sum()))
            elif options:
                self.fail(Sentence("What has a name stands last, as in sum(a, dim=0)."))
            else:
                values.append(self.sum())
            if not self.take(","):
                break
        closed = self.close(opened)
        self.depth -= 1
        return tuple(values), tuple(options), closed.stop

    def close(self, opened: Token) -> Token:
        closed = self.take(")")
        if closed is None:
            if self.next.kind in ("end",) or self.next.text == ";":
                self.fail(Sentence("This bracket is not closed."), opened)
            self.stray()
        return closed


def check_name(text: str, name: str, start: int) -> None:
    """Raise `TypedError` unless `name`, which stands at `start` of `text`, can be that of a tensor."""
    stop = start + len(name)
    if not name.isascii() or not name.isidentifier() or name.startswith("_") or "__" in name:
        raise TypedError(
            "A name begins with a letter; letters, digits and single underscores may follow.",
            text=text, start=start, stop=stop,
        )  # fmt: skip
    if len(name) > 12:
        raise TypedError("A name has at most 12 characters here.", text=text, start=start, stop=stop)
    if name in RESERVED or (name in FUNCTIONS and not FUNCTIONS[name].attribute):
        raise TypedError("“{name}” has a meaning already.", text=text, start=start, stop=stop, name=name)


def _known() -> str:
    return ", ".join(sorted(FUNCTIONS, key=str.lower))
