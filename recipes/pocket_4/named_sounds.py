"""Sounds of packages whose file names say what they are: what a head is chosen by."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.encoders.compiled import CompiledEncoder
    from mmsearch.types import Vectors

ASKED = ("{}", "the sound of {}", "{} can be heard")
_NAMES = r"""
/Animal/Dog\d|explore_farm.*/dog|LRBark|dogs/dog.ogg=>dog
/Animal/Horse|farm.*/horse|equines/horse=>horse
/Animal/Cat|Meow|Kitten|farm.*/cat=>cat
SeaLion|sea_lion=>sea lion
/Animal/Owl|birds/owl|farm.*/owl=>owl
Rooster|rooster=>rooster
/Animal/Bird.wav|birds/lark|birds/blackbird=>bird
WolfHowl=>wolf
Cricket|grasshopper=>cricket
Goose|gander=>goose
Duck.wav|/duck.ogg|drake.ogg=>duck
farm.*/cow|bovines/cow|bull.ogg=>cow
farm.*/pig|mammals/pig=>pig
farm.*/sheep|sheep|ram.ogg|lamb=>sheep
goat=>goat
farm.*/chickens|birds/hen.ogg=>hen
donkey.ogg=>donkey
elephant=>elephant
cats/(lion|tiger)=>lion
whale|orca=>whale
dolphin=>dolphin
birds/crow|misc_crow=>crow
seagull=>seagull
turkey.ogg=>turkey
cuckoo=>cuckoo
frog.ogg=>frog
bee.ogg|hornet=>bee
mosquito=>mosquito
rodents/mouse|188043.*mouse=>mouse
Cough=>cough
Sneeze=>sneeze
Laugh-=>laughter
Scream=>scream
BabyCry=>baby crying
Footsteps|footstep=>footsteps
FingerSnap=>finger snapping
PartyNoise=>party
Slurp=>slurping
GuitarStrum|instruments/.*/guitar.ogg|guitar_melody|guit_=>guitar
Trumpet|instruments.*trumpet=>trumpet
Gong|gong=>gong
HandClap|Applau=>applause
Shaker|maracas=>maracas
CymbalCrash|cymbal=>cymbal
Typing=>typing on a keyboard
WaterRunning|WaterDrop|Ripples|env_sounds_water=>water
MotorcyclePassing=>motorcycle
BellToll|bell.wav=>church bell
DoorClose|doors_door|DoorCreak|Door_Open=>door
SewingMachine=>sewing machine
CarPassing|StartAndStopCarEngine=>car
Bubbles=>bubbles
Laser=>laser gun
ComputerBeeps=>beeps
Rain_in_garden=>rain
Heart_beat=>heartbeat
Train_slowing=>train
LRFireballs|fire_fire|fire_large|fire_small=>fire
accordion=>accordion
banjo=>banjo
bongo=>bongo
instruments.*cello|string/cello=>cello
clarinet=>clarinet
instruments.*flute=>flute
harmonica=>harmonica
/harp.ogg=>harp
organ.ogg=>organ
/piano.ogg|ambi_piano=>piano
saxophone=>saxophone
snare_drum|Music.*Drum=>drum
tambourine=>tambourine
triangle=>triangle
trombone=>trombone
tuba.ogg=>tuba
violin=>violin
vacuum=>vacuum cleaner
toilet=>toilet flush
kettle=>kettle
tools/hammer|mallet=>hammer
tools/saw=>saw
Washing-machine=>washing machine
camera_35=>camera
fireworks=>fireworks
lightningbolt=>thunder
firetruck=>fire engine siren
tnt_explode=>explosion
break_glass=>breaking glass
vinyl=>scratching a record
misc_burp=>burp
scissors=>scissors
phone-incoming|mehackit_phone|LRRing=>telephone
choir=>choir
camera-shutter=>camera
"""
_PATTERNS = [
    (re.compile(pattern), name) for pattern, name in (line.split("=>") for line in _NAMES.split("\n") if line)
]


def name_of(path: str) -> str | None:
    """What the sound at ``path`` is of, as far as that says."""
    return next((name for pattern, name in _PATTERNS if pattern.search(path)), None)


def measure(encoder: CompiledEncoder, sounds: Vectors, names: Sequence[str]) -> dict[str, float]:
    """Percent, each name counting the same: its sounds told by it among all names, and among ten drawn ones; mean
    average precision of looking for it. Scores are compared as a search does: each query by how it scores all sounds.
    """
    known = sorted(set(names))
    number = np.array([known.index(name) for name in names])
    share = 1 / np.array([Counter(names)[name] for name in names])
    chance = np.random.default_rng(0)
    drawn = [chance.choice(len(known), 10, replace=False) for _ in range(400)]
    told, among_ten, precision = [], [], []
    for form in ASKED:
        scores = sounds @ encoder.encode_texts([form.format(name) for name in known]).T
        scores = (scores - scores.mean(axis=0)) / scores.std(axis=0)
        told.append(np.average(scores.argmax(axis=1) == number, weights=share))
        for ten in drawn:
            some = np.isin(number, ten)
            right = ten[scores[some][:, ten].argmax(axis=1)] == number[some]
            among_ten.append(np.average(right, weights=share[some]))
        for one in range(len(known)):
            found = number[np.argsort(-scores[:, one])] == one
            precision.append((np.cumsum(found) / np.arange(1, len(found) + 1))[found].mean())
    figures = {"names": told, "ten names": among_ten, "average precision": precision}
    return {name: round(100 * float(np.mean(values)), 1) for name, values in figures.items()}
