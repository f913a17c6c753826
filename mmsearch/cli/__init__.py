"""The command line: one file per verb, thin faces of `mmsearch.library`."""
