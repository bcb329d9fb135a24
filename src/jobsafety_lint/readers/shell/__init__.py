"""From shell text to our own tree: two readers, one scanner of words, one set of nodes."""
