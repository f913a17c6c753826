"""How good the search is, measured through the product's own index and query path.

``collections`` reads test collections (``captioned`` pictures, ``beir`` texts; ``members`` opens what they
lie in), ``tasks`` says what is indexed and asked, ``experiment`` does it, ``measures`` scores rankings,
``significance`` compares two, ``trec`` and ``perquery`` keep them as files.
"""
