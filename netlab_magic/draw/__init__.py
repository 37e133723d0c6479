"""Pictures of a lab: its topology, its firewall chains and the way of a packet through them, each as DOT, as SVG and as text."""

from netlab_magic.draw.chains import chains_picture
from netlab_magic.draw.chainview import Explain
from netlab_magic.draw.network import topology_picture
from netlab_magic.draw.picture import Picture
from netlab_magic.draw.ways import way_picture

__all__ = ["Explain", "Picture", "chains_picture", "topology_picture", "way_picture"]
