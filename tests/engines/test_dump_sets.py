"""The sets of a loaded host: rules that ask for one whose elements were listed are judged."""

from netlab_magic.engines.dump.engine import LoadedEngine
from netlab_magic.engines.dump.host_dump import HostDump, IpSet
from netlab_magic.model.topology import HOST
from netlab_magic.session.lab_model import other_filters_in

DUMP = HostDump(
    sets={
        "bridges": IpSet("bridges", "hash:net", ("172.17.0.0/16", "172.17.9.0/24 nomatch"), ("family", "inet", "maxelem", "65536")),
        "terse": IpSet("terse", "hash:ip", complete=False),
    }
)


def has(name, address):
    sets = other_filters_in(LoadedEngine(DUMP, ["dump"]).observe({}))[HOST].sets
    return sets.has(name, lambda _, __: address, ("dst",), six=False)


def test_listed_elements_are_looked_up():
    assert has("bridges", 0xAC110002) is True
    assert has("bridges", 0xAC110902) is False
    assert has("bridges", 0x08080808) is False


def test_elements_that_were_not_listed_are_not_known():
    assert has("terse", 0xAC110002) is None
