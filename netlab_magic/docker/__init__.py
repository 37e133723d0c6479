"""Docker's rules without Docker: what dockerd of a given release does to a host's network, as values. Nothing here touches a kernel.

dockerd is modelled as what it is, a program that inserts, appends and deletes rules at each event (a start, a new network, a new
container, a published port) in the ruleset as it finds it, whatever else is in there. `plan` takes one `docker …` statement to such an
event; `ruleset` is the whole state at once: all events over an empty firewall.

The layouts were read in moby's sources and in the documents that its tests generate from a running daemon
(github.com/moby/moby, integration/network/bridge/iptablesdoc and nftablesdoc, libnetwork/drivers/bridge), tag by tag.

Start reading: `plan`, then `iptables_rules`; `releases` says how the releases differ.
Imports: errors, iptables, language, model, text.
"""

from netlab_magic.docker.events import Planned
from netlab_magic.docker.iptables_rules import ruleset
from netlab_magic.docker.nft_and_ipset import after_rules, before_rules, ipsets
from netlab_magic.docker.nft_writer import TABLE, nft_script, nft_table_text
from netlab_magic.docker.plan import plan
from netlab_magic.docker.plan_containers import namespace_to_enter
from netlab_magic.docker.plan_networks import bridge_called_after
from netlab_magic.docker.releases import Release, release
from netlab_magic.docker.state import Container, Daemon, Network, Published
from netlab_magic.docker.topology import local_routing

__all__ = [
    "TABLE",
    "Container",
    "Daemon",
    "Network",
    "Planned",
    "Published",
    "Release",
    "after_rules",
    "before_rules",
    "bridge_called_after",
    "ipsets",
    "local_routing",
    "namespace_to_enter",
    "nft_script",
    "nft_table_text",
    "plan",
    "release",
    "ruleset",
]
