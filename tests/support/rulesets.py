"""Random rulesets for properties, and rules enough to make them of."""

from hypothesis import strategies as st

from netlab_magic.iptables.rule_parser import read_rule
from netlab_magic.iptables.ruleset import Chain, Counters, Match, Option, Rule, Ruleset, Table, Target
from netlab_magic.iptables.words import split
from netlab_magic.model.hooks import BUILT_IN

SPECS = [
    "",
    "-j ACCEPT",
    "-j DROP",
    "-i docker0 -o docker0 -j ACCEPT",
    "-i docker0 ! -o docker0 -j ACCEPT",
    "-o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-s 172.17.0.0/16 -d 10.0.0.1/32 -j RETURN",
    "! -s 10.0.0.0/8 -p tcp -m tcp --dport 80 --tcp-flags FIN,SYN,RST,ACK SYN -j DROP",
    "-p udp -m udp ! --sport 1024:65535 -j REJECT --reject-with icmp-port-unreachable",
    "-p icmp -m icmp --icmp-type 8 -m limit --limit 1/sec -j ACCEPT",
    "-m mark --mark 0x4000/0x4000 -j MARK --set-xmark 0x0/0x4000",
]

comments = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u2028\u2029\x85"), min_size=1, max_size=20)
counters = st.none() | st.builds(Counters, st.integers(0, 9), st.integers(0, 9))


def rule(spec: str) -> Rule:
    """The rule that stands behind `-A CHAIN` in a dump."""
    return read_rule(split(spec))


@st.composite
def rules(draw: st.DrawFn, chains: list[str]) -> Rule:
    """A rule: one of SPECS, a commented one, or one that goes to another chain."""
    kind = draw(st.sampled_from(["spec", "comment", "jump", "goto"] if chains else ["spec", "comment"]))
    if kind == "spec":
        made = rule(draw(st.sampled_from(SPECS)))
    elif kind == "comment":
        made = Rule(matches=(Match("comment", (Option("--comment", (draw(comments),)),)),), target=Target("ACCEPT"))
    else:
        made = Rule(target=Target(draw(st.sampled_from(chains)), goto=kind == "goto"))
    return Rule(made.options, made.matches, made.target, draw(counters))


@st.composite
def tables(draw: st.DrawFn, name: str) -> Table:
    """A table with some chains of its user's, in which rules jump to later ones only, as the kernel wants it."""
    own = draw(st.lists(st.sampled_from(["DOCKER", "DOCKER-USER", "KUBE-SVC", "zone_lan"]), unique=True))
    made = [
        Chain(chain, draw(st.sampled_from(["ACCEPT", "DROP"])), tuple(draw(st.lists(rules(own), max_size=5))), draw(counters) or Counters())
        for chain in BUILT_IN[name]
    ]
    for place, chain in enumerate(own):
        made.append(Chain(chain, None, tuple(draw(st.lists(rules(own[place + 1 :]), max_size=4)))))
    return Table(name, tuple(made))


@st.composite
def rulesets(draw: st.DrawFn) -> Ruleset:
    """A ruleset with some of filter, nat and raw."""
    return Ruleset(tuple(draw(tables(name)) for name in draw(st.lists(st.sampled_from(["filter", "nat", "raw"]), unique=True))))
