"""Rulesets as their tables of lines, to compare what a kernel has with what was expected."""

from netlab_magic.iptables.ruleset import Ruleset


def tables(text: str) -> dict[str, list[str]]:
    """The lines of a dump, by table: iptables-save prints the tables in another order on each variant."""
    found: dict[str, list[str]] = {}
    for table in text.split("*")[1:]:
        lines = table.splitlines()
        found[lines[0]] = lines[1 : lines.index("COMMIT")]
    return found


def rules_of(ruleset: Ruleset) -> dict[str, list[str]]:
    """The tables that have rules: an empty one stays in the kernel once it was used."""
    return {name: lines for name, lines in tables(str(ruleset)).items() if any(line.startswith("-A") for line in lines)}
