"""What a subcommand answers, before it is printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from netlab_magic.cli.exit_status import Status
from netlab_magic.draw.base.picture import Picture

__all__ = ["Answer"]


@dataclass(frozen=True)
class Answer:
    """`text` is for people, and `fields` are the same for programs (docs/cli.md lists them).

    `pictures` are what `--picture` can draw, the most telling one first; `remarks` are warnings, for people only.
    """

    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    status: Status = Status.OK
    pictures: Sequence[Picture] = ()
    remarks: Sequence[str] = ()
