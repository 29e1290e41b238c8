"""Setting up a camera by looking at its picture: what is drawn, how good it is, and into the file with it."""
