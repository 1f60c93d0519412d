"""The type a field most likely has, by its name."""

from __future__ import annotations

from functools import cache

from nodesmith.spec.sentence.words import singular

_BY_LAST_WORD = {
    "int": "int integer count quantity number age year years month months day days hour hours minute minutes second seconds size port "
    "pages points rank attempts stars level",
    "decimal": "amount price cost total fee tax vat balance revenue salary income premium discount principal interest "
    "payment sum budget subtotal quote wage bonus deposit withdrawal turnover fare rent debt credit margin "
    "profit loss instalment installment netto brutto gross net commission tip",
    "float": "temperature weight height width index humidity pressure speed distance latitude longitude lat lon lng "
    "probability ratio average mean bmi median deviation variance celsius fahrenheit kelvin radius angle length depth volume "
    "area score factor similarity entropy duration percentage percent confidence value rate threshold "
    "kilometers miles meters metres kilograms pounds density mass voltage current power energy",
    "date": "date birthday deadline",
    "datetime": "timestamp time datetime moment",
    "bool": "flag enabled active valid created updated deleted available success",
    "list[str]": "tags lines names words emails tokens ids keywords texts strings urls",
    "list[float]": "numbers values weights prices amounts scores readings measurements samples coordinates ratings",
    "list[json]": "items rows orders products customers records events entries lists transactions",
    "bytes": "image photo picture content attachment file pdf blob",
    "str": "id name email address title text code phone url uri iban bic sku isbn ean street city country zip plz message "
    "subject body description comment note language locale currency unit color colour slug word sentence string html "
    "markdown xml csv yaml sql pattern hash digest geohash uuid token password username path category label kind type status "
    "state region format timezone template query prefix suffix roman postcode initials vin "
    "hostname ip domain recipient sender author isin summary translation reason line paragraph speech pinyin checksum "
    "key channel version filename numeral char letter character latex cron expression log digits",
}  # fmt: skip
_NUMBERS_OF_THINGS = frozenset(["phone", "iban", "account", "card", "order", "invoice", "serial", "tracking", "vat", "house",
                                "customer", "room", "seat", "flight", "license", "reference", "telephone", "tax"])  # fmt: skip
_YES_OR_NO = frozenset(["is", "has", "was", "can", "should"])


@cache
def _by_last_word() -> dict[str, str]:
    return {word: kind for kind, words in _BY_LAST_WORD.items() for word in words.split()}


def known_type(name: str) -> str:
    """Return the type that a field of this name has as a rule, or an empty string where the name does not tell."""
    words = name.split("_")
    last = words[-1]
    if words[0] in _YES_OR_NO and len(words) > 1:
        return "bool"
    if last in ("at", "timestamp") and len(words) > 1:
        return "datetime"
    if last in ("number", "code", "no") and (len(words) > 1 and words[-2] in _NUMBERS_OF_THINGS):
        return "str"
    if last in ("on", "until", "from", "since") and len(words) > 1:
        return "date"
    kind = _by_last_word().get(last, "")
    one = _by_last_word().get(singular(last), "")
    return kind or (f"list[{one}]" if one and singular(last) != last else "")


def type_of(name: str) -> str:
    """Return the type that a field of this name most likely has; text, or many, where the name does not tell."""
    last = name.rpartition("_")[2]
    return known_type(name) or ("list[str]" if singular(last) != last else "str")
