"""Docker's rules against those of real dockerds: recordings of 20.10.24 and 28.5.2, and the dockerd of this machine where there is one.

`tests/support/real_dockerd.py` made the recordings and says how.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from support.docker_host import At, host
from support.real_dockerd import DockerdUnavailable, Step, read_recording, release_of, run_on_real_dockerd, why_missing

from netlab_magic import docker
from netlab_magic.errors import StatementError
from netlab_magic.model.topology import Interface

ROOT = Path(os.environ.get("NETLAB_DOCKERD_ROOT") or "/")
"""The folder whose dockerd is run, which is this machine's unless the variable names another one, as `./netlab test --all` does."""

RECORDINGS = sorted((Path(__file__).parents[1] / "data" / "docker" / "real").glob("*/*.txt"))


def tables(dump: str) -> dict[str, list[str]]:
    """The lines of a dump, by table, of those tables that have a rule: an empty one stays where it was once used."""
    parts = {part.split("\n")[0]: part.split("COMMIT")[0].splitlines()[1:] for part in dump.split("*")[1:]}
    return {name: lines for name, lines in parts.items() if any(line.startswith("-A") for line in lines)}


def modelled(release: str, options: str, commands: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """The rules of both families after `docker install` and after each of the commands, with the refusal's sentence if there was one."""
    at = At(host(Interface("eth0", addresses=("203.0.113.2/24", "2001:db8::2/64"))))
    for line in (f"docker install --version {release} {options}", *commands):
        said = ""
        if "/sctp" not in line:  # the kernel of the recordings had no SCTP, so that dockerd failed
            try:
                said = at.run(line).sentence
            except StatementError as error:
                said = f"refused: {error.message}"
        yield str(at.ruleset), str(at.ruleset6), said


def compare(release: str, options: str, steps: Sequence[Step]) -> None:
    """Every step has the rules of the real dockerd, in its order, and is refused (or already so, in a lab) when it was an error."""
    ours = modelled(release, options, [step.command for step in steps[1:]])
    for step, (rules, rules6, said) in zip(steps, ours, strict=True):
        assert tables(rules) == tables(step.rules), step.command
        assert tables(rules6) == tables(step.rules6), step.command
        if step.error and "/sctp" not in step.command:
            assert said.startswith(("refused: ", "already so")), step
        if said.startswith("refused: "):
            assert step.error, (step.command, said)


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_after_every_command_the_rules_are_those_of_a_real_dockerd_in_its_order(file: Path) -> None:
    title, steps = read_recording(file.read_text())
    compare(file.parent.name, title.removeprefix("# dockerd").strip(), steps)


@pytest.mark.kernel
@pytest.mark.long("the same commands on a dockerd of this machine's distribution")
@pytest.mark.skipif(bool(why_missing(ROOT)), reason=f"no dockerd is run: {why_missing(ROOT)}")
@pytest.mark.parametrize("name", ["lifecycle", "no-proxy", "ipv6", "ipv6-no-proxy"])
def test_the_dockerd_of_this_machine_does_the_same(name: str) -> None:
    """In these nothing is left to chance: see the tool for what is in others.

    Where dockerd cannot be fetched or run this is skipped even if nothing else may be: neither says anything about this project.
    """
    release = release_of(ROOT)
    try:
        docker.release(release)
    except StatementError as unknown:
        pytest.skip(unknown.message)
    title, steps = read_recording((RECORDINGS[0].parent / f"{name}.txt").read_text())
    options = title.removeprefix("# dockerd").strip()
    try:
        measured = run_on_real_dockerd([step.command for step in steps[1:]], options, ROOT)
    except DockerdUnavailable as reason:
        pytest.skip(f"dockerd does not run here: {reason}")
    compare(release, options, measured)
