"""Films: looked through for scenes, the frames that show them, the subtitles that tell what is said."""
