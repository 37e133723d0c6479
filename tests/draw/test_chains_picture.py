"""Pictures of chains: what their text says and what their DOT holds, without the dot program."""

import re

import pytest
from support.pictures import DOCKER, OPEN

from netlab_magic.draw import chains_picture
from netlab_magic.draw.base.style import Role
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.model.packet_path import RulePath, RuleStep


def _filter(*lines: str, chains: tuple[str, ...] = ()) -> Ruleset:
    heads = [":FORWARD ACCEPT [0:0]", *(f":{chain} - [0:0]" for chain in chains)]
    return parse("\n".join(["*filter", *heads, *lines, "COMMIT", ""]), strict=False)


def _row_of(dot: str, port: str) -> str:
    """The table row that holds a DOT port."""
    place = dot.index(f'PORT="{port}"')
    return dot[dot.rindex("<TR>", 0, place) : dot.index("</TR>", place)]


def _words(markup: str) -> str:
    return re.sub(r"<[^>]+>", " ", markup)


def test_docker_rules_as_text():
    text = chains_picture(DOCKER, chain="FORWARD").words
    assert text.splitlines()[:10] == [
        "Chain FORWARD (built-in chain of table filter · 6 rules · policy ✕ DROP)",
        "  num   pkts  target                      match",
        "    1    664  → DOCKER-USER               every packet",
        "    2    664  → DOCKER-ISOLATION-STAGE-1  every packet",
        "    3    340  ✓ ACCEPT                    -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED",
        "    4  never  → DOCKER                    -o docker0",
        "    5    171  ✓ ACCEPT                    -i docker0 ! -o docker0",
        "    6  never  ✓ ACCEPT                    -i docker0 -o docker0",
        "           1  ✕ DROP                      policy: if no rule above decides",
        "  jumps: 1 → DOCKER-USER, 2 → DOCKER-ISOLATION-STAGE-1, 4 → DOCKER",
    ]
    assert "Chain DOCKER-ISOLATION-STAGE-2 (user chain · 2 rules · 1 reference)" in text
    assert text.endswith("Not reached from FORWARD: 2 chains: INPUT, OUTPUT.")


def test_chains_stand_in_the_order_in_which_a_packet_meets_them():
    heads = re.findall(r"^Chain (\S+)", chains_picture(DOCKER, chain="FORWARD").text, re.MULTILINE)
    assert heads == ["FORWARD", "DOCKER-USER", "DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2", "DOCKER"]


def test_an_arrow_leads_from_each_jump_to_the_head_of_its_chain():
    dot = chains_picture(DOCKER).dot
    arrows = re.findall(r"(c\d):(r\d):e -> (c\d):head:e", dot)
    assert arrows == [("c0", "r1", "c1"), ("c0", "r2", "c2"), ("c0", "r4", "c4"), ("c2", "r1", "c3")]


def test_a_goto_is_drawn_and_said_differently():
    picture = chains_picture(_filter("-A FORWARD -i a -j ONE", "-A FORWARD -i b -g TWO", chains=("ONE", "TWO")))
    jump, goto = (line for line in picture.dot.splitlines() if ":head:e" in line)
    assert "style=dashed" not in jump
    assert "style=dashed" in goto
    assert "⇒ goto TWO" in picture.dot
    assert "2 goto → TWO" in picture.text


@pytest.mark.parametrize(
    ("target", "words", "fill"),
    [
        ("ACCEPT", "✓ ACCEPT", Role.GOOD_FILL),
        ("DROP", "✕ DROP", Role.BAD_FILL),
        ("REJECT --reject-with tcp-reset", "✕ REJECT --reject-with tcp-reset", Role.BAD_FILL),
        ("RETURN", "↩ RETURN", None),
        ('LOG --log-prefix "seen: "', "• LOG --log-prefix seen:", None),
        ("MASQUERADE", "• MASQUERADE", None),
    ],
)
def test_every_target_has_a_symbol_and_a_word(target, words, fill):
    picture = chains_picture(_filter(f"[5:500] -A FORWARD -p tcp -j {target}"))
    assert words in picture.text
    row = _row_of(picture.dot, "r1")
    assert words in " ".join(_words(row).split())
    assert {Role.GOOD_FILL, Role.BAD_FILL} & set(re.findall(r'BGCOLOR="([^"]+)"', row)) == ({fill} if fill else set())


def test_a_rule_without_target_only_counts():
    assert "… only counts" in chains_picture(_filter("[5:500] -A FORWARD -p tcp")).text


def test_a_rule_never_hit_is_dimmed_and_one_that_was_hit_is_not():
    dot = chains_picture(DOCKER).dot
    hit, never = _row_of(dot, "r3"), _row_of(dot, "r6")
    assert Role.GOOD_FILL in hit
    assert Role.INK in hit
    assert Role.GOOD_FILL not in never
    assert Role.INK not in never


def test_without_any_counter_nothing_is_dimmed():
    picture = chains_picture(_filter("-A FORWARD -i a -j ACCEPT"))
    assert Role.GOOD_FILL in _row_of(picture.dot, "r1")
    assert "No counters, or no packet yet." in picture.text
    assert "No counters, or no packet yet." in picture.dot


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ("-p tcp -m tcp --dport 80 -j ACCEPT", "-p tcp --dport 80"),
        ("-i docker0 ! -o docker0 -j ACCEPT", "-i docker0 ! -o docker0"),
        ("-m conntrack ! --ctstate NEW -j ACCEPT", "! --ctstate NEW"),
        ("-m socket -j ACCEPT", "-m socket"),
        ('-m comment --comment "say \\"-j DROP\\" twice" -j ACCEPT', "/* say &quot;-j DROP&quot; twice */"),
        ("-j ACCEPT", "every packet"),
    ],
)
def test_a_match_is_said_in_iptables_words(spec, shown):
    row = _row_of(chains_picture(_filter(f"-A FORWARD {spec}")).dot, "r1")
    assert shown in " ".join(_words(row).split())


def test_a_long_match_is_shortened_and_whole_in_tooltip_and_text():
    spec = "-p tcp -m multiport --dports " + ",".join(map(str, range(20000, 20060))) + " -m comment --comment last-words"
    picture = chains_picture(_filter(f"-A FORWARD {spec} -j ACCEPT"))
    row = _row_of(picture.dot, "r1")
    assert "…" in _words(row)
    assert f'TITLE="-A FORWARD {spec} -j ACCEPT"' in row
    assert spec in picture.text


def _many(count: int) -> Ruleset:
    rules = [f"[{number % 3}:0] -A FORWARD -s 10.{number >> 8}.{number & 255}.0/24 -j K{number % 40}" for number in range(count)]
    return _filter(*rules, chains=tuple(f"K{number}" for number in range(40)))


def test_many_rules_are_folded_and_counted():
    ruleset = _many(5000)
    picture = chains_picture(ruleset)
    assert "… 4,979 more rules · 3,319 of them hit · 4,979 jump to K…" in picture.text
    assert "… 4,979 more rules" in picture.dot
    assert picture.dot.count('PORT="r') < 60
    assert "5000      1  → K39" in picture.text
    assert re.search(r"Also reached from table filter, not shown: 25 chains: K\d+", picture.text)


def test_twenty_four_rules_are_all_shown():
    assert "more rules" not in chains_picture(_many(24)).text


def test_only_what_can_be_reached_is_drawn():
    picture = chains_picture(DOCKER, chain="DOCKER-ISOLATION-STAGE-1")
    assert re.findall(r"^Chain (\S+)", picture.text, re.MULTILINE) == ["DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2"]
    assert "Not reached from DOCKER-ISOLATION-STAGE-1: 5 chains: INPUT, FORWARD, OUTPUT, DOCKER, DOCKER-USER" in picture.text


def test_chains_that_call_each_other_end():
    text = chains_picture(_filter("-A FORWARD -j A", "-A A -j B", "-A B -j A", chains=("A", "B"))).text
    assert re.findall(r"^Chain (\S+)", text, re.MULTILINE) == ["FORWARD", "A", "B"]


def test_a_chain_that_is_not_there_is_said_with_those_that_are():
    picture = chains_picture(DOCKER, chain="NOWHERE")
    assert picture.words == (
        "Table filter has no chain NOWHERE; it has 7 chains: INPUT, FORWARD, OUTPUT, DOCKER, DOCKER-ISOLATION-STAGE-1, "
        "DOCKER-ISOLATION-STAGE-2, DOCKER-USER."
    )
    assert "Table filter has no chain NOWHERE" in picture.dot


def test_an_empty_table_has_its_built_in_chain():
    picture = chains_picture(OPEN, "nat", "POSTROUTING")
    assert "Chain POSTROUTING (built-in chain of table nat · 0 rules · policy ✓ ACCEPT)" in picture.text
    assert picture.title == "Chain POSTROUTING of table nat"


def test_the_same_rules_are_the_same_picture():
    assert chains_picture(DOCKER) == chains_picture(DOCKER)
    assert chains_picture(DOCKER).description == "Table filter: 7 chains with 11 rules are shown."
    assert chains_picture(DOCKER, chain="FORWARD").description == (
        "FORWARD: built-in chain of table filter · 6 rules · policy ✕ DROP; its rules lead to 4 other chains."
    )


def test_a_whole_table_has_every_chain_and_built_in_ones_without_rules_are_small():
    picture = chains_picture(DOCKER)
    assert "INPUT: no rules, policy ✓ ACCEPT\nOUTPUT: no rules, policy ✓ ACCEPT" in picture.text
    assert {"DOCKER", "DOCKER-USER", "FORWARD"} <= set(re.findall(r"^Chain (\S+)", picture.text, re.MULTILINE))
    assert "Not reached" not in picture.text
    assert picture.title == "Table filter"


def test_a_chain_that_no_packet_can_enter_is_drawn_apart_and_says_so():
    picture = chains_picture(_filter("-A FORWARD -j ONE", "-A TWO -j THREE", chains=("ONE", "TWO", "THREE")))
    assert "Chain TWO (user chain · 1 rule · no rule jumps here)" in picture.text
    assert "Chain THREE (user chain · 0 rules · 1 reference · no packet can reach it)" in picture.text
    assert picture.dot.count('STYLE="dashed"') > chains_picture(_filter("-A FORWARD -j ONE", chains=("ONE",))).dot.count('STYLE="dashed"')


def test_rules_behind_an_unconditional_verdict_stand_below_a_line_that_says_so():
    picture = chains_picture(_filter("-A FORWARD -i a -j DROP", "-A FORWARD -j ACCEPT", "-A FORWARD -i b -j DROP"))
    lines = picture.text.splitlines()
    place = lines.index("  ⊘ no packet gets past rule 2")
    assert "every packet" in lines[place - 1]
    assert "-i b" in lines[place + 1]
    assert "⊘" in picture.dot
    assert Role.BAD_FILL not in _row_of(picture.dot, "r3")


def test_a_chain_that_decides_every_packet_has_an_end_that_none_reaches():
    text = chains_picture(_filter("-A FORWARD -j LAST", "-A LAST -j LOG", "-A LAST -j DROP", chains=("LAST",))).text
    assert "no packet reaches this end" in text


@pytest.mark.parametrize(
    ("rules", "back"),
    [
        (["-A FORWARD -j ONE", "-A ONE -j RETURN"], "↩ RETURN (to FORWARD)"),
        (["-A FORWARD -j ONE", "-A FORWARD -j TWO", "-A TWO -j ONE", "-A ONE -j RETURN"], "↩ RETURN (to its caller)"),
        (["-A FORWARD -j TWO", "-A TWO -g ONE", "-A ONE -j RETURN"], "↩ RETURN (to FORWARD)"),
        (["-A FORWARD -g ONE", "-A ONE -j RETURN"], "↩ RETURN (to the policy of FORWARD)"),
        (["-A FORWARD -j RETURN"], "↩ RETURN (to the policy of FORWARD)"),
    ],
)
def test_a_return_says_where_it_leads(rules, back):
    assert back in chains_picture(_filter(*rules, chains=("ONE", "TWO"))).text


def test_never_is_said_only_where_packets_came_by():
    text = chains_picture(_filter("[3:252] -A FORWARD -j ONE", "[0:0] -A ONE -j DROP", "[0:0] -A TWO -j DROP", chains=("ONE", "TWO"))).text
    one, two = text.split("Chain ")[2:4]
    assert "never  ✕ DROP" in one
    assert "    0  ✕ DROP" in two


PATH = RulePath(
    (
        RuleStep("filter", "FORWARD", 1, "DOCKER-USER"),
        RuleStep("filter", "DOCKER-USER", 1, "RETURN"),
        RuleStep("filter", "FORWARD", None, "DROP"),
    ),
    "a ping",
)


def test_a_path_numbers_its_rules_and_draws_its_jumps_heavier():
    picture = chains_picture(DOCKER, path=PATH)
    assert picture.text.startswith("The path of a ping: [1], [2], … are its steps.")
    assert re.search(r"\[1\] +1 +664  → DOCKER-USER", picture.text)
    assert re.search(r"\[2\] +1 +664  ↩ RETURN", picture.text)
    assert re.search(r"\[✕3\] +1  ✕ DROP +policy", picture.text)
    jumps = {re.search(r":(r\d):e", line)[1]: line for line in picture.dot.splitlines() if ":head:e" in line and "c0:" in line}
    assert Role.PATH in jumps["r1"]
    assert "penwidth=3.2" in jumps["r1"]
    assert Role.PATH not in jumps["r2"]


def test_a_rule_passed_twice_has_both_numbers():
    twice = RulePath((RuleStep("filter", "FORWARD", 1, "DOCKER-USER"), RuleStep("filter", "FORWARD", 1, "DOCKER-USER")))
    assert "[1][2]    1" in chains_picture(DOCKER, path=twice).text


def test_steps_in_another_table_are_not_drawn():
    assert "[1] " not in chains_picture(DOCKER, path=RulePath((RuleStep("nat", "FORWARD", 1, "ACCEPT"),))).text


def test_hovering_over_a_rule_shows_it_and_its_explanation():
    picture = chains_picture(DOCKER, explain=lambda table, chain, number: f"<{table} {chain} {number}>")
    title = re.search(r'TITLE="([^"]+)"', _row_of(picture.dot, "r5"))[1]
    assert title == "-A FORWARD -i docker0 ! -o docker0 -j ACCEPT\u2028&lt;filter FORWARD 5&gt;"


def test_only_rules_that_are_shown_are_explained():
    asked = []
    chains_picture(_many(5000), explain=lambda *where: asked.append(where) or "")
    assert 0 < len(asked) < 100


@pytest.mark.parametrize(
    ("special", "rules"),
    [
        ("on-the-path", []),
        ("with-a-rule", ["-A with-a-rule -j DROP"]),
        ("nearer", []),
    ],
)
def test_of_too_many_chains_those_that_matter_are_drawn(special, rules):
    names = [f"empty{number}x" for number in range(20)]
    order = [special, *names] if special == "nearer" else [*names, special]
    ruleset = _filter(*(f"-A FORWARD -j {name}" for name in order), *rules, chains=(*names, special))
    path = RulePath((RuleStep("filter", "on-the-path", None, "RETURN"),)) if special == "on-the-path" else None
    assert f"Chain {special} " in chains_picture(ruleset, path=path).text


def test_of_generated_chains_some_stand_for_all():
    names = [f"SVC-{number}" for number in range(20)]
    lines = [f"-A FORWARD -d 10.0.0.{number} -j {name}" for number, name in enumerate(names)]
    lines += [f"-A {name} -j SEP-{name}" for name in names] + [f"-A SEP-{name} -j MARK --set-mark 1" for name in names]
    text = chains_picture(_filter(*lines, chains=(*names, *(f"SEP-{name}" for name in names)))).text
    assert "Chain SEP-SVC-0 " in text
