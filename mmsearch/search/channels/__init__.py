"""Ways of scoring items, and what each says of them, as `Signals`.

``signals`` is what is said, in decades; ``probes`` are the query's parts in an encoder's space, ``dense`` scores
items by them; ``lexical`` by words, ``pieces`` by parts of words; ``exclusions`` is what a query does not want:
``removal`` says what ``NOT`` removes, ``unlikeness`` how it ranks the rest; ``prompts`` puts words into sentences.
"""
