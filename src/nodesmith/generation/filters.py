"""How text and values of a spec get into a file: as data, never as code.

A template may print a name that has passed the spec's name check as it is; everything else goes through one of these.
"""

from __future__ import annotations

import re

from nodesmith.contract.values import python_repr

_MARKDOWN = re.compile(r"[\\`*\[\]<>|&~]|(?<![^\W_])_|_(?![^\W_])")
_QUOTES = re.compile(r'"{2,}')
# A formatter strips space at either end of a docstring, and a quote there would join the string's own.
_HIDDEN = {" ": "\\x20", '"': '\\"'}
_MARKDOWN_START = re.compile(r"^(?:([#+=>-])|(\d{1,9})([.)]))")


def docstring(text: str) -> str:
    r"""Return what stands between three double quotes so that the string's value is `text`.

    Line breaks become `\n`, so that no formatter's idea of indentation changes the value. What `__doc__` says is, from
    Python 3.13 on, that value without common indentation and tabs: the compiler takes them out.
    """
    if not text:
        return ""
    inside = _QUOTES.sub(lambda quotes: quotes[0].replace('"', '\\"'), _text(text[1:-1]))
    first, last = (_HIDDEN.get(character, _text(character)) for character in (text[0], text[-1]))
    return first + inside + last if len(text) > 1 else first


def one_line(text: str) -> str:
    """Return `text` on one line without what cannot be seen, as a package's summary has to be."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


def markdown(text: str) -> str:
    """Return `text` as one line of Markdown that shows it as it is, in a table as well."""
    line = _MARKDOWN.sub(r"\\\g<0>", one_line(text))
    return _MARKDOWN_START.sub(r"\2\\\1\3", line)


FILTERS = {
    "python_repr": python_repr,
    "docstring": docstring,
    "markdown": markdown,
}


def _text(text: str) -> str:
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(_escaped(character) for character in text)


def _escaped(character: str) -> str:
    if character == "\\":
        return "\\\\"
    return character if character.isprintable() else repr(character)[1:-1]
