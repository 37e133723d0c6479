"""Pictures of a topology, of chains, of the hooks that a packet passes, and of captured packets; each as DOT, as SVG and as text.

Start reading: `topology/picture`; what all pictures share is in `base/`.
Imports: i18n, iptables, model, nftables, text.
"""

from netlab_magic.draw.base.picture import Picture
from netlab_magic.draw.chains.picture import chains_picture
from netlab_magic.draw.chains.view import Explain
from netlab_magic.draw.hooks.picture import hooks_picture
from netlab_magic.draw.ladder.picture import ladder_picture
from netlab_magic.draw.topology.picture import topology_picture

__all__ = ["Explain", "Picture", "chains_picture", "hooks_picture", "ladder_picture", "topology_picture"]
