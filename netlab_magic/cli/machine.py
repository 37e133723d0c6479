"""The subcommands about machines: doctor and completion for this one, collect and anonymise for another one."""

import sys
from argparse import Namespace

from netlab_magic.cli.answer import Answer
from netlab_magic.cli.exit_status import Status
from netlab_magic.i18n import language, message

__all__ = ["anonymise", "collect", "completion", "doctor"]

_FEW = 3


def collect(options: Namespace) -> Answer:
    """The script alone where it goes into a pipe or a file; on a terminal, the text that is pasted into another one."""
    from netlab_magic.engines.collect import as_pasted, script

    return Answer((as_pasted() if options.paste or sys.stdout.isatty() else script()).rstrip("\n"))


def anonymise(options: Namespace) -> Answer:
    """A dump with pseudonyms, or with the originals again; what pseudonyms cannot express is said."""
    from netlab_magic.cli.reading import text_of
    from netlab_magic.engines.anonymise.dump import anonymised, restored
    from netlab_magic.engines.anonymise.key import Key

    key = Key.read(options.key, must_exist=options.reverse)
    text = text_of(options.file)
    if options.reverse:
        return Answer(restored(text, key).rstrip("\n"))
    found = anonymised(text, key)
    key.write(options.key)
    say = language(options.lang)
    warning = message("Ranges of addresses do not keep their order, so rules with them may answer otherwise: {}")
    return Answer(found.text.rstrip("\n"), remarks=[say(warning, ", ".join(found.ranges[:_FEW]))] if found.ranges else [])


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
