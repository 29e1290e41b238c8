r"""How the contracts' regular expressions end, so that every engine reads them alike.

In Python `$` also matches before a final newline, and `\d` any script's digits; in JSON Schema neither does. The
patterns therefore write `[0-9]` and end in `END`.
"""

END = r"$(?!\n)"
