"""Files of other formats that hold shell: each yields snippets with exact positions in the file."""
