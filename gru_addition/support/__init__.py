"""What any project of this kind needs, and nothing specific to sums or networks.

`checks` (of arguments), `files` (whole or absent, and never trusted), `integers`, `pictures`,
`signals`, `command_line`, `unexpected` (errors in one line); and for TensorFlow, `quiet` (its
import), `tensorflow1` (its one interface) and `xla` (its compiler's flags). Everything may import
this wing; it imports nothing of ours.
"""
