"""What any project of this kind needs, and what knows nothing of sums or networks.

`checks` (of arguments), `files` (whole or absent, trusted in nothing), `integers`, `pictures`,
`signals`, `command_line`, `unexpected` (errors in one line); and for TensorFlow `quiet` (its
import), `tensorflow1` (its one interface) and `xla` (its compiler's flags). Everything may import
this wing; it imports nothing of ours.
"""
