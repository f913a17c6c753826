"""Train encoders on captioned pictures and compile them: recipe, pairs, towers, losses, loop, export, compress.

Everything here but ``recipe`` and ``pairs`` needs torch (``pip install "mmsearch[torch]"``).
"""
