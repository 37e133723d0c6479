"""How Sphinx builds the site, one language at a time; `build.py` sets SITE_LANG. The pages ask no other server for anything."""

import os

from docutils import nodes
from myst_nb.core.render import MimeData, NbElementRenderer
from sphinx.application import Sphinx

LANG = os.environ["SITE_LANG"]

project = {"en": "netlab_magic", "zh-TW": "netlab_magic"}[LANG]
author = "The netlab_magic authors"
locale_dirs = ["locale"]  # words of the theme
html_search_language = "en"  # that of Chinese throws errors in the page; Pagefind is what searches here
language = {"en": "en", "zh-TW": "zh_TW"}[LANG]
extensions = ["myst_nb", "sphinx_design", "sphinx_copybutton"]
exclude_patterns = ["_build", "hosts", "questions"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the outputs are committed with the lessons
nb_merge_streams = True
nb_ipywidgets_js: dict[str, object] = {}  # otherwise the pages load scripts from a CDN
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None), ("html", "image/svg+xml", 1)]
suppress_warnings = ["mystnb.unknown_mime_type"]
copybutton_exclude = ".linenos, .gp, .go"

html_theme = "pydata_sphinx_theme"
html_title = "netlab_magic"
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "netlab_magic"},
    "navbar_end": ["languages", "theme-switcher"],
    "navbar_persistent": ["find"],
    "secondary_sidebar_items": ["page-toc", "live"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
    "back_to_top_button": False,
    "header_links_before_dropdown": 4,
}
copyright = "MIT license"  # noqa: A001 - Sphinx's own name
html_sidebars = {"find": [], "index": []}
html_favicon = "_static/icon.svg"
html_context = {"site_lang": LANG, "default_mode": "auto", "has_live": os.environ.get("SITE_LIVE") == "1"}


def setup(_: Sphinx) -> None:
    """Puts pictures into the page itself, so that they follow its light or dark theme."""
    usual = NbElementRenderer.render_image

    def render_image(self: NbElementRenderer, data: MimeData) -> list[nodes.Element]:
        if data.mime_type == "image/svg+xml":
            return [nodes.raw(text=data.string, format="html")]
        return usual(self, data)

    NbElementRenderer.render_image = render_image
