"""Pictures of a topology, of chains, and of the hooks that a packet passes; each as DOT, as SVG and as text.

Start reading: `topology/picture`; what all pictures share is in `base/`.
Imports: iptables, model, nftables, text.
"""

from netlab_magic.draw.base.picture import Picture
from netlab_magic.draw.chains.picture import chains_picture
from netlab_magic.draw.chains.view import Explain
from netlab_magic.draw.hooks.picture import hooks_picture
from netlab_magic.draw.topology.picture import topology_picture

__all__ = ["Explain", "Picture", "chains_picture", "hooks_picture", "topology_picture"]
