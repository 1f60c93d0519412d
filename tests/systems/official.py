"""What others say a document has to look like: their own schemas and parsers, in the user's cache, beside the project.

Each is fetched once, through its registry's own client, at a pinned version.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

from support.cache import cached

ASYNCAPI_SPECS = "@asyncapi/specs@6.11.1"
ASYNCAPI_PARSER = "@asyncapi/parser@3.6.6"
MERMAID = ("mermaid@11.17.2", "jsdom@29.1.1")
COMPOSE_GO = "github.com/compose-spec/compose-go/v2@v2.9.0"
FETCH_SECONDS = 300

# Mermaid's parser wants a document to clean texts with; JSON comes in and goes out.
PARSE = """\
import { readFileSync } from 'node:fs';
import { JSDOM } from 'jsdom';
const dom = new JSDOM('<!DOCTYPE html><body></body>');
globalThis.window = dom.window;
globalThis.document = dom.window.document;
const { default: mermaid } = await import('mermaid');
const said = [];
for (const text of JSON.parse(readFileSync(0, 'utf8'))) {
  try { said.push((await mermaid.parse(text)).diagramType); } catch (error) { said.push('error: ' + error.message); }
}
console.log(JSON.stringify(said));
"""

# All that AsyncAPI's parser says of each document, but that there is a newer version than 3.0.
DIAGNOSE = """\
import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';
const parser = new Parser();
const said = [];
for (const text of JSON.parse(readFileSync(0, 'utf8'))) {
  const { diagnostics } = await parser.parse(text);
  said.push(diagnostics.filter(d => d.code !== 'asyncapi-latest-version').map(d => d.path.join('.') + ': ' + d.message));
}
console.log(JSON.stringify(said));
"""


class NotToBeHadError(Exception):
    """Something official cannot be had here; the text says why."""


def asyncapi_schema() -> Path:
    """Return the official JSON Schema of AsyncAPI 3.0."""
    return cached("asyncapi-specs-6.11.1", _unpack_specs) / "package" / "schemas" / "3.0.0.json"


def asyncapi_parser() -> list[str]:
    """Return a command that reads a JSON list of documents and writes one of what AsyncAPI's own parser says of each."""
    return ["node", str(cached("asyncapi-parser-3.6.6", _install_parser) / "diagnose.mjs")]


def compose_schema() -> Path:
    """Return the official JSON Schema of Compose files."""
    return cached("compose-go-2.9.0", _download_compose) / "compose-spec.json"


def mermaid_parser() -> list[str]:
    """Return a command that reads a JSON list of pictures and writes one of what Mermaid takes each for."""
    return ["node", str(cached("mermaid-11.17.2", _install_mermaid) / "parse.mjs")]


def _unpack_specs(home: Path) -> None:
    _run(["npm", "pack", "--silent", ASYNCAPI_SPECS], home)
    (archive,) = home.glob("*.tgz")
    with tarfile.open(archive) as package:
        package.extractall(home, filter="data")


def _download_compose(home: Path) -> None:
    done = _run(["go", "mod", "download", "-json", COMPOSE_GO], home)
    (line,) = [line for line in done.splitlines() if '"Dir"' in line]
    shutil.copy(Path(line.split('"')[3]) / "schema" / "compose-spec.json", home)


def _install_mermaid(home: Path) -> None:
    _install(home, *MERMAID)
    (home / "parse.mjs").write_text(PARSE, encoding="utf-8")


def _install_parser(home: Path) -> None:
    _install(home, ASYNCAPI_PARSER)
    (home / "diagnose.mjs").write_text(DIAGNOSE, encoding="utf-8")


def _install(home: Path, *packages: str) -> None:
    (home / "package.json").write_text('{"private": true, "type": "module"}', encoding="utf-8")
    _run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *packages], home)


def _run(command: list[str], folder: Path) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotToBeHadError(f"{command[0]} does not run here: {error}") from error
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise NotToBeHadError(f"{' '.join(command)}: {last}")
    return done.stdout
