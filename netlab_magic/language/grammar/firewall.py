"""What changes the firewall: how its statements are read, with the rule of the grammar in each docstring, and their rows."""

from netlab_magic.errors import StatementError, Word
from netlab_magic.language import statements as s
from netlab_magic.language.docker_parser import DOCKER_FORM, DOCKER_FORMS, read_docker
from netlab_magic.language.grammar.row import Syntax
from netlab_magic.language.grammar.table import any_table
from netlab_magic.language.rule_family import rule_family
from netlab_magic.language.statements import Statement
from netlab_magic.language.word_reader import Reader, family_option, wrong
from netlab_magic.model.hooks import BUILT_IN

__all__ = ["FIREWALL"]


def read_policy(r: Reader) -> Statement:
    """policy = "policy" [ "-6" ] [ "-t" TABLE ] CHAIN ( "ACCEPT" | "DROP" )"""
    family, table = _family_and_table(r)
    if table is not None and " " in table:
        return s.NftPolicy(table, r.take("nft chain"), r.choice("policy", ("ACCEPT", "DROP"), fold=True))
    if table not in (None, "filter"):
        program = "ip6tables" if family == "ipv6" else "iptables"
        wrong(f"only chains of the table filter have a policy here; for others begin the line with {program} -t {table} -P", table)
    chain = r.choice("built-in chain of the filter table", BUILT_IN["filter"], fold=True)
    return s.Policy(chain, r.choice("policy", ("ACCEPT", "DROP"), fold=True), family or "ipv4")


def _family_and_table(r: Reader) -> tuple[str, Word | None]:
    """`-6` and `-t TABLE` in either order. A table of nft names its family itself."""
    family = family_option(r)
    table = any_table(r)
    family = family or family_option(r)
    if family and table is not None and " " in table:
        wrong(f"-t {table.replace(' ', ':')} names the family of the table; leave out {'-6' if family == 'ipv6' else '-4'}", table)
    return family, table


def _rule_spec(r: Reader, action: str) -> tuple[Word, ...]:
    spec = r.rest("rule")
    if not spec:
        raise StatementError(f"the rule is missing: {r.form}", r.end)
    if spec[0] in ("-A", "-I", "-D", "-C", "-R", "-P", "-N", "-F", "-X"):
        wrong(f"{spec[0]} is for iptables itself; here write the rule alone, or start the line with iptables", spec[0])
    if action != "delete" and not spec[0].startswith(("-", "!")):
        wrong(f"{spec[0]} does not begin a rule; a rule looks like -i docker1 -o docker1 -j ACCEPT", spec[0])
    return spec


def read_forward(r: Reader) -> Statement:
    """forward = "forward" [ "-6" ] [ "insert" | "delete" ] RULE-SPEC"""
    return _edit(r, "FORWARD", "filter", family_option(r))


def read_rule(r: Reader) -> Statement:
    """rule = "rule" [ "-6" ] [ "-t" TABLE ] CHAIN [ "insert" | "delete" ] ( RULE-SPEC | NFT-RULE )"""
    family, table = _family_and_table(r)
    if table is not None and " " in table:
        chain = r.take("nft chain")
        return s.NftRule(table, chain, action=r.keyword("insert", "delete") or "append", spec=_nft_rule(r))
    return _edit(r, r.take("chain"), table or "filter", family)


def _nft_rule(r: Reader) -> Word:
    """The rest of the words as nft reads them: what was quoted, for nft in double quotes; a rule may be in quotes as a whole."""
    words = r.rest("nft rule")
    if not words:
        raise StatementError("the rule is missing: rule -t FAMILY:TABLE CHAIN [insert|delete] RULE, such as tcp dport 22 accept", r.end)
    if words[0].startswith("-"):
        wrong(f"{words[0]} does not begin a rule of nft; one looks like iifname docker1 tcp dport 22 accept", words[0])
    return words[0] if len(words) == 1 else Word(" ".join(map(_as_typed, words)), words[0].place)


def _as_typed(word: Word) -> str:
    typed = word.place.source[word.place.column : word.place.column + word.place.width]
    if typed.startswith('"'):
        return typed
    return f'"{word}"' if typed.startswith("'") or not word else str(word)


def _edit(r: Reader, chain: str, table: str, family: str) -> Statement:
    action = r.keyword("insert", "delete") or "append"
    family = family or family_option(r)
    spec = _rule_spec(r, action)
    return s.RuleEdit(chain, spec, table, action, rule_family(spec, family))


FIREWALL = (
    Syntax(
        "policy [-6] [-t TABLE] CHAIN ACCEPT|DROP",
        "what happens to packets that no rule of CHAIN decides; -6: of ip6tables; -t FAMILY:TABLE: of a table of nft",
        read_policy,
        ("policy FORWARD DROP", "policy -6 FORWARD DROP", "policy -t inet:fw forward DROP"),
    ),
    Syntax(
        "forward [-6] [insert|delete] RULE-SPEC",
        "one copy of a rule in FORWARD, at its end or start; or none of it (delete also takes a number); -6, or IPv6 in it: of ip6tables",
        read_forward,
        ("forward -i docker1 -o docker1 -j ACCEPT", "forward delete 1", "forward -p icmpv6 -j ACCEPT"),
    ),
    Syntax(
        "rule [-6] [-t TABLE] CHAIN [insert|delete] RULE-SPEC",
        "the same in any chain of any table; of a table of nft, which is FAMILY:TABLE, a rule as nft reads it",
        read_rule,
        (
            "rule -t nat PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80",
            "rule -t inet:fw forward tcp dport { 80, 443 } accept",
            "rule -t inet:fw forward delete 1",
        ),
    ),
    Syntax(
        DOCKER_FORM,
        "what dockerd of a release does to this host: bridges, namespaces, rules, published ports",
        read_docker,
        (
            "docker install --version 27",
            "docker network create backend",
            "docker run -d --name web --network backend -p 8080:80 nginx",
            "docker exec web ping -c1 172.17.0.1",
        ),
        DOCKER_FORMS,
    ),
)
