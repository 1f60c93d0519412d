"""The environment that a team's own templates are rendered in: they see values and text, and reach nothing else.

Jinja's sandbox keeps a template from unsafe attributes. This one also lets it call nothing but its own macros and the
methods of plain data, and ends what would not end by itself or fill the memory.
"""

from __future__ import annotations

import re
from functools import wraps
from itertools import islice
from types import BuiltinMethodType, MappingProxyType, MethodType
from typing import TYPE_CHECKING, Any

from jinja2 import Template, TemplateRuntimeError, Undefined, nodes
from jinja2.compiler import CodeGenerator
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Joiner
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from nodesmith.generation.filters import FILTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from jinja2.compiler import Frame
    from jinja2.runtime import Context

MAX_STEPS = 2_000_000
MAX_SIZE = 4_000_000  # characters of a text, items of a list
MAX_WIDTH = 1_000
MAX_BITS = 10_000

_PLAIN = (str, bytes, int, float, list, tuple, dict, frozenset, MappingProxyType)
_SIZED = (str, bytes, list, tuple, dict, frozenset, set, range)
_OF_TEMPLATES = (Macro, LoopContext, BlockReference, Cycler, Joiner)
# These would make the same template give another text the next time.
_RANDOM_FILTERS = ("random",)
_RANDOM_GLOBALS = ("lipsum",)
# What makes a text or a list as long as an argument says.
_WIDENING = frozenset(
    "batch slice center indent wordwrap tojson ljust rjust zfill expandtabs".split()  # filters and methods
)
_WIDE_FORMAT = re.compile(r"%[^a-zA-Z%]*(?:\*|\d{4})")


class TemplateLimitError(TemplateRuntimeError):
    """A template goes on for too long, or makes too much."""


class SandboxedTemplates(ImmutableSandboxedEnvironment):
    """A sandboxed environment whose templates cost no more than `MAX_STEPS` each, and make no text beyond `MAX_SIZE`."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, **options: Any) -> None:
        super().__init__(finalize=_printable, **options)
        self.steps = 0
        self.filters.update(FILTERS)
        for name in _RANDOM_GLOBALS:
            self.globals.pop(name)
        for name in _RANDOM_FILTERS:
            self.filters.pop(name)
        self._callable_globals = tuple(self.globals.values())
        self.filters.update({name: self._guarded(name, each) for name, each in self.filters.items()})

    def charge(self, steps: int) -> bool:
        """Count what a template does; raises TemplateLimitError where it does too much."""
        self.steps += steps
        if self.steps > MAX_STEPS:
            raise TemplateLimitError(f"it takes more than {MAX_STEPS} steps; a loop may not end")
        return True

    def concat(self, pieces: Iterable[str]) -> str:
        """Put texts together, up to a size."""
        found, size = [], 0
        for piece in pieces:
            size += len(piece)
            if size > MAX_SIZE:
                raise TemplateLimitError(f"it makes a text of more than {MAX_SIZE} characters")
            found.append(piece)
        return "".join(found)

    def joined(self, *values: object) -> str:
        """Do what `~` does."""
        return self.concat(str(_printable(value)) for value in values)

    def is_safe_callable(self, obj: Any) -> bool:
        """Say whether a template may call `obj`: a macro, a global of jinja's, or a method of plain data."""
        if isinstance(obj, Undefined | Macro | LoopContext | BlockReference | Joiner):
            return True
        if isinstance(obj, BuiltinMethodType):
            return isinstance(obj.__self__, _PLAIN)
        if isinstance(obj, MethodType):
            own = obj in (self.charge, self.joined)
            return own or isinstance(obj.__self__, (*_OF_TEMPLATES, Markup))
        return any(obj is one for one in self._callable_globals)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Refuse `str.format`, whose fields reach into objects and whose widths have no end."""
        if super().wrap_str_format(value) is not None:
            raise SecurityError("str.format() is not there in templates; put texts together with ~")
        return None

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call what may be called, and count it."""
        self.charge(1)
        name, owner = getattr(obj, "__name__", ""), getattr(obj, "__self__", None)
        if isinstance(owner, str):
            self._check(name, owner, args, kwargs)
        return self._checked(super().call(context, obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Calculate, as long as what comes of it is of a sane size."""
        self.charge(1)
        if operator == "%" and isinstance(left, str):
            _check_format(left)
        if operator == "*":
            for one, other in ((left, right), (right, left)):
                if isinstance(one, _SIZED) and isinstance(other, int):
                    _check_size(len(one) * other)
        bits = _bits(left) * abs(right) if operator == "**" and isinstance(right, int) else 0
        if bits > MAX_BITS or _bits(left) + _bits(right) > MAX_BITS:
            raise TemplateLimitError("it calculates with too large a number")
        return self._checked(super().call_binop(context, operator, left, right))

    def _guarded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a filter that is counted, and refuses what would come out too large."""
        first = int(
            hasattr(function, "jinja_pass_arg")
        )  # then the environment or the like comes before the value

        @wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            before, value, rest = args[:first], args[first], args[first + 1 :]
            if name == "join" and not isinstance(value, (*_SIZED, Undefined)):
                value = list(islice(value, MAX_SIZE + 1))
            self._check(name, value, rest, kwargs)
            return self._checked(function(*before, value, *rest, **kwargs))

        return guarded

    def _check(self, name: str, value: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        """Look at what a filter or method is given before it makes something of it."""
        self.charge(1 + _cost(value))
        given = (*args, *kwargs.values())
        if name in _WIDENING and any(_width(one) > MAX_WIDTH for one in given):
            raise TemplateLimitError(f"{name} is asked for more than {MAX_WIDTH}")
        if name == "format":
            _check_format(str(value))
        if name == "replace" and [type(one) for one in given[:2]] == [str, str]:
            _check_size(len(value) + str(value).count(given[0]) * len(given[1]))
        if name == "join":
            # The filter is given the parts and, it may be, what stands between; the method the other way round.
            parts, between = (
                (given[0], value) if isinstance(value, str) and given else (value, "".join(map(str, given)))
            )
            if isinstance(parts, _SIZED):
                _check_size(sum(len(str(part)) + len(between) for part in parts))

    def _checked(self, value: Any) -> Any:
        self.charge(_cost(value))
        if isinstance(value, _SIZED):
            _check_size(len(value))
        return value


class _Charged(NodeTransformer):
    """Puts a count at the beginning of every body that may be run again, of as many steps as the body has nodes."""

    def charge_body(self, node: Any) -> Any:
        self.generic_visit(node)
        cost = sum(1 for _ in node.find_all(nodes.Node))
        node.body.insert(0, nodes.ExprStmt(_call("charge", nodes.Const(cost)), lineno=node.lineno))
        return node

    visit_Template = visit_Block = visit_Macro = visit_CallBlock = charge_body  # noqa: N815 - jinja's names

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 - jinja's name
        self.charge_body(node)
        if node.test is not None:
            node.test = nodes.And(_call("charge", nodes.Const(1)), node.test, lineno=node.lineno)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802 - jinja's name
        self.generic_visit(node)
        return _call("joined", *node.nodes, lineno=node.lineno)


class _CountingGenerator(CodeGenerator):
    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802
        charged = _Charged().visit(node)
        for each in charged.find_all(nodes.Node):
            each.environment = self.environment
        super().visit_Template(charged, frame)


class _CountedTemplate(Template):
    def render(self, *args: Any, **kwargs: Any) -> str:
        """Render from a fresh count on."""
        self.environment.steps = 0  # type: ignore[attr-defined]
        return super().render(*args, **kwargs)


SandboxedTemplates.code_generator_class = _CountingGenerator
SandboxedTemplates.template_class = _CountedTemplate


def _call(name: str, *args: nodes.Expr, lineno: int = 1) -> nodes.Call:
    return nodes.Call(nodes.EnvironmentAttribute(name), list(args), [], None, None, lineno=lineno)


def _printable(value: object) -> object:
    """Return what is printed; anything but a text or a number would come out as Python happens to show it."""
    if isinstance(value, str | int | float | Undefined):
        return value
    raise TemplateRuntimeError(
        f"it prints {'None' if value is None else f'a {type(value).__name__}'}, which is no text: "
        "name one of its parts, or use a filter such as python_repr"
    )


def _check_size(size: int) -> None:
    if size > MAX_SIZE:
        raise TemplateLimitError(f"it makes something of more than {MAX_SIZE} characters or items")


def _check_format(text: str) -> None:
    if _WIDE_FORMAT.search(text):
        raise TemplateLimitError(f"it formats to a width of {MAX_WIDTH} or more, or one that is an argument")


def _cost(value: object) -> int:
    """Return the steps that going through a value once counts for: texts are fast."""
    size = len(value) if isinstance(value, _SIZED) else 0
    return size // 100 if isinstance(value, str) else size


def _width(value: object) -> int:
    return len(value) if isinstance(value, str) else value if isinstance(value, int) else 0


def _bits(value: object) -> int:
    return value.bit_length() if isinstance(value, int) else 0
