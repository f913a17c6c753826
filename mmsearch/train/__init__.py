"""Train encoders on captioned pictures and compile them: recipe, data, towers, losses, loop, export, compress.

Everything here but ``recipe`` needs torch (``pip install "mmsearch[torch]"``).
"""
