"""The subcommands about this machine: doctor, and completion in its shells."""

from argparse import Namespace

from netlab_magic.cli.answer import Answer
from netlab_magic.cli.exit_status import Status

__all__ = ["completion", "doctor"]


def doctor(_: Namespace) -> Answer:
    """What this machine allows; OK if labs on the kernel work here."""
    from netlab_magic.engines.doctor import examine
    from netlab_magic.session.session_texts import doctor_text

    findings = examine()
    works = any(finding.is_way and finding.well for finding in findings)
    told = [{"what": one.what, "well": one.well, "answer": one.answer, "remedy": one.remedy} for one in findings]
    return Answer(doctor_text(findings), {"works": works, "findings": told}, Status.OK if works else Status.NO)


def completion(options: Namespace) -> Answer:
    """The code for a shell."""
    from netlab_magic.cli.shell_completion import code_for

    return Answer(code_for(options.shell, options.lang))
