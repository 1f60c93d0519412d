"""Changes of files under one folder that happen all together or not at all, even where the process is killed.

Knows nothing of nodes and plans: `commit` takes what is to be written and removed, with the checksum of what must be
there now. Everything is checked, then written beside its place into a folder of its own, then put down in a journal,
and only then moved in, file by file. A run that fails takes back what it has moved; what a killed run leaves, the next
one finishes or takes back (`recover`), without ever writing over what a person has changed meanwhile.
"""

from nodesmith.generation.transaction.committing import commit
from nodesmith.generation.transaction.operations import FileRemoval, FileWrite, Operation, sha256
from nodesmith.generation.transaction.recovery import Outcome, Recovery, interrupted, recover

__all__ = [
    "FileRemoval",
    "FileWrite",
    "Operation",
    "Outcome",
    "Recovery",
    "commit",
    "interrupted",
    "recover",
    "sha256",
]
