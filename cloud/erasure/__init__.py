"""Makes the cloud forget a member, and keeps what was forgotten from coming back."""
