"""What a search gives back.

``hit`` is one result with its reasons, ``results`` all of them; ``explain`` makes hits of scored documents,
``strength`` is a score as a person reads it, ``snippets`` a piece of the text, ``context`` the passages around it,
``gallery`` HTML.
"""
