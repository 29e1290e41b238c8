"""Reports of audits: how well cameras count, as people who labelled recordings found it. Never a picture."""
