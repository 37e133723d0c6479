"""Build statements at random, that refer to one another often enough to mean something."""

from hypothesis import strategies as st

names = st.sampled_from(["a", "b", "c"])


bridges = st.sampled_from(["br0", "br1"])


numbers = st.integers(2, 6)


lines = st.one_of(
    bridges.map(lambda bridge: f"bridge {bridge} 10.{bridge[-1]}.0.1/16"),
    st.builds(lambda name, bridge, number: f"ns {name} 10.{bridge[-1]}.0.{number}/16 on {bridge}", names, bridges, numbers),
    names.map(lambda name: f"ns {name}"),
    st.builds(lambda one, other, number: f"link {one} 10.9.{number}.1/24 -- {other} 10.9.{number}.2/24", names, names, numbers),
    st.builds(lambda name, port: f"serve {name} {port}", names, numbers),
    st.builds(lambda name, number: f"route {name} 10.{number}0.0.0/16 via 10.0.0.1", names, numbers),
    st.sampled_from(["internet", "internet 1.1.1.1", "sysctl net.ipv4.ip_forward=0", "sysctl net.ipv4.ip_forward=1 in a"]),
    st.one_of(names, bridges).map(lambda name: f"delete {name}"),
)
