"""Sound and screen: what a cue does in the room. They follow the core and decide nothing."""

from lullaflow.cues.players.music import MusicPlayer
from lullaflow.cues.players.photos import PhotoAlbum
from lullaflow.cues.players.players import Players

__all__ = ["MusicPlayer", "PhotoAlbum", "Players"]
