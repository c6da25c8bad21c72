"""The live board of one PBX: pure. Typed AMI events go in, what has happened comes out.

model      what is known of channels and calls while they live, and how to find it
sets       which channels make one call: joined by linkedid, call tag, bridge, Local pair
stretches  one agent with one call: offered, answered, held, ended
figures    the call as the outside sees it, with each figure's formula
dialling, bridging, queueing, transfers   what each event does, one table in `table`
queues, desks   live state of queues and agents
picture    starting anew from what a PBX lists at a resync
"""

from cti.board.board import Board

__all__ = ["Board"]
