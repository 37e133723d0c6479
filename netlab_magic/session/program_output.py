"""What programs in a lab print when a statement asks them."""

from netlab_magic.engines.engine import Engine
from netlab_magic.errors import CommandFailed

__all__ = ["output_of"]


def output_of(engine: Engine, command: str) -> str:
    """What a command in the lab prints. Raises CommandFailed with its error output."""
    printed: dict[str, list[str]] = {"stdout": [], "stderr": []}
    ran = engine.run(command, lambda stream, text: printed[stream].append(text))
    if ran.status:
        why = "".join(printed["stderr"]).strip() or f"exit status {ran.status}"
        raise CommandFailed(f"{command}: {why}", status=ran.status)
    return "".join(printed["stdout"])
