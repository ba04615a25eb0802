"""Use cases, the only writers: intake → reading → forwarding, and what the office does by hand."""
