"""From torch modules to a directory of compiled towers."""
