"""The practice PBX: a small AMI server with callers and agents of its own, for the demo, training and fast tests.

It says what an Asterisk 22 says, in its order (tests/traces holds the recordings it is compared with), and
carries no sound.
"""
