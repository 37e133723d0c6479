"""Pictures of a lab: its topology and its firewall chains, each as DOT, as SVG and as text."""

from netlab_magic.draw.chains import chains_picture
from netlab_magic.draw.network import topology_picture
from netlab_magic.draw.picture import Picture

__all__ = ["Picture", "chains_picture", "topology_picture"]
