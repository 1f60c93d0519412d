"""Names in every form they take: Python identifiers, classes, folders, topics; and which names are allowed.

Topic names follow `onex.<cmd|evt|dlq|intent>.<producer>.<event>.v<n>`, in kebab-case.
"""

from __future__ import annotations

import builtins
import keyword
import re

DEFAULT_DOMAIN = "general"
INTROSPECTION_TOPIC = "onex.evt.platform.node-introspection.v1"
HEARTBEAT_TOPIC = "onex.evt.platform.node-heartbeat.v1"
REQUEST_INTROSPECTION_TOPIC = "onex.cmd.platform.request-introspection.v1"

MAX_NAME_LENGTH = 64

KEYWORDS = frozenset(keyword.kwlist)
SOFT_KEYWORDS = frozenset(keyword.softkwlist)
BUILTINS = frozenset(dir(builtins))

_SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def words(text: str) -> list[str]:
    """Return the lower-case words of a name in any form: `HTTPOrderSync`, `order-sync`, `Order sync`."""
    return [word.lower() for word in _WORD.findall(text)]


def snake(text: str) -> str:
    """Return `order_sync` for a name in any form; what is snake_case already stays as it is."""
    if _SNAKE.fullmatch(text):
        return text
    return re.sub(r"_(?=[0-9])", "", "_".join(words(text)))


def pascal(text: str) -> str:
    """Return `OrderSync` for a name in any form."""
    return "".join(word.capitalize() for word in snake(text).split("_"))


def kebab(text: str) -> str:
    """Return `order-sync` for a name in any form."""
    return snake(text).replace("_", "-")


def name_problem(name: str) -> str:
    """Return why `name` may not name a node, operation, event or step, or an empty string where it may."""
    if problem := spelling_problem(name):
        return problem
    if name in KEYWORDS or name in SOFT_KEYWORDS:
        return "is a Python keyword"
    return "is the name of a Python builtin" if name in BUILTINS else ""


def spelling_problem(name: str) -> str:
    """Return why `name` is no name at all, whatever it is for, or an empty string where it is one."""
    if not _SNAKE.fullmatch(name):
        return "is not snake_case (lower-case ASCII letters, digits and single underscores, a letter first)"
    return f"is longer than {MAX_NAME_LENGTH} characters" if len(name) > MAX_NAME_LENGTH else ""


def event_domain(domain: str) -> str:
    """Return the domain as topics and event types spell it; a node without one is in `general`."""
    return kebab(domain) if domain else DEFAULT_DOMAIN


def node_folder(*, domain: str, name: str, archetype: str) -> str:
    """Return `node_<domain>_<name>_<archetype>`, or `node_<name>_<archetype>` where there is no domain."""
    return "_".join(part for part in ("node", domain, name, archetype) if part)


def node_class(*, name: str, archetype: str) -> str:
    """Return `NodeCustomerWriterEffect`."""
    return f"Node{pascal(name)}{archetype.capitalize()}"


def command_topic(*, domain: str, name: str) -> str:
    """Return the topic a node takes its commands from."""
    return f"onex.cmd.{event_domain(domain)}.{kebab(name)}-requested.v1"


def completed_topic(*, domain: str, name: str) -> str:
    """Return the topic a node's results leave at."""
    return f"onex.evt.{event_domain(domain)}.{kebab(name)}-completed.v1"


def failed_topic(*, domain: str, name: str) -> str:
    """Return the topic a node's failures leave at."""
    return f"onex.evt.{event_domain(domain)}.{kebab(name)}-failed.v1"


def intent_topic(*, domain: str, name: str) -> str:
    """Return the topic a reducer's intents leave at."""
    return f"onex.intent.{event_domain(domain)}.{kebab(name)}-intended.v1"


def dead_letter_topic(*, domain: str, name: str) -> str:
    """Return the topic where the commands a node could not do are kept."""
    return f"onex.dlq.{event_domain(domain)}.{kebab(name)}.v1"


def workflow_topic(*, domain: str, name: str) -> str:
    """Return the topic an orchestrator tells the story of its workflows at."""
    return f"onex.evt.{event_domain(domain)}.{kebab(name)}-workflow.v1"


def event_type(*, domain: str, name: str, operation: str) -> str:
    """Return `crm.customer-writer.upsert-customer`, as a command's `event_type` spells an operation."""
    return f"{event_domain(domain)}.{kebab(name)}.{kebab(operation)}"
