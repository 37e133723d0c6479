"""The panel: any chain's rules and policy to switch, with the lab's connectivity, topology and chains redrawn in place after every change.

Start reading: `controller`; what is pressed goes to `actions`. The page is `panel.js`, and what it receives is in `page_state` and
`chain_state`.
"""

from netlab_magic.jupyter.panel.widget import Panel

__all__ = ["Panel"]
