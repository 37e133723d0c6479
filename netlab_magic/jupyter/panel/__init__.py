"""The panel: the FORWARD policy switch with the lab's connectivity and topology, redrawn in place after every change."""

from netlab_magic.jupyter.panel.widget import Panel

__all__ = ["Panel"]
