"""The lessons: `python tools/lessons` makes notebooks/LANGUAGE/*.ipynb from notebooks/lessons/*.md, with outputs.

Start reading: `source`, which puts a notebook together; `outputs` says which outputs are kept, and when two are alike.
"""
