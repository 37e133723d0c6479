"""What belongs to lessons: how the statements are read, and their rows."""

import re

import msgspec

from netlab_magic.language import lesson_statements as lesson
from netlab_magic.language.grammar.row import Syntax
from netlab_magic.language.statements import Statement
from netlab_magic.language.word_reader import Reader, destination, family_option, wrong

__all__ = ["LESSON", "read_requirement"]


def read_scenario(r: Reader) -> Statement:
    """scenario = "scenario" ( "list" | ( NAME | "random" ) [ "--seed" N ] )"""
    name = r.take("scenario")
    if name == "list" or not r.keyword("--seed"):
        return lesson.Scenario(name)
    seed = r.take("number")
    if not re.fullmatch(r"[0-9]{1,9}", seed):
        wrong(f"{seed} is not a number that a scenario can be made from; give one from 0 to 999999999", seed)
    return lesson.Scenario(name, int(seed))


def read_hint(_: Reader) -> Statement:
    """The word alone."""
    return lesson.Hint()


def read_requirement(r: Reader) -> lesson.Requirement:
    """requirement = SRC DST [ ":" PORT ] [ "-4" | "-6" ] ( "ok" | "blocked" ) [ "for" POINTS ]"""
    source, target = r.take("source"), destination(r, "tcp", port_needed=False)
    family = family_option(r)
    reachable = r.choice("outcome", ("ok", "blocked")) == "ok"
    points = 1.0
    if r.keyword("for"):
        word = r.take("points")
        if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,2})?", word):
            wrong(f"{word} is not a number of points, such as 2 or 0.5", word)
        points = float(word)
    return lesson.Requirement(source, msgspec.structs.replace(target, family=family), reachable, points)


def read_check(r: Reader) -> Statement:
    """check = "check" [ NAME | requirement ]"""
    if len(r.words) > 1:
        return lesson.Check(requirements=(read_requirement(r),))
    r.peek("<source>")
    return lesson.Check(r.take("checkpoint") if r.peek("<checkpoint>") else None)


def read_checkpoint(r: Reader) -> Statement:
    """checkpoint = "checkpoint" NAME"""
    return lesson.Checkpoint(r.take("checkpoint"))


LESSON = (
    Syntax(
        "scenario list|NAME|random [--seed N]",
        "a lab that is broken, for you to repair; another seed gives other names and addresses",
        read_scenario,
        ("scenario list", "scenario one-way", "scenario random --seed 7"),
    ),
    Syntax(
        "hint",
        "the next hint for the scenario",
        read_hint,
    ),
    Syntax(
        "check [CHECKPOINT] | check SRC DST[:PORT] ok|blocked [for N]",
        "is the scenario repaired, and nothing else opened or broken; or one requirement of your own, worth N points",
        read_check,
        ("check", "check gateway", "check ns1 internet ok for 2"),
    ),
    Syntax(
        "checkpoint NAME",
        "bring the lab to a state that is known to be good, if it is not there yet",
        read_checkpoint,
        ("checkpoint gateway",),
    ),
)
