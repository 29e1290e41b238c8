"""One ID: which identifiers belong to one person, stated by records, resolved by rule, explained and reversible."""
