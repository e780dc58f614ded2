"""What an owner of a graphics card runs on his machine to see whether it works: `scripts/test-gpu`.

Everything goes through the project's own finding, proving, planning, encoding and verifying; this here makes the
films, compares the results, and writes the report.
"""
