"""What any project of this kind needs, and nothing specific to sums or networks.

`checks` (of arguments), `files` (whole or absent), `pictures`, `signals`; and for TensorFlow, `tf`
(its TensorFlow 1 interface) and `process` (what is set up before it is imported). Everything may
import this wing; it imports nothing of ours.
"""
