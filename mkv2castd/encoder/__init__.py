"""From a film to a file that plays: probing, deciding, running ffmpeg, verifying, putting in place."""
