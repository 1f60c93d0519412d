"""A sentence as tokens: cleaned of what cannot be read, with quotes, bullets and line ends told apart."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

from nodesmith.errors import SentenceError
from nodesmith.records import dataclass
from nodesmith.spec.sentence.words import Form, verb_at

# Beyond this nobody describes one node; reading on would only cost time.
MAX_CHARACTERS = 20_000
MAX_INPUT_CHARACTERS = 1_000_000
MAX_QUOTED_WORDS = 5

_PLAIN = {
    '"': "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033",
    "'": "\u2018\u2019\u201a\u201b\u2039\u203a\u2032\u00b4",
    "->": "\u2192\u21d2\u2794\u279c\u27a1\u27f6",
    "-": "\u2010\u2011",
    " \u2014 ": "\u2013\u2014\u2212\u2015",
    " \u2022 ": "\u2022\u2023\u25aa\u25cf\u25e6",
}
_TRANSLATED = {character: plain for plain, characters in _PLAIN.items() for character in characters}
_TRANSLATION = str.maketrans(_TRANSLATED)
_HTML = re.compile(r"</?(?:b|i|u|em|strong|p|br|div|span|code|pre|li|ul|ol|h[1-6])\s?/?>", re.IGNORECASE)
_EMPHASIS = re.compile(r"\*{1,3}(?=\S)|(?<=\S)\*{1,3}")
_BULLET = re.compile(r"(?:[-*+•]|\(?\d{1,2}[.)])(?=\s)")
_HEADING = re.compile(r"#{1,6}(?=\s)")
_QUOTED = re.compile(
    r"(?<!\w)(?:(?P<tick>`{1,3})(?P<code>[^`\n]{1,64})(?P=tick)|\"(?P<double>[^`\"\n]{1,64})\""
    r"|'(?P<single>(?:[^`\"'\n]|(?<=\w)'(?=\w)){1,64})')(?!\w)"
)
_WORD = re.compile(r"[^\W_](?:\w|[-'.](?=\w))*|_+\w+")
_MARK = re.compile(r"->|=>|--+|[^\w\s]")


class Kind(StrEnum):
    """What a token is."""

    WORD = "word"
    QUOTED = "quoted"
    MARK = "mark"
    BULLET = "bullet"
    BREAK = "break"


@dataclass(frozen=True, slots=True)
class Token:
    """One word, quoted text, mark, bullet or line end; `low` is what rules compare with."""

    text: str
    kind: Kind
    start: int
    low: str

    @property
    def is_name(self) -> bool:
        """Whether it may stand in a name: a word or something quoted."""
        return self.kind in (Kind.WORD, Kind.QUOTED)


_NOTHING = Token("", Kind.BREAK, -1, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A cleaned sentence and its tokens. `read` of `given` characters were looked at."""

    clean: str
    tokens: tuple[Token, ...]
    given: int
    read: int

    def at(self, index: int) -> Token:
        """Return the token at `index`; outside the text, an empty line end."""
        return self.tokens[index] if 0 <= index < len(self.tokens) else _NOTHING

    def low(self, index: int) -> str:
        """Return the lower-case text of the token at `index`, empty outside the text."""
        return self.at(index).low

    def lows(self, start: int, length: int) -> tuple[str, ...]:
        """Return `length` lower-case texts from `start` on."""
        return tuple(self.low(index) for index in range(start, start + length))

    def ends_clause(self, index: int) -> bool:
        """Whether the token at `index` is a mark or a line end, or lies outside the text."""
        return self.at(index).kind in (Kind.MARK, Kind.BREAK, Kind.BULLET)

    def starts_clause(self, index: int) -> bool:
        """Whether nothing but a mark, a bullet or a line end stands before the token at `index`."""
        return index <= 0 or self.ends_clause(index - 1)


def is_heading(text: Text, index: int) -> bool:
    """Whether the token at `index` opens a heading, as markdown writes one."""
    return text.at(index - 1).kind is Kind.MARK and text.low(index - 1).strip("#") == "" and index > 0


def read(sentence: str) -> Text:
    """Return the sentence as tokens; refuses more text than a description of one node can be."""
    if len(sentence) > MAX_INPUT_CHARACTERS:
        raise SentenceError(
            f"the sentence has {len(sentence)} characters, more than {MAX_INPUT_CHARACTERS}",
            fix="describe one node in a few lines",
        )
    clean = clean_text(sentence[:MAX_CHARACTERS])
    return Text(
        clean=clean,
        tokens=tuple(_tokens(clean)),
        given=len(sentence),
        read=min(len(sentence), MAX_CHARACTERS),
    )


def clean_text(text: str) -> str:
    """Return the text without control, format and pictorial characters, with plain quotes, arrows and dashes."""
    plain = unicodedata.normalize(
        "NFKC", text.replace("\r\n", "\n").replace("\r", "\n").translate(_TRANSLATION)
    )
    kept = "".join(map(_readable, plain[:MAX_CHARACTERS]))  # one character may stand for many
    return "\n".join(" ".join(_HTML.sub(" ", line).split()) for line in kept.split("\n")).strip()


def _readable(character: str) -> str:
    if character in "\n•":
        return character
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    return " " if category[0] in "CZ" or category == "So" else character


def _tokens(clean: str) -> list[Token]:
    tokens: list[Token] = []
    offset = 0
    for line in clean.split("\n"):
        _line_tokens(line, offset, tokens)
        tokens.append(Token("\n", Kind.BREAK, offset + len(line), "\n"))
        offset += len(line) + 1
    return tokens


def _line_tokens(line: str, offset: int, tokens: list[Token]) -> None:
    position = 0
    for opening in (_HEADING, _BULLET):
        if match := opening.match(line, position):
            kind = Kind.BULLET if opening is _BULLET else Kind.MARK
            tokens.append(Token(match.group(), kind, offset + position, match.group()))
            position = match.end() + 1
    while position < len(line):
        if line[position].isspace():
            position += 1
            continue
        position = _next_token(line, position, offset, tokens)


def _next_token(line: str, position: int, offset: int, tokens: list[Token]) -> int:
    if (match := _QUOTED.match(line, position)) and not _is_prose(_quoted(match)):
        inner = _quoted(match).strip()
        tokens.append(Token(inner, Kind.QUOTED, offset + position, inner.lower()))
    elif match := _EMPHASIS.match(line, position):
        pass  # markdown's stars say nothing about a name
    elif match := _WORD.match(line, position):
        tokens.extend(_word_tokens(match.group(), offset + position))
    else:
        match = _MARK.match(line, position)
        text = match.group() if match else line[position]
        tokens.append(Token(text, Kind.MARK, offset + position, text))
    return match.end() if match else position + 1


def _quoted(match: re.Match[str]) -> str:
    return match["code"] or match["double"] or match["single"] or ""


def _is_prose(quoted: str) -> bool:
    """Whether what is quoted is a piece of sentence, and no name: `"just multiplies matrices"`."""
    words = quoted.lower().split()
    if len(words) > MAX_QUOTED_WORDS or quoted.endswith(("?", "!", ".", ",")):
        return True
    found = [verb_at((word, "")) for word in words[:-1]]
    return any(verb is not None and verb[1] is Form.THIRD for verb in found) and len(words) > 1


def _word_tokens(word: str, start: int) -> list[Token]:
    stem, mark, tail = word.partition("'")
    if mark and tail.lower() in ("s", "d", "ll", "re", "ve", "m"):
        return [
            Token(stem, Kind.WORD, start, stem.lower()),
            Token(f"'{tail}", Kind.WORD, start + len(stem), f"'{tail.lower()}"),
        ]
    return [Token(word, Kind.WORD, start, word.lower())]
