"""IPv6 meets ip6tables: `why` reads its rules, and knows that a firewall sees neighbour discovery too."""

import pytest

from netlab_magic import Lab

pytestmark = pytest.mark.kernel

NEIGHBOURS = """
bridge br0 fd00:1::1/64
ns a fd00:1::2/64 on br0
ns b fd00:1::3/64 on br0
"""
ECHO_ONLY = (
    "ip6tables -A FORWARD -p ipv6-icmp --icmpv6-type echo-request -j ACCEPT; "
    "ip6tables -A FORWARD -p ipv6-icmp --icmpv6-type echo-reply -j ACCEPT"
)


@pytest.fixture
def six(lab: Lab) -> Lab:
    """Two namespaces on a bridge, by IPv6 alone."""
    lab.run(NEIGHBOURS)
    return lab


def test_a_bridge_that_drops_all_drops_the_question_first(six: Lab) -> None:
    six.run("$ ip6tables -P FORWARD DROP")
    told = str(six.why("a", "fd00:1::3"))
    assert "a → fd00:1::3 is blocked" in told
    assert "a asks who has fd00:1::3; the policy of FORWARD in host (ip6tables) drops the question." in told
    assert "the model expected" not in told


def test_a_rule_for_icmpv6_lets_question_and_echo_through(six: Lab) -> None:
    six.run("$ ip6tables -P FORWARD DROP; ip6tables -A FORWARD -p ipv6-icmp -j ACCEPT")
    assert "accepted by rule 1 of FORWARD" in str(six.why("a", "fd00:1::3"))
    assert six.matrix(predict=True)


def test_the_rule_that_drops_is_named(six: Lab) -> None:
    six.run("$ ip6tables -A FORWARD -p ipv6-icmp --icmpv6-type echo-reply -j DROP")
    told = str(six.why("a", "fd00:1::3"))
    assert "rule 1 of FORWARD drops the echo reply" in told
    assert "the model expected" not in told


def test_where_it_hangs_on_what_is_still_known_the_model_alone_does_not_say(six: Lab) -> None:
    six.run(f"$ ip6tables -P FORWARD DROP; {ECHO_ONLY}")
    found = six.matrix(predict=True)
    assert "may still know the hardware address" in str(found.html())


def test_rules_of_the_other_family_do_not_matter(six: Lab) -> None:
    six.run("policy FORWARD DROP")
    assert six.why("a", "fd00:1::3")
    six.run("policy FORWARD ACCEPT\n$ ip6tables -P FORWARD DROP\nbridge br0 10.0.0.1/24\nns a 10.0.0.2/24\nns b 10.0.0.3/24")
    assert six.why("a", "10.0.0.3")


def test_rules_inside_a_namespace_are_read(six: Lab) -> None:
    six.run("$ ip netns exec b ip6tables -A INPUT -p ipv6-icmp --icmpv6-type echo-request -j DROP")
    told = str(six.why("a", "fd00:1::3"))
    assert "rule 1 of INPUT drops the echo request" in told
