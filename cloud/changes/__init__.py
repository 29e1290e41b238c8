"""What changed of profiles, links and consents, as a feed that others follow."""
