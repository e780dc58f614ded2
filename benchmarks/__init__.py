"""What mkv2castd costs, beside the plain way of doing the same, in the same run: `scripts/bench [NAME …]`."""
