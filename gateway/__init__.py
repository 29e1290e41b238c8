"""One per store: takes events in durably, stitches visits and forwards each event exactly once in effect."""
