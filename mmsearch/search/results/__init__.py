"""What a search gives back: hits, reasons, snippets, context, a page of pictures."""
