"""Whether a merged text still reads as its language has it: lines of two sides that do not touch can contradict each other.

A person's file may hold more than nodesmith ever writes, such as comments anywhere and the tags of Docker Compose, so that
what the gates ask of a text of nodesmith's own is too much here. What they do not ask is whether a key stands there twice.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import yaml


def why_unreadable(path: str, text: bytes) -> str:
    """Return why a file cannot be read, in one line with its place, or nothing where it can, or nobody knows."""
    check = {"py": _check_python, "toml": _check_toml, "yaml": _check_yaml}.get(path.rpartition(".")[2])
    try:
        decoded = text.decode("utf-8-sig")
        if check:
            check(decoded)
    except UnicodeDecodeError:
        return "it is no UTF-8 text"
    except SyntaxError as error:
        return f"line {error.lineno or 1}: {error.msg}"
    except (ValueError, MemoryError, RecursionError) as error:  # the last two: nested too deep
        return " ".join(str(error).split()) or "it is nested too deep"
    return ""


def _check_python(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        # Not only parsed: a `return` that has lost its function parses.
        compile(text, "<merged>", "exec", dont_inherit=True)


def _check_toml(text: str) -> None:
    import tomllib

    tomllib.loads(text)


def _check_yaml(text: str) -> None:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        root = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ValueError(f"{line}{error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    for key in _keys_again(root):
        raise ValueError(f"line {key.start_mark.line + 1}: the key '{key.value}' is there twice")


def _keys_again(root: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """Yield each key that its mapping has already, which Docker Compose does not read."""
    import yaml

    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if not isinstance(node, yaml.CollectionNode) or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
            continue
        keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        known = {(key.tag, key.value): key for key in reversed(keys)}
        yield from (key for key in keys if known[key.tag, key.value] is not key)
        waiting += [value for _, value in node.value]
