"""What every tier shares: events, ids, topics and the uplink's envelope. Pure; imports none of the others."""
