"""What happens to a packet that a rule matches, in one sentence for each target."""

from netlab_magic.explain.matches import meaningful, said
from netlab_magic.explain.position import Site
from netlab_magic.explain.values import joined, worded
from netlab_magic.explain.verdicts import enters, returns
from netlab_magic.i18n import Language, message
from netlab_magic.iptables.extensions import Extension, target
from netlab_magic.iptables.extensions.types import WIDEST, XMARK
from netlab_magic.iptables.ruleset import Option, Rule, Target

__all__ = ["done", "happens", "rejects"]

_ACCEPTED = {
    "filter": message("The packet is accepted: no later rule of the filter table sees it at this hook."),
    "nat": message("The connection keeps its addresses: no later rule of the nat table sees it at this hook."),
}


def happens(site: Site, rule: Rule, family: str, say: Language) -> str:
    """The sentence that says what happens to packets that the rule at `site`, in its canonical form, matches."""
    found = rule.target
    if found is None:
        return say("The rule decides nothing: the packet is counted and goes on to {}.", site.onward(say))
    if site.leads_to is not None:
        return enters(site.standing(say), found.name, say, goto=found.goto, is_empty=not site.leads_to.rules)
    if found.name == "ACCEPT":
        other = message("The packet passes: no later rule of the {} table sees it at this hook, but other tables do.")
        return say(_ACCEPTED.get(site.table.name, other), site.table.name)
    if found.name == "RETURN":
        return returns(site.standing(say), say)
    if found.name == "REJECT":
        return rejects(found, say)
    extension = target(found.name)
    if extension is None:
        return say("The packet is passed on as the rule says: “{}”.", str(found))
    what = done(extension, found, family, say)
    return say(extension.then or message("The packet {what} and goes on to {onward}."), what=what, onward=site.onward(say))


def rejects(found: Target, say: Language) -> str:
    """What REJECT does."""
    chosen = found.option("--reject-with")
    if chosen is None:
        return say("The packet is rejected: it is dropped, and its sender gets an error.")
    answer = " ".join(chosen.values)
    if answer in ("tcp-reset", "tcp-rst"):
        return say("The packet is rejected: it is dropped, and its sender gets a TCP reset, as from a closed port.")
    kind, _, reason = answer.partition("-")
    protocol = "ICMPv6" if kind == "icmp6" else "ICMP"
    if kind not in ("icmp", "icmp6"):
        return say("The packet is rejected: it is dropped, and its sender gets the error “{}”.", answer)
    return say(
        "The packet is rejected: it is dropped, and its sender gets an {protocol} error ({reason}).", protocol=protocol, reason=reason
    )


def done(extension: Extension, found: Target, family: str, say: Language) -> str:
    """What a target does to the packet: its options' clauses, with remarks after the last of them."""
    clauses: list[str] = []
    asides: list[str] = []
    for option in meaningful(found.options):
        row = extension.parameter(option.name)
        if row is None or not row.says:
            asides.append(str(option))
        elif row.says.startswith("("):
            asides.append(said(row, option, worded(row, option, family, say), say)[1:-1])
        else:
            clauses.append(_marked(found.name, option, say) or said(row, option, worded(row, option, family, say), say))
    if not clauses:
        clauses = [say(extension.says) if extension.says else say("is handed to the target {}", found.name)]
    if asides:
        clauses[-1] = say("{clause} ({asides})", clause=clauses[-1], asides=say.several(message("{}; {}"), message("{}; {}"), asides))
    return joined(clauses, say)


def _marked(name: str, option: Option, say: Language) -> str:
    """`--set-xmark VALUE/MASK` in words: the kernel clears the bits of the mask, then flips those of the value (xt_mark)."""
    if option.name != "--set-xmark":
        return ""
    try:
        value, mask = XMARK.read(option.values[0], "")
    except ValueError:
        return ""
    value_word, mask_word = f"0x{value:x}", f"0x{mask:x}"
    whose = say("its connection's mark") if name == "CONNMARK" else say("its mark")
    if mask == WIDEST:
        return say("has {whose} set to {value}", whose=whose, value=value_word)
    if value == mask:
        return say("has the bits {value} of {whose} set", whose=whose, value=value_word)
    if not value:
        return say("has the bits {value} of {whose} cleared", whose=whose, value=mask_word)
    if not mask:
        return say("has the bits {value} of {whose} flipped", whose=whose, value=value_word)
    if not value & ~mask:
        return say("has the bits {mask} of {whose} set to {value}", whose=whose, mask=mask_word, value=value_word)
    return say(
        "has the bits {mask} of {whose} cleared and then the bits {value} flipped", whose=whose, mask=mask_word, value=value_word
    )
