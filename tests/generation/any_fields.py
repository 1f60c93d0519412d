"""Hypothesis strategies for valid fields of every kind, with odd text wherever a person may write text.

The same choices are made twice: once with the text a person might write, and once with plain words in its place, so that
a test can hold the two against each other.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from nodesmith.naming import name_problem, pascal
from nodesmith.spec.fields import field_name_problem

if TYPE_CHECKING:
    from collections.abc import Callable

Document = dict[str, Any]

# Words that mean something in the generated code, beside those that mean nothing.
WORDS = (
    "order item_2 x a1 total self cls date datetime decimal uuid json_value base_model field config_dict any cast lambda_1 "
    "state event request run result operation payload process node handler handle model enum resources steps workflow "
    "definition reducer mapping initialize shutdown service input_1 name value tests handlers models enums main pytest "
    "asyncio os error intent query undo step answer identity message data path status class_name literal union never "
    "annotations type_checking base string_enum str_enum note stock addresses boxes series os_path entries kinds"
).split()
BUILTINS = (
    "id",
    "type",
    "match",
    "set",
    "max",
    "hash",
    "object",
    "property",
    "super",
    "tuple",
    "print",
    "isinstance",
    "next",
)
ODD_TEXTS = (
    '"""',
    "'''",
    'ends with a quote"',
    "'",
    '"',
    "\\",
    "back\\",
    "\\\\\\",
    "\\N{BULLET} \\x41 \\u0041 \\1",
    "{{ name }} {% if x %} {# c #} {%- raw %}",
    "{% endraw %}{{ 7 * 7 }}",
    "!!python/object/apply:os.system ['true']",
    "&anchor *alias <<: !tag",
    "# noqa: F401",
    "# type: ignore\n# fmt: off",
    "%s %(x)s {0} ${HOME} $(id) `id`",
    "null",
    "~",
    "yes",
    "1e5",
    "0x1F",
    "1_000",
    ".inf",
    "2020-01-01",
    "12:30:45",
    "---",
    "...",
    "- a\n- b",
    "a: b",
    "|\n  block",
    "one\ntwo\n\n   three\n",
    "tab\there",
    "\u202eevil\u202c \u2066x\u2069",
    "\ufeffbom \u200bzero\u200d \u00ad",
    "line\u2028para\u2029next",
    "é e\u0301 \u1e9b\u0323 漢 😀 👩\u200d👩\u200d👧 \U000e0041",
    "\u00a0nbsp\u00a0",
    "x" * 600,
    ("long words " * 60).strip(),
    "| pipe | <b>html</b> [link](x) **bold** _it_ ~~s~~ 1. # h",
    "@name = value",
    "import os; os.abort()",
    '"); raise SystemExit(9)  # ',
    '\\"""\nraise SystemExit(9)\n"""',
    "\u017ftra\u00dfe \u01c5 \ufb01",
    "1",
    "class",
    "mro",
    "__init__",
    "_",
    "+-*/",
    "<<<<<<< yours\n||||||| base\n=======\n>>>>>>> new",
    "<!-- nodesmith: end -->",
    "{# owner: seeded #}",
    "![x](http://x) <http://x> <script>alert(1)</script> &lt; &#60;",
    "> quote\n\n1) list\n\n---\n\n~~~\ncode\n~~~",
    "\\\n\\",
    "${{ secrets.X }} $$x $(x)",
    "../../etc/passwd",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """One value as a person might write it, and the same value with plain words for text."""

    odd: Any
    plain: Any


def names() -> st.SearchStrategy[str]:
    return any_names().filter(lambda name: not name_problem(name))


def field_names(low: int, high: int) -> st.SearchStrategy[list[str]]:
    """Names of fields that may stand side by side; these may be called like builtins."""
    free = st.one_of(any_names(), st.sampled_from(BUILTINS)).filter(lambda name: not field_name_problem(name))
    return st.lists(free, min_size=low, max_size=high, unique_by=pascal)


def any_names() -> st.SearchStrategy[str]:
    free = st.from_regex(r"[a-z][a-z0-9]{0,6}(_[a-z0-9]{1,4}){0,2}", fullmatch=True)
    return st.one_of(st.sampled_from(WORDS), free)


def distinct_names(low: int, high: int) -> st.SearchStrategy[list[str]]:
    return st.lists(names(), min_size=low, max_size=high, unique_by=pascal)


def texts(*, least: int = 0) -> st.SearchStrategy[str]:
    anything = st.text(
        st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t"), min_size=least, max_size=40
    )
    odd = st.sampled_from(ODD_TEXTS)
    joined = st.tuples(odd, odd)
    # A description of nothing but space is none.
    return st.one_of(odd, anything, joined.map(" ".join), joined.map("\n".join)).filter(
        lambda text: bool(text.strip())
    )


@dataclass(slots=True)
class Build:
    """Draws the parts of a document; plain words are alike where the odd texts are: equal records share a class."""

    draw: Callable[[st.SearchStrategy[Any]], Any]
    words: dict[str, str] = dataclass_field(default_factory=dict)
    choices: dict[tuple[str, ...], list[str]] = dataclass_field(default_factory=dict)

    def text(self, *, stripped: bool = False) -> Pair:
        text = self.draw(texts(least=1))
        text = text.strip() if stripped else text
        return Pair(text, self.words.setdefault(text, f"Word {len(self.words)}"))

    def maybe(self, document: Pair, key: str, make: Callable[[], Pair]) -> None:
        if self.draw(st.booleans()):
            put(document, key, make())

    def pick(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def described(self, document: Pair) -> Pair:
        self.maybe(document, "description", lambda: self.text(stripped=True))
        return document

    # -- fields

    def fields(self, low: int = 0, high: int = 4, *, depth: int = 0, filled: bool = False) -> Pair:
        found = Pair({}, {})
        for name in self.draw(field_names(low, high)):
            put(found, name, self.field(depth=depth, filled=filled))
        return found

    def field(self, *, depth: int = 0, filled: bool = False) -> Pair:
        """Return one field; a `filled` one has a default or may be null."""
        kind, value = self.kind(depth)
        field = self.described(kind)
        if self.draw(st.booleans()):
            constraints, value = self.constrained(field.odd, value)
            field.odd.update(constraints.odd)
            field.plain.update(constraints.plain)
        nullable = self.pick(True, False, False, False)
        if nullable:
            self.make_nullable(field)
        wants_default = self.draw(st.booleans()) or (filled and not nullable)
        if wants_default:
            put(field, "default", value)
        if list(field.odd) == ["type"] and self.draw(st.booleans()):
            return Pair(field.odd["type"], field.plain["type"])
        return field

    def make_nullable(self, field: Pair) -> None:
        for document in (field.odd, field.plain):
            if isinstance(document.get("type"), str) and document["type"] not in ("list", "dict"):
                document["type"] += " | null"
            else:
                document["nullable"] = True

    def kind(self, depth: int) -> tuple[Pair, Pair]:  # noqa: PLR0911 - one return a kind
        """Return a type as a mapping, and a value of it."""
        deeper = ("record", "records", "record_map", "enums") if depth < 2 else ()
        match self.pick("scalar", "scalar", "scalar", "text_type", "enum", *deeper):
            case "enum":
                return self.enum()
            case "record":
                fields = self.fields(1, 3, depth=depth + 1)
                return Pair({"fields": fields.odd}, {"fields": fields.plain}), self.record_value(fields)
            case "records":
                fields = self.fields(1, 2, depth=depth + 1)
                value = self.record_value(fields)
                return self.around("list", "items", Pair({"fields": fields.odd}, {"fields": fields.plain})), (
                    Pair([value.odd], [value.plain])
                )
            case "record_map":
                kind, value = self.kind(depth + 1)
                key = self.text()
                return self.around("dict", "values", kind), Pair(
                    {key.odd: value.odd}, {key.plain: value.plain}
                )
            case "enums":
                kind, value = self.enum()
                return self.around("list", "items", kind), Pair([value.odd] * 2, [value.plain] * 2)
            case "text_type":
                return self.type_text()
            case _:
                name, value = self.scalar()
                return Pair({"type": name}, {"type": name}), value

    def around(self, kind: str, key: str, inner: Pair) -> Pair:
        return Pair({"type": kind, key: inner.odd}, {"type": kind, key: inner.plain})

    def type_text(self) -> tuple[Pair, Pair]:
        name, value = self.scalar()
        for _ in range(self.pick(1, 1, 2)):
            match self.pick("list", "dict", "gaps"):
                case "list":
                    name, value = f"list[{name}]", Pair([value.odd], [value.plain])
                case "dict":
                    key = self.text()
                    name, value = f"dict[str, {name}]", Pair({key.odd: value.odd}, {key.plain: value.plain})
                case "gaps":
                    name, value = f"list[{name} | null]", Pair([None, value.odd], [None, value.plain])
        return Pair({"type": name}, {"type": name}), value

    def enum(self) -> tuple[Pair, Pair]:
        values = self.draw(
            st.lists(texts(least=1).filter(lambda t: len(t) <= 200), min_size=1, max_size=5, unique=True)
        )
        new = [f"choice {len(self.choices)} {chr(97 + number)}" for number in range(len(values))]
        plain = self.choices.setdefault(tuple(values), new)
        number = self.draw(st.integers(0, len(values) - 1))
        return Pair({"enum": values}, {"enum": plain}), Pair(values[number], plain[number])

    def scalar(self) -> tuple[str, Pair]:
        text = self.text()
        number = self.draw(st.integers(-(10**20), 10**20))
        choices: dict[str, Pair] = {
            "str": text,
            "bytes": Pair(base64(text.odd), base64(text.plain)),
            "int": same(number),
            "float": same(self.draw(st.floats(-1e300, 1e300, allow_nan=False))),
            "bool": same(self.draw(st.booleans())),
            "decimal": same(
                self.pick(0, -1, 1.5, "0.10", "-3", "1e-7", "12345678901234567890.123456789", "1E+5")
            ),
            "uuid": same(str(self.draw(st.uuids()))),
            "datetime": same(
                self.draw(st.datetimes().map(lambda moment: moment.isoformat()))
                + self.pick("", "+00:00", "-11:30")
            ),
            "date": same(self.draw(st.dates().map(str))),
            "json": self.pick(
                same(7),
                text,
                Pair([text.odd, None], [text.plain, None]),
                Pair({text.odd: {"a": [1]}}, {text.plain: {"a": [1]}}),
            ),
        }
        name = self.pick(*choices)
        return name, choices[name]

    def pattern(self) -> Pair:
        """Return a pattern of odd text, which an empty text fits as well."""
        text = self.draw(texts(least=1).filter(lambda text: len(text) < MAX_PATTERN))
        found = Pair(
            *(
                f"^(?:{escaped(part)})?$"
                for part in (text, self.words.setdefault(text, f"Word {len(self.words)}"))
            )
        )
        return Pair({"pattern": found.odd}, {"pattern": found.plain})

    def constrained(self, kind: Document, value: Pair) -> tuple[Pair, Pair]:
        """Return constraints for a type, and a value that holds them."""
        match kind.get("type"):
            case "str" if self.pick(True, False, False):
                return self.pattern(), same("")
            case "str":
                options: list[tuple[Document, Any]] = [
                    ({"min_length": 3}, "abcd"),
                    ({"max_length": 2}, "ab"),
                    ({"min_length": 2, "max_length": 3}, "abc"),
                    ({"pattern": r"^[A-Z]{2}-\d+$"}, "AB-1"),
                    ({"pattern": '"""\\s*\'{0,2}$'}, '"""'),
                    ({"pattern": r"^(?i)[^\x00-\x1f]*\\?$"}, "x"),
                    ({"pattern": r"^\p{Lu}{3}$"}, "ABC"),
                    ({"pattern": r"^(a|b|\{\{ x \}\}){2,}$", "min_length": 3}, "aba"),
                ]
            case "bytes":
                options = [({"min_length": 1}, "YWJj"), ({"max_length": 0}, "")]
            case "int":
                options = [
                    ({"ge": 10, "multiple_of": 4}, 12),
                    ({"gt": -(10**30), "lt": 0}, -5),
                    ({"le": 3}, 3),
                ]
            case "float":
                options = [
                    ({"gt": 0, "lt": 1}, 0.5),
                    ({"ge": -0.0, "le": 1e-300}, 0),
                    ({"multiple_of": 0.25}, 1.5),
                ]
            case "decimal":
                options = [({"ge": 0, "le": "1.50"}, "1.5"), ({"gt": "-0.1", "lt": 0.1}, "0")]
            case str(name) if name.startswith(("list", "dict")):
                options = [({"min_length": 1}, value.odd), ({"max_length": 3}, value.odd)]
                constraints, _ = self.pick(*options)
                return same(constraints), value
            case _:
                return same({}), value
        constraints, number = self.pick(*options)
        return same(constraints), same(number)

    def record_value(self, fields: Pair) -> Pair:
        """Return a record that spells out what has no value by itself."""
        value = Pair({}, {})
        for name in fields.odd:
            found = Pair(fields.odd[name], fields.plain[name])
            if isinstance(found.odd, dict) and "default" in found.odd:
                continue
            if is_nullable(found.odd):
                put(value, name, same(None))
                continue
            put(value, name, self.value_of(found))
        return value

    def value_of(self, field: Pair) -> Pair:  # noqa: PLR0911 - one return a kind
        """Return a value for a field that was drawn without a default."""
        odd, plain = (part if isinstance(part, dict) else {"type": part} for part in (field.odd, field.plain))
        if "enum" in odd:
            return Pair(odd["enum"][0], plain["enum"][0])
        if "fields" in odd:
            return self.record_value(Pair(odd["fields"], plain["fields"]))
        if odd["type"].startswith("list"):
            if not odd.get("min_length"):
                return same([])
            if "items" in odd:
                item = self.value_of(Pair(odd["items"], plain["items"]))
            else:
                inner = odd["type"][len("list[") : -1]
                item = same(None) if inner.endswith("| null") else self.value_of(same(inner))
            return Pair([item.odd], [item.plain])
        if odd["type"].startswith("dict"):
            if not odd.get("min_length"):
                return same({})
            if "values" in odd:
                item = self.value_of(Pair(odd["values"], plain["values"]))
            else:
                item = self.value_of(same(odd["type"][len("dict[str, ") : -1]))
            return Pair({"key": item.odd}, {"key": item.plain})
        constraints = {key: odd[key] for key in odd if key in CONSTRAINED}
        return same(value_with(odd["type"], constraints))


CONSTRAINED = ("ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length", "pattern")
PLAIN_VALUES: Document = {
    "str": "text",
    "bytes": "text",
    "int": 1,
    "float": 0.5,
    "bool": True,
    "decimal": "1",
    "uuid": "0b54b0f6-4f0c-4b7e-9d3a-6f1a2c3d4e5f",
    "datetime": "2026-01-02T03:04:05+00:00",
    "date": "2026-01-02",
    "json": None,
}


def value_with(kind: str, constraints: Document) -> object:  # noqa: PLR0911 - one return a kind
    """Return a value for a scalar and one of the constraints that `Build.constrained` draws."""
    found = PLAIN_VALUES[kind]
    match constraints:
        case {"pattern": _}:
            return PATTERN_VALUES.get(constraints["pattern"], "")
        case {"min_length": 2}:
            return "abc"
        case {"max_length": 2}:
            return "ab"
        case {"max_length": 0}:
            return ""
        case {"ge": 10}:
            return 12
        case {"gt": low} if low == -(10**30):
            return -5
        case {"le": 1e-300}:
            return 0
        case {"multiple_of": 0.25}:
            return 1.5
        case {"gt": "-0.1"}:
            return "0"
    return found


PATTERN_VALUES = {
    r"^[A-Z]{2}-\d+$": "AB-1",
    '"""\\s*\'{0,2}$': '"""',
    r"^(?i)[^\x00-\x1f]*\\?$": "x",
    r"^\p{Lu}{3}$": "ABC",
    r"^(a|b|\{\{ x \}\}){2,}$": "aba",
}


MAX_PATTERN = 200


def escaped(text: str) -> str:
    """Return a regular expression for a text, whichever flavour reads it; letters and odd signs stay as they are."""
    return "".join(f"\\{sign}" if sign in "\\.+*?()|[]{}^$" else sign for sign in text)


def base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def same(value: object) -> Pair:
    return Pair(value, value)


def put(document: Pair, key: str, value: Pair) -> None:
    document.odd[key] = value.odd
    document.plain[key] = value.plain


def is_nullable(field: Any) -> bool:
    if isinstance(field, str):
        return field.endswith("| null")
    return bool(field.get("nullable")) or str(field.get("type", "")).endswith("| null")


def may_be_key(field: Any) -> bool:
    if isinstance(field, str):
        return field in KEYS
    return (
        "default" not in field and not is_nullable(field) and ("enum" in field or field.get("type") in KEYS)
    )


KEYS = ("str", "int", "uuid", "bool", "date", "datetime")
